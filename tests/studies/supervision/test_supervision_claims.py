"""Claims A2-A6, B8 and B9 come out held, not held and inconclusive where the tables are made so."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table

from stepscale.errors import InputError
from stepscale.estimators.intervals import Interval
from stepscale.estimators.samples import sample_grid
from stepscale.estimators.voting import Vote
from stepscale.report.claims import Claim, settle
from stepscale.studies.best_of_n.claims import (
    PAPER_AGGREGATIONS,
    a2_quantities,
    a5_quantities,
    best_of_n_by_aggregation,
)
from stepscale.studies.best_of_n.quintiles import a6_quantities, by_quintile, quintiles
from stepscale.studies.rollouts.claims import b8_quantities, b9_quantities, votes_by_aggregation
from stepscale.studies.supervision.claims import a3_quantities, a4_quantities
from stepscale.supervision.points import ACTIVE, BY_ANSWER, BY_LARGE, PROCESS

NS = [1, 2, 4, 8, 16]
PROBLEMS = 400
SPREAD = 0.05  # of the difference between two methods over the problems


def settled(claim: str, quantities: Mapping[str, Interval]) -> Claim:
    got = settle(claim, quantities, 1)
    assert got.n_problems == quantities[got.decided_by].n_problems is not None
    return got


def around(mean: float, seed: int, spread: float = SPREAD) -> np.ndarray:
    """[problems] values whose mean is exactly ``mean``."""
    noise = np.random.default_rng(seed).normal(0, spread, PROBLEMS)
    return mean + noise - noise.mean()


def curve(start: float, end: float, seed: int) -> np.ndarray:
    """[problems, budgets] around a straight line in log2 N."""
    return np.linspace(start, end, len(NS))[None] + around(0, seed)[:, None]


@pytest.mark.parametrize(
    ("leads", "status", "decided_by"),
    [
        ((0.008, 0.008, 0.008), "held", ""),
        ((0.0, 0.0, 0.0), "held", ""),
        ((0.008, -0.01, 0.008), "inconclusive", "product, neutral + - min, neutral +"),
        ((0.008, -0.03, 0.008), "did not hold", "product, neutral + - min, neutral +"),
        ((0.008, 0.05, 0.008), "did not hold", "min, neutral + - product, neutral +"),
        ((0.0, 0.018, -0.004), "inconclusive", "min, neutral + - min, neutral -"),
    ],
)
def test_a2_wants_all_rules_within_two_points_and_product_within_one_of_the_best(
    leads, status: str, decided_by: str
) -> None:
    best = around(0.7, 0, 0.3)
    values = {PAPER_AGGREGATIONS[0]: best} | {
        aggregation: best - around(lead, i)
        for i, (aggregation, lead) in enumerate(zip(PAPER_AGGREGATIONS[1:], leads, strict=True))
    }
    claim = settled("A2", a2_quantities(values, 500, 0))
    assert claim.status == status
    assert not decided_by or claim.decided_by == decided_by


def points(by_arm: dict[str, list[float]], sizes: tuple[int, ...] = (1, 4, 16), seeds: int = 3) -> pd.DataFrame:
    rows = [
        (arm, size, seed, 64, f"p{i:03}", a)
        for k, (arm, means) in enumerate(by_arm.items())
        for size, mean in zip(sizes, means, strict=True)
        for seed in range(seeds)
        for i, a in enumerate(around(mean, 100 * k + 10 * seed + size))
    ]
    return points_table(rows)


@pytest.mark.parametrize(
    ("process", "status"),
    [([0.5, 0.6, 0.7], "held"), ([0.45, 0.6, 0.7], "inconclusive"), ([0.5, 0.6, 0.5], "did not hold")],
)
def test_a3_wants_the_same_order_at_every_size(process: list[float], status: str) -> None:
    table = points({PROCESS: process, BY_LARGE: [0.45, 0.5, 0.55], BY_ANSWER: [0.4, 0.4, 0.45]})
    claim = settled("A3", a3_quantities(table, 64, 500, 0))
    assert claim.status == status
    if status != "held":
        assert claim.decided_by.startswith("process - outcome by PRM_large, ")


def test_a3_refuses_arms_of_different_sizes() -> None:
    whole = points({PROCESS: [0.5] * 3, BY_LARGE: [0.4] * 3, BY_ANSWER: [0.3] * 3})
    with pytest.raises(InputError, match="finish every cell"):
        a3_quantities(whole[(whole["arm"] != BY_ANSWER) | (whole["per_problem"] < 16)], 64, 100, 0)


@pytest.mark.parametrize(
    ("active", "status"),
    [
        ([0.45, 0.55, 0.65], "held"),
        ([0.4345, 0.5345, 0.6345], "inconclusive"),  # half of the paper's doublings, all that is asked
        ([0.4, 0.5, 0.6], "did not hold"),
        ([0.35, 0.45, 0.5], "did not hold"),
    ],
)
def test_a4_is_settled_by_the_labels_saved(active: list[float], status: str) -> None:
    table = points({ACTIVE: active, PROCESS: [0.4, 0.5, 0.6]})
    claim = settled("A4", a4_quantities(table, 64, 500, 0))
    assert claim.status == status
    if status == "held":
        assert claim.estimate == pytest.approx(1.0)  # 0.05 at 0.1 per factor four: one doubling


@pytest.mark.parametrize(("control", "gain"), [([0.4, 0.4, 0.39], "-0.3"), ([0.4, 0.43, 0.46], "1.5")])
def test_a4_has_a_control_that_rises_as_its_precondition_and_is_never_infinite(control: list[float], gain: str) -> None:
    quantities = a4_quantities(points({ACTIVE: [0.7] * 3, PROCESS: control}), 64, 200, 0)
    claim = settled("A4", quantities)
    assert (claim.status, claim.power) == ("inconclusive", 0)
    assert claim.reason == f"the control gains {gain} points per doubling of labels, and 2 are needed"
    assert claim.high == 4, "the doublings from 1 to 16 labels"
    assert claim.quantities[0].note == "capped at the 4.0 doublings measured"
    rising = a4_quantities(points({ACTIVE: [0.7] * 3, PROCESS: [0.4, 0.44, 0.48]}), 64, 200, 0)
    assert settled("A4", rising).status == "held"


@pytest.mark.parametrize(("lead", "status"), [(0.05, "held"), (0.0, "inconclusive"), (-0.05, "did not hold")])
def test_a5_is_the_lead_on_problems_of_another_kind(lead: float, status: str) -> None:
    values = {"PRM": curve(0.3, 0.5 + lead, 0), "ORM": curve(0.3, 0.5, 1), "Majority": curve(0.3, 0.4, 2)}
    claim = settled("A5", a5_quantities(values, NS, 500, 0))
    assert (claim.status, claim.decided_by) == (status, "PRM - ORM at N=4, held-out problems")


def by_difficulty(lead: float, orm_end: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The PRM's lead in the fourth quintile, and where the ORM ends on the easiest."""
    bins = np.arange(PROBLEMS) * 5 // PROBLEMS + 1
    values = {"PRM": curve(0.5, 0.7, 0), "ORM": curve(0.5, 0.6, 1), "Majority": curve(0.5, 0.55, 2)}
    values["ORM"][bins == 1] = np.linspace(0.95, orm_end, len(NS)) + around(0, 3)[bins == 1, None]
    values["PRM"][bins == 1] = np.linspace(0.95, 0.99, len(NS)) + around(0, 4, 0.01)[bins == 1, None]
    values["PRM"][bins == 4] = values["ORM"][bins == 4] + (lead + around(0, 5)[bins == 4, None])
    return bins, values


