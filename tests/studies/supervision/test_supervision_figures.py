"""Figures 4a, 4b and 6 and the tables of supervision: every arm and panel is there as measured."""

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table

from stepscale.estimators.voting import Vote
from stepscale.parameters import ProblemSource, VerifierBlock
from stepscale.report.part import Part
from stepscale.studies.best_of_n.comparison import curves_table
from stepscale.studies.best_of_n.figures import best_of_n_part
from stepscale.studies.best_of_n.quintiles import by_quintile
from stepscale.studies.supervision.blind import compared_with_blind
from stepscale.studies.supervision.data_efficiency import data_efficiency, efficiency_table
from stepscale.studies.supervision.figures import supervision_part
from stepscale.supervision.points import ACTIVE, ARMS, BLIND, PROCESS, by_budget, by_size

VERIFIERS = VerifierBlock.model_validate({"base": "b", "prompt": "{problem}", "prm": {}, "orm": {}})
SIZES, NS = (1, 4, 16), (1, 8, 64)


@pytest.fixture(scope="module")
def points() -> pd.DataFrame:
    rows = [
        (arm, size, seed, n, f"p{i}", 0.3 + 0.02 * k + 0.01 * np.log2(size * n) + i / 100)
        for k, arm in enumerate(ARMS)
        for size in SIZES
        for seed in range(2)
        for n in NS
        for i in range(12)
    ]
    return points_table(rows)


def part_of(points: pd.DataFrame, **more: pd.DataFrame) -> Part:
    tables = {"by_size": compared_with_blind(points, by_size(points, 64, 50, 0), 64, 50, 0)}
    tables["by_budget"] = by_budget(points, 16, 50, 0)
    problems = ProblemSource.model_construct(source="files")
    return supervision_part(
        {**tables, **more}, [], {"missed": 0.1}, {"prm_large": {"step_auroc": 0.9}}, VERIFIERS, problems
    )


def test_figure_4a_draws_each_arm_with_its_band_its_line_and_what_choosing_blindly_reaches(points) -> None:
    rows = efficiency_table(data_efficiency(points, ACTIVE, PROCESS, 64, 50), ACTIVE, PROCESS)
    saved = pd.DataFrame(rows).astype(dict.fromkeys(("estimate", "low", "high"), float))
    overlap = pd.DataFrame([{"per_problem": 1, "overlap": 0.25, "low": 0.2, "high": 0.3, "n_problems": 40, "seeds": 2}])
    part = part_of(points, saved=saved, overlap=overlap)
    by_labels, by_n = part.figures
    (view,) = by_labels.views
    lines = {line.name: line for line in view.panels[0].series if line.in_legend}
    assert list(lines) == [*ARMS, BLIND] and lines[ACTIVE].x == SIZES and lines[ACTIVE].low
    assert lines[BLIND].dash == "dotted" and lines[BLIND].y[0] == lines[BLIND].y[1]
    fits = [line.name for line in view.panels[0].series if not line.in_legend]
    assert sorted(fits) == sorted((ACTIVE, PROCESS)), "the lines of best fit, in the colors of their arms"
    assert view.x_title.startswith("labeled samples per problem") and view.ticks == ((1, "1"), (4, "4"), (16, "16"))
    assert "dotted line is pass@1" in by_labels.reading and "PRM_large is the run's own PRM" in by_labels.reading
    assert [line.x for line in by_n.views[0].panels[0].series] == [NS] * 4, "of the largest size"
    sizes, _, efficiency, shared, _, agreement, large_prm = part.tables
    assert len(sizes.rows) == 4 * 3 + 1 and sizes.rows[-1]["supervision"] == BLIND and sizes.rows[-1]["best of"] == "1"
    assert sizes.rows[0]["minus choosing blindly, points"].startswith("+")
    assert efficiency.rows and [row["labeled samples per problem"] for row in shared.rows] == ["1"]
    assert agreement.rows == ({"measure": "missed", "value [95 %]": "0.100"},)
    assert large_prm.rows == ({"metric": "step auroc", "PRM large": "0.900"},)
    assert part.measures["A4"].startswith("ratio of slopes: ")


def test_ticks_stand_at_the_sizes_asked_for_though_fewer_were_there(points: pd.DataFrame) -> None:
    scarce = part_of(points.assign(labeled=np.minimum(points["labeled"], 15.84))).figures[0].views[0]
    assert [name for _, name in scarce.ticks] == ["1", "4", "16"] and scarce.panels[0].series[0].x[-1] == pytest.approx(
        15.84
    )


def test_an_endless_interval_tells_both_its_ends(points: pd.DataFrame) -> None:
    row = {
        "measure": "ratio of slopes",
        "estimate": np.inf,
        "low": -np.inf,
        "high": np.inf,
        "n_problems": 9,
        "seeds": 1,
    }
    assert part_of(points, saved=pd.DataFrame([row])).tables[2].rows[0]["estimate [95 %]"] == "∞ [-∞, ∞]"


def test_figure_6_has_a_panel_for_each_fifth_and_held_out_problems_a_figure_of_their_own() -> None:
    bins, labels = np.arange(50) // 10 + 1, ("PRM", "ORM", "Majority")
    vote = Vote(np.tile(np.linspace(0.2, 0.8, 3), (50, 1)), np.zeros(3), np.full((50, 3), 0.01))
    table = by_quintile(bins, dict.fromkeys(labels, vote), labels, NS, 50, 0)
    values = {label: np.tile(np.linspace(0.2, 0.8, 3), (50, 1)) for label in labels}
    curves = curves_table("test", values, NS, 50, 0)
    part = best_of_n_part(curves, {"quintiles": table, "heldout_curves": curves}, [], [], values=False)
    figures = {figure.title: figure for figure in part.figures}
    (view,) = figures["Best-of-N by difficulty"].views
    assert len(view.panels) == 5 and all(view.names == [line.name for line in panel.series] for panel in view.panels)
    assert view.panels[0].title == "fifth 1, easiest (10 problems)" and "hardest" in view.panels[4].title
    assert "here at most 0.32%" in figures["Best-of-N by difficulty"].reading
    heldout = figures["Best-of-N on held-out problems"]
    assert "50 problems" in heldout.reading and heldout.views[0].names == ["PRM", "ORM", "Majority"]
    assert part.measures.keys() == {"A1", "A5"} and "at N=64" in part.measures["A5"]
    assert [figure.title for figure in best_of_n_part(curves, {}, [], [], False).figures] == [
        "Best-of-N, by what chooses"
    ]
