"""One call for any verifier: one that was trained here, or a public reward model."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stepscale.errors import InputError
from stepscale.opening import check_folder, needs
from stepscale.verifiers.public import ADAPTERS, Adapter, PublicVerifier, adapter_for
from stepscale.verifiers.saved import FILE_NAME

if TYPE_CHECKING:
    from stepscale.verifiers.scoring import StepScorer


def load_verifier(
    source: str | Path,
    *,
    adapter: Adapter | None = None,
    name: str | None = None,
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
    separator: str = "\n",
) -> "StepScorer":
    """Open a model that scores steps.

    Args:
        source: A folder that verifier training wrote, or the folder or hub name of a public reward model.
        adapter: The conventions of a public model; told from its name or its folder where that is possible.
        name: The name in results and ledgers; by default the last part of ``source``.
        device: Torch device; "auto" takes a GPU if there is one.
        dtype: Precision of weights and arithmetic.
        separator: For the adapter ``trl`` alone: the step separator that the model was trained with.

    Raises:
        InputError: The model cannot be loaded, is no verifier, or needs an ``adapter`` to be named.
    """
    folder = Path(source)
    if adapter is None and (folder / FILE_NAME).is_file():
        with needs("models"):
            from stepscale.verifiers.scoring import ModelVerifier
        return ModelVerifier(folder, name, device=device, dtype=dtype)
    check_folder(source)
    known = adapter or adapter_for(source)
    if known is None:
        raise InputError(
            f"{source} is no verifier that is known by itself; name its adapter, one of {', '.join(ADAPTERS)}"
        )
    if known not in ADAPTERS:
        raise InputError(f"adapter {known!r}: there is none of this name; choose one of {', '.join(ADAPTERS)}")
    with needs("models"):
        from stepscale.verifiers.adapters import open_public_verifier
    return open_public_verifier(
        PublicVerifier(
            adapter=known,
            source=str(source),
            name=name,
            dtype=dtype,
            device=None if device == "auto" else device,
            separator=separator,
        )
    )
