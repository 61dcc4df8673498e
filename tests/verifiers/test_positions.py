"""Class balance and judgment by step position, and evaluation of every kind, on scores that are known."""

from collections.abc import Sequence

import numpy as np
import pytest

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.evaluation import evaluate
from stepscale.verifiers.examples import Example
from stepscale.verifiers.positions import balance, by_position
from stepscale.verifiers.saved import Kind


def example(*targets: float | None) -> Example:
    return Example("p", Trajectory("P?", tuple(f"step {i}" for i in range(len(targets)))), targets)


def scores(*rows: Sequence[float]) -> list[StepScores]:
    return [StepScores(np.array(row, np.float32), np.zeros(len(row), np.float32)) for row in rows]


class Told:
    name = "told"

    def __init__(self, got: list[StepScores]) -> None:
        self.positions, self.trajectories = got, list[Trajectory]()

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        self.trajectories += trajectories
        return self.positions


def test_each_position_has_its_balance_and_its_judgment() -> None:
    labeled = [example(2, 0), example(1, 2, 0), example(0), example(None, 2)]
    table = by_position("prm", labeled, scores([0.1, 0.9], [0.2, 0.1, 0.4], [0.8], [0.5, 0.3])).set_index("position")
    assert table["n"].tolist() == [3, 3, 1]
    assert table.loc[1, ["share_negative", "share_neutral", "share_positive"]].tolist() == pytest.approx([1 / 3] * 3)
    assert table.loc[2, "share_negative"] == pytest.approx(1 / 3) and table.loc[3, "share_negative"] == 1
    assert table.loc[1, "predicted"] == pytest.approx((0.9 + 0.8 + 0.2) / 3)
    assert table.loc[2, "auroc"] == 1 and np.isnan(table.loc[3, "auroc"])
    assert table["n_problems"].tolist() == [1, 1, 1] and np.isnan(table.loc[3, "auroc_low"])


def test_the_judgment_at_a_position_has_its_interval_over_problems() -> None:
    rng = np.random.default_rng(0)
    wrong = rng.random(60) < 0.5
    labeled = [Example(f"p{i // 2}", Trajectory("P?", ("s",)), (0.0 if bad else 2.0,)) for i, bad in enumerate(wrong)]
    [row] = by_position("prm", labeled, scores(*[[p] for p in wrong * 0.3 + rng.random(60)])).to_dict("records")
    assert row["n"] == 60 and row["n_problems"] == 30
    assert row["auroc_low"] < row["auroc"] < row["auroc_high"]


def test_without_a_verifier_only_the_labels_are_counted() -> None:
    table = by_position("soft_prm", [example(0.25, 0.75), example(0.75)])
    assert table.columns.tolist() == ["position", "n", "share_right"] and table["share_right"].tolist() == [0.5, 0.75]
    assert balance("prm", [example(2, 0), example(1)]) == {
        "labels": 3,
        "solutions": 2,
        "share_negative": pytest.approx(1 / 3),
        "share_neutral": pytest.approx(1 / 3),
        "share_positive": pytest.approx(1 / 3),
    }


def test_scores_of_other_examples_are_refused() -> None:
    with pytest.raises(InputError, match="1 scored solutions for 2 examples"):
        by_position("prm", [example(2), example(0)], scores([0.1]))


@pytest.mark.parametrize(
    ("kind", "targets", "ece"),
    [("prm", (2, 0), 0.1), ("soft_prm", (0.9, 0.1), 0.0), ("orm", (1, 1), 0.9)],
)
def test_every_kind_is_calibrated_against_what_it_predicts(kind: Kind, targets: tuple[float, ...], ece: float) -> None:
    metrics, bins, _ = evaluate(Told(scores([0.1, 0.9], [0.1, 0.9])), kind, [example(*targets)] * 2)
    assert metrics["ece"] == pytest.approx(ece, abs=1e-6) and metrics["brier"] == pytest.approx(ece**2, abs=1e-6)
    assert (metrics["ece_low"], metrics["ece_high"]) == pytest.approx((ece, ece), abs=1e-6)  # of a single problem
    assert (metrics["brier_low"], metrics["brier_high"]) == pytest.approx((ece**2, ece**2), abs=1e-6)
    assert metrics["n_problems"] == 1
    assert bins["n"].sum() == (2 if kind == "orm" else 4)
    assert ("processbench_f1" in metrics) == (kind == "prm")


def test_whole_solutions_are_scored_once_though_they_are_examples_too() -> None:
    chosen, sibling = example(2), Example("p", Trajectory("P?", ("step 0", "wrong")), (None, 0.0))
    verifier = Told(scores([0.1], [0.1, 0.2]))
    metrics, _, _ = evaluate(verifier, "prm", [chosen, sibling], [sibling])
    assert len(verifier.trajectories) == 2
    assert metrics["first_error_accuracy"] == 0 and np.isnan(metrics["processbench_correct"]), "it never flags"
    beyond = Told(scores([0.1], [0.1, 0.9]))
    assert (
        evaluate(beyond, "prm", [chosen], [sibling])[0]["first_error_accuracy"] == 1 and len(beyond.trajectories) == 2
    )
