"""Saves the policy as an MLflow model: a folder for ``mlflow models serve``, and a copy in the run that is being tracked.

In: ``policy.json``, a generator's and a PRM's folder. Out: an MLflow model folder that holds copies of all three. This is not in
``tracking``, since what a pyfunc model consists of belongs to the server, as ``pyfunc_model`` does.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import Array, Object, Property

from stepscale.references import reference_in
from stepscale.scratch import local_path, share_files

Column = ColSpec | TensorSpec
EXAMPLE = {"problem": "4x+15=-13. Find x.", "budget": 16}
_BAR = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
_CODE = Path(__file__).with_name("pyfunc_model.py")
_LIBRARIES = ("mlflow", "torch", "transformers", "tokenizers", "safetensors", "numpy", "pandas", "pydantic")


_OF_SERVERS = ("httpx", "tenacity")  # also needed where a model is behind a server


def save_model(folder: Path, policy: Path, generator: Path, prm: Path) -> None:
    """Write the model folder; it must not hold anything yet.

    Args:
        folder: A new folder.
        policy: The policy's file.
        generator: The generator's folder.
        prm: The PRM's folder.
    """
    with _quietly():
        mlflow.pyfunc.save_model(str(folder), input_example=EXAMPLE, **_parts(policy, generator, prm))
    for original in (generator, prm):
        share_files(folder / "artifacts" / original.name, original)


def log_model(folder: Path) -> None:
    """Put a copy of a saved model into the active MLflow run, as its model "policy"; nothing without a run.

    Args:
        folder: Of the saved model.
    """
    if mlflow.active_run():
        saved = Model.load(str(folder)).flavors["python_function"]["artifacts"]
        parts = _parts(**{name: folder / artifact["path"] for name, artifact in saved.items()})
        with _quietly():
            # with an example MLflow would load and try the model here
            logged = mlflow.pyfunc.log_model(name="policy", **parts)
        if stored := local_path(str(mlflow.get_logged_model(logged.model_id).artifact_location)):
            share_files(stored, folder)


def _parts(policy: Path, generator: Path, prm: Path) -> dict[str, Any]:
    references = [reference for reference in map(reference_in, (generator, prm)) if reference]
    served = any(reference.kind.endswith("server") for reference in references)
    libraries = [*_LIBRARIES, *(_OF_SERVERS if served else ())]
    return {
        "python_model": str(_CODE),
        "artifacts": {"policy": str(policy), "generator": str(generator), "prm": str(prm)},
        "signature": signature(),
        # given, for MLflow would load the model in a process of its own to find out
        "pip_requirements": [f"{name}=={version(name).partition('+')[0]}" for name in libraries],
    }


@contextmanager
def _quietly() -> Iterator[None]:
    """Without a progress bar a file, and without the advice to give an example."""
    bar_setting = os.environ.get(_BAR)
    os.environ[_BAR] = "false"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "(?s).*input example", UserWarning)
            yield
    finally:
        del os.environ[_BAR]
        if bar_setting is not None:
            os.environ[_BAR] = bar_setting


def signature() -> ModelSignature:
    """The columns of an answer.

    No input columns are declared, so that the model sees what was sent. With declared ones MLflow takes [4] for 4, null
    for the text "None" and 1.5 for 1, and reports a missing one in several lines. ``question`` defines what is accepted.
    """
    text, number, whole = DataType.string, DataType.double, DataType.long
    step = Object([Property("text", text), Property("score", number)])
    spent = Object([Property(name, whole) for name in ("prefill", "decode", "verify", "total")])
    answer: list[Column] = [
        ColSpec(text, "answer", required=False),
        ColSpec(number, "confidence"),
        ColSpec(DataType.boolean, "calibrated"),
        ColSpec(Array(step), "steps"),
        ColSpec(text, "strategy"),
        ColSpec(whole, "difficulty"),
        ColSpec(whole, "generations"),
        ColSpec(spent, "tokens_spent"),
    ]
    return ModelSignature(outputs=Schema(answer))
