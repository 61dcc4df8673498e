"""Figures 4a, 4b and 6 and Table 3: every arm, panel and round is drawn from the tables as they are made."""

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table

from stepscale.figures.label_balance import label_balance
from stepscale.figures.learning_curves import learning_curves
from stepscale.figures.quintiles import quintile_curves
from stepscale.figures.scaling_curves import scaling_curves
from stepscale.figures.supervision_report import supervision_part
from stepscale.scaling.comparison import curves_table
from stepscale.scaling.points import ACTIVE, ARMS, by_budget, by_size
from stepscale.scaling.quintiles import by_quintile
from stepscale.scaling.voting import Vote

SIZES, NS = (1, 4, 16), (1, 8, 64)


@pytest.fixture(scope="module")
def points() -> pd.DataFrame:
    rows = [
        (arm, size, seed, n, f"p{i}", 0.3 + 0.02 * k + 0.01 * np.log2(size * n) + i / 100)
        for k, arm in enumerate(ARMS) for size in SIZES for seed in range(2) for n in NS for i in range(12)
    ]  # fmt: skip
    return points_table(rows)


def test_figure_4a_draws_each_arm_with_its_band_and_its_line(points: pd.DataFrame) -> None:
    figure = learning_curves(by_size(points, 64, 50, 0), {ACTIVE: (0.05, 0.4)})
    named = {trace.name: trace for trace in figure.data if trace.mode == "lines+markers"}
    assert list(named) == list(ARMS) and list(named[ACTIVE].x) == list(SIZES)
    fitted = figure.data[-1]
    assert list(fitted.y) == pytest.approx([0.4, 0.5, 0.6]) and fitted.line.color == named[ACTIVE].line.color
    assert figure.layout.xaxis.title.text.startswith("labelled samples a problem")
    assert "a problem" in named[ACTIVE].hovertemplate


def test_figure_4b_is_drawn_from_the_largest_size(points: pd.DataFrame) -> None:
    figure = scaling_curves(by_budget(points, 16, 50, 0))
    assert [list(trace.x) for trace in figure.data if trace.mode == "lines+markers"] == [list(NS)] * 4


def test_figure_6_has_a_panel_a_quintile_and_one_legend_entry_a_method() -> None:
    bins = np.arange(50) // 10 + 1
    vote = Vote(np.tile(np.linspace(0.2, 0.8, 3), (50, 1)), np.zeros(3), np.full((50, 3), 0.01))
    table = by_quintile(bins, dict.fromkeys(("PRM", "ORM", "Majority"), vote), NS, 50, 0)
    figure = quintile_curves(table)
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert len(lines) == 15 and [trace.name for trace in lines if trace.showlegend] == ["PRM", "ORM", "Majority"]
    assert {trace.xaxis for trace in lines} == {"x", "x2", "x3", "x4", "x5"}
    titles = [note.text for note in figure.layout.annotations]
    assert titles[0] == "quintile 1, easiest (10 problems)" and titles[4] == "quintile 5, hardest (10 problems)"
    layout = figure.layout.to_plotly_json()
    for axis in ("", "2", "3", "4", "5"):  # each has its own range
        assert layout[f"xaxis{axis}"]["title"]["text"] == "N, samples a problem"
        assert layout[f"yaxis{axis}"]["title"]["text"] == "accuracy (% of problems)"
    assert all("Monte Carlo error 0.32%" in point[2] for trace in lines for point in trace.customdata)
    section = supervision_part(table, table[:0], table[:0], table[:0], [], {}).sections[0]
    assert "here at most 0.32%" in section.reading
    old = quintile_curves(table.drop(columns="error"))
    assert old.data[1].customdata[0][2] == "" and old.to_html(include_plotlyjs=False)


def test_held_out_problems_have_a_figure_of_their_own_and_none_where_there_are_none() -> None:
    empty = pd.DataFrame()
    values = {label: np.tile(np.linspace(0.2, 0.8, 3), (50, 1)) for label in ("PRM", "ORM", "Majority")}
    curves = curves_table("heldout", values, NS, 50, 0)
    (section,) = supervision_part(curves, empty, empty, empty, empty, [], {}).sections
    assert section.title == "Best-of-N on held-out problems" and "claim A5): 50 problems" in section.reading
    drawn = [trace.name for trace in section.figure.data if trace.mode == "lines+markers"]
    assert drawn == ["PRM", "ORM", "Majority"]
    assert not supervision_part(curves.head(0), empty, empty, empty, empty, [], {}).sections


def test_table_3_stacks_the_ratings_of_each_round() -> None:
    counts = pd.DataFrame(
        {
            "solutions": [10, 0, 10], "step_labels": [40, 0, 40], "ends_correct": [0.4, None, 0.4],
            "negative": [0.15, None, 0.15], "neutral": [0.1, None, 0.1], "positive": [0.75, None, 0.75],
        },
        index=["round 0", "round 1", "all"],
    )  # fmt: skip
    figure = label_balance(counts)
    assert all(list(trace.x) == ["round 0", "all"] for trace in figure.data)
    assert sum(trace.y[0] for trace in figure.data[:3]) == pytest.approx(1)
    assert figure.data[3].y[0] == pytest.approx(0.4)
