"""Verifiers on validation problems: first errors are those of whole solutions, whatever alternatives people labeled."""

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

VERIFIERS = VerifierBlock.model_validate({"base": "b", "prompt": "{problem}", "prm": {}, "orm": {}})


class NeverFlags:
    """A verifier to which every step is right."""

    def __init__(self, _: Path, name: str, **__: object) -> None:
        self.name = name

    def score(self, trajectories: Sequence[Trajectory], _: Ledger) -> list[StepScores]:
        return [
            StepScores(np.full(len(t.steps), 0.1, np.float32), np.zeros(len(t.steps), np.float32)) for t in trajectories
        ]


def test_a_found_error_is_one_faulty_solution_and_no_right_one(
    client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepscale.verifiers.scoring.ModelVerifier", NeverFlags)
    problems = pd.DataFrame({"problem_id": ["p"], "problem": ["P?"], "split": "valid"})
    solutions = pd.DataFrame(
        {
            "problem_id": ["p", "p"],
            "sample_id": [0, 1],
            "steps": [["a"], ["a", "b"]],
            "finish": ["found_error", "solution"],
            "is_correct": pd.array([False, False], "boolean"),
        }
    )
    rows = [(0, 0, "a", 1, True), (1, 0, "b", -1, False), (1, 1, "b'", 1, False)]
    labels = pd.DataFrame(rows, columns=["step", "completion", "text", "rating", "is_chosen"]).assign(
        problem_id="p", sample_id=0, labeler="ann", value=None
    )
    quality = evaluate_verifiers(tmp_path, tmp_path, problems, solutions, labels, VERIFIERS)
    metrics, positions = quality["metrics"], quality["positions"]
    prm = metrics["prm"]
    assert prm["first_error_accuracy"] == prm["processbench_erroneous"] == 0
    assert np.isnan(prm["processbench_correct"]) and prm["first_error_n_solutions"] == 1
    assert prm["step_accuracy"] == pytest.approx(2 / 3), "steps and alternatives are judged as before"
    assert "auroc_low" in positions and metrics["orm"]["solution_brier_low"] == pytest.approx(0.81)