@pytest.mark.parametrize(
    ("lead", "orm_end", "status", "decided_by"),
    [
        (0.1, 0.8, "held", ""),
        (0.0, 0.8, "held", ""),
        (-0.02, 0.8, "inconclusive", "PRM - ORM in quintile 4 at N=4"),
        (-0.1, 0.8, "did not hold", "PRM - ORM in quintile 4 at N=4"),
        (0.1, 0.97, "did not hold", "loss of the ORM per doubling of N on the easiest quintile"),
    ],
)
def test_a6_wants_the_prm_behind_in_no_quintile_and_an_orm_that_loses_on_the_easiest(
    lead, orm_end, status, decided_by
) -> None:
    bins, values = by_difficulty(lead, orm_end)
    claim = settled("A6", a6_quantities(bins, values, NS, 500, 0))
    assert claim.status == status
    assert not decided_by or claim.decided_by == decided_by
    assert claim.parts == 2 * (1 + 5) + 1
    assert claim.n_problems == PROBLEMS // 5, "a fifth of them, not all"


def test_a6_wants_a_lead_over_the_quintiles_together() -> None:
    """Nowhere behind by two points, and ahead nowhere."""
    bins, values = by_difficulty(0.0, 0.8)
    values["PRM"] = values["ORM"] + around(0, 6)[:, None]
    claim = settled("A6", a6_quantities(bins, values, NS, 500, 0))
    assert (claim.status, claim.n_problems) == ("inconclusive", PROBLEMS)
    assert claim.decided_by == "PRM - ORM, mean over quintiles, at N=4"


