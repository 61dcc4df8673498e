"""Verifiers on validation problems: first errors are those of whole solutions, whatever alternatives people labelled."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from stepscale.cost import Ledger
from stepscale.parameters import VerifierBlock
from stepscale.pipelines.reward_modeling.nodes import evaluate_verifiers
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.evaluation import evaluate
from stepscale.verifiers.examples import first_error_examples, prm_examples

VERIFIERS = VerifierBlock.model_validate({"base": "b", "prompt": "{problem}", "prm": {}, "orm": {}})


class NeverFlags:
    """A verifier to which every step is right."""

    def __init__(self, _: Path, name: str, **__: object) -> None:
        self.name = name

    def score(self, trajectories: Sequence[Trajectory], _: Ledger) -> list[StepScores]:
        return [
            StepScores(np.full(len(t.steps), 0.1, np.float32), np.zeros(len(t.steps), np.float32)) for t in trajectories
        ]


class FlagsLines(NeverFlags):
    """A verifier to which a line that says "no" is wrong."""

    def score(self, trajectories: Sequence[Trajectory], _: Ledger) -> list[StepScores]:
        said = [np.array([0.9 if line == "no" else 0.1 for line in t.steps], np.float32) for t in trajectories]
        return [StepScores(p, 0 * p) for p in said]


def test_of_a_step_of_several_lines_the_first_error_is_the_step_s_and_is_read_as_it_was_trained() -> None:
    problems = pd.DataFrame({"problem_id": ["p"], "problem": ["P?"]})
    steps = ["a\n\nb", "c\n\n# Answer\n\nno"]
    solutions = pd.DataFrame({"problem_id": ["p"], "sample_id": [0], "steps": [steps], "finish": ["solution"]})
    labels = pd.DataFrame(
        {"step": [0, 1], "completion": 0, "text": steps, "rating": [1, -1], "is_chosen": True}
    ).assign(problem_id="p", sample_id=0, labeler="ann", value=None)
    [whole], [trained] = first_error_examples(problems, solutions, labels), prm_examples(problems, labels)
    assert whole.trajectory == trained.trajectory and whole.ends == (1, 4)
    metrics, _, _ = evaluate(FlagsLines(Path(), "prm"), "prm", [trained], [whole])
    assert metrics["processbench_erroneous"] == 1 and metrics["first_error_accuracy"] == 1
    metrics, _, _ = evaluate(NeverFlags(Path(), "prm"), "prm", [trained], [whole])
    assert metrics["first_error_accuracy"] == 0


def test_a_found_error_is_one_faulty_solution_and_no_right_one(
    client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepscale.verifiers.scoring.ModelVerifier", NeverFlags)
    problems = pd.DataFrame({"problem_id": ["p"], "problem": ["P?"], "split": "valid"})
    solutions = pd.DataFrame(
        {"problem_id": ["p", "p"], "sample_id": [0, 1], "steps": [["a"], ["a", "b"]], "finish": ["found_error", "solution"],
         "is_correct": pd.array([False, False], "boolean")}
    )  # fmt: skip
    rows = [(0, 0, "a", 1, True), (1, 0, "b", -1, False), (1, 1, "b'", 1, False)]
    labels = pd.DataFrame(rows, columns=["step", "completion", "text", "rating", "is_chosen"]).assign(
        problem_id="p", sample_id=0, labeler="ann", value=None
    )
    folders = [tmp_path] * 4
    metrics, _, positions = evaluate_verifiers(*folders, problems, solutions, labels, VERIFIERS, None)
    prm = metrics["prm"]
    assert prm["first_error_accuracy"] == prm["processbench_erroneous"] == 0
    assert np.isnan(prm["processbench_correct"]) and prm["first_error_n_solutions"] == 1
    assert prm["step_accuracy"] == pytest.approx(2 / 3), "steps and alternatives are judged as before"
    assert "auroc_low" in positions and metrics["orm"]["solution_brier_low"] == pytest.approx(0.81)
