"""The runs of PRM and ORM tell what they were made of; an ORM that can learn nothing says so, with the remedy."""

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from stepscale.labeling.contract import label_table
from stepscale.parameters import VerifierBlock
from stepscale.pipelines.reward_modeling import nodes


@pytest.mark.parametrize(
    ("verdicts", "warning"),
    [
        ([False, False], "is wrong, .* draw more samples per problem .* easier problems or a better prompt"),
        ([True, True], "is right, .* give wrong ones too"),
        ([True, False], None),
    ],
)
def test_solutions_of_one_kind_are_told_with_what_to_do(
    verdicts: list[bool],
    warning: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(nodes, "_train", lambda *_: tmp_path)
    problems = pd.DataFrame({"problem_id": ["p", "q"], "problem": ["1+1", "1+2"], "split": ["train", "valid"]})
    solutions = pd.DataFrame(
        {"problem_id": ["p", "p", "q"], "steps": [["2"], ["3"], ["4"]], "is_correct": [*verdicts, False]}
    )
    block = VerifierBlock.model_validate({"base": "b", "prompt": "{problem}", "prm": {}, "orm": {}})
    with caplog.at_level(logging.WARNING):
        nodes.train_orm(problems, solutions, block, 0)
    assert len(caplog.messages) == (warning is not None)
    assert warning is None or re.search(warning, caplog.text)


def test_a_verifiers_run_tells_its_base_its_settings_and_the_examples_it_learned_from(
    model_of: Callable[..., Path], client: MlflowClient
) -> None:
    names = ["p", "q", "r"]
    problems = pd.DataFrame(
        {"problem_id": names, "problem": ["1+1", "1+2", "1+3"], "split": ["train", "train", "valid"]}
    )
    solutions = pd.DataFrame(
        {
            "problem_id": names,
            "sample_id": 0,
            "steps": [["one", "2"], ["two", "4"], ["one", "4"]],
            "answer": ["2", "4", "4"],
            "finish": "solution",
            "is_correct": [True, False, True],
        }
    )
    labels = label_table(solutions, "ann", [[1, 1], [1, -1], [1, 1]])
    base, fast = str(model_of(problems["problem"])), {"optimization": {"epochs": 1, "batch_size": 2}}
    block = VerifierBlock.model_validate({"base": base, "prompt": "{problem}\n", "prm": fast, "orm": fast})
    nodes.train_prm(problems, labels, block, 0)
    nodes.train_orm(problems, solutions, block, 0)
    runs = {
        run.info.run_name: run for run in client.search_runs([client.get_experiment_by_name("tests").experiment_id])
    }
    for name in ("prm", "orm"):
        run = runs[name]
        assert run.data.params["base"] == base and run.data.params["kind"] == name
        assert run.data.params["optimization.epochs"] == "1.0" and run.data.metrics["examples"] == 2
        rows = {
            logged.dataset.name: (json.loads(logged.dataset.profile)["num_rows"], logged.tags[0].value)
            for logged in run.inputs.dataset_inputs
        }
        assert rows == {f"{name}_examples": (2, "training"), f"{name}_validation_examples": (1, "validation")}
    digests = [logged.dataset.digest for run in runs.values() for logged in run.inputs.dataset_inputs]
    assert len(set(digests)) == 4