def test_figure_6_has_a_curve_for_each_quintile_and_method() -> None:
    bins, values = by_difficulty(0.1, 0.8)
    few = np.full(values["ORM"].shape, 0.1)
    votes = {
        name: Vote(accuracy, np.zeros(len(NS)), few if name == "Majority" else None)
        for name, accuracy in values.items()
    }
    table = by_quintile(bins, votes, list(votes), NS, 100, 0)
    of_80 = table["label"].map({"Majority": 0.1 / np.sqrt(80)}).fillna(0)  # of the quintile's problems, not of all
    assert table["error"].to_numpy() == pytest.approx(of_80.to_numpy())
    assert len(table) == 5 * 3 * len(NS) and set(table["n_problems"]) == {80}
    easiest = table[(table["quintile"] == 1) & (table["label"] == "ORM")]
    assert easiest["accuracy"].is_monotonic_decreasing


@pytest.mark.parametrize(
    ("lead", "status"), [(0.03, "held"), (0.0, "held"), (-0.01, "inconclusive"), (-0.05, "did not hold")]
)
def test_b8_asks_that_the_last_step_is_no_worse_than_a_point(lead: float, status: str) -> None:
    last = around(0.6, 0, 0.3)
    values = {
        ("last", "positive"): last,
        ("min", "positive"): last - around(lead, 1),
        ("product", "positive"): last - around(0.05, 2),
    }
    claim = settled("B8", b8_quantities(values, 500, 0))
    assert (claim.status, claim.decided_by) == (status, "last - min")


@pytest.mark.parametrize(
    ("prm_start", "prm_end", "status"),
    [(0.3, 0.6, "held"), (0.3, 0.5, "inconclusive"), (0.3, 0.45, "did not hold"), (0.4, 0.52, "did not hold")],
)
def test_b9_wants_a_lead_that_widens(prm_start: float, prm_end: float, status: str) -> None:
    growth = np.random.default_rng(9).normal(0, 0.02, (PROBLEMS, 1)) * np.linspace(-1, 1, len(NS))
    prm = curve(prm_start, prm_end, 0) + growth - growth.mean(axis=0)
    assert settled("B9", b9_quantities(prm, curve(0.3, 0.5, 1), NS, 500, 0)).status == status


def test_b9_is_of_verifiers_that_learned_from_the_same_solutions() -> None:
    prm, orm = curve(0.3, 0.6, 0), curve(0.3, 0.5, 1)
    claim = settled("B9", b9_quantities(prm, orm, NS, 500, 0, equal=False))
    assert (claim.status, claim.reason) == ("inconclusive", "the ORM learned from other solutions than the PRM")


def test_rules_and_quintiles_are_computed_from_samples() -> None:
    """Ten problems of four samples; the right sample's last step is trusted, its first one is not."""
    rows, steps = [], []
    for problem in range(10):
        for sample in range(4):
            right = sample == 0 or (problem < 4 and sample == 1)
            rows.append((f"p{problem}", sample, "1" if right else str(2 + sample), right))
            steps.append([0.6, 0.0] if right else [0.1, 0.3])
    solutions = pd.DataFrame(rows, columns=["problem_id", "sample_id", "answer", "is_correct"])
    problems = solutions[["problem_id"]].drop_duplicates()
    scores = pd.DataFrame({"negative": steps, "neutral": [[0.0, 0.0]] * len(steps)})
    grid = sample_grid(problems, solutions)
    got = best_of_n_by_aggregation(
        grid, scores, [("last", "positive"), ("min", "positive"), ("product", "positive")], 4
    )
    assert [float(v.mean()) for v in got.values()] == [1, 0, 0]
    vote = votes_by_aggregation(grid, scores, [("min", "positive")], [2, 4])["min", "positive"]
    voted = vote.per_problem[:, 1]
    assert vote.error.tolist() == [0, 0], "so few are counted, not drawn"
    assert voted[:4].tolist() == [1, 1, 1, 1] and voted[4:].max() == 0
    bins = quintiles(grid)
    assert sorted(np.bincount(bins)[1:]) == [2] * 5 and set(bins[:4]) == {1, 2}
