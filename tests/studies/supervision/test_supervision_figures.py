"""Figures 4a, 4b and 6 and Table 3: every arm, panel and round is drawn from the tables as they are made."""

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table

from stepscale.estimators.voting import Vote
from stepscale.report.learning_curves import learning_curves
from stepscale.report.scaling_curves import scaling_curves
from stepscale.studies.best_of_n.comparison import curves_table
from stepscale.studies.best_of_n.quintile_figure import quintile_curves
from stepscale.studies.best_of_n.quintiles import by_quintile
from stepscale.studies.data_loop.label_balance import label_balance
from stepscale.studies.supervision.blind import beside_blind
from stepscale.studies.supervision.data_efficiency import data_efficiency, efficiency_table
from stepscale.studies.supervision.figures import AGREEMENT, OVERLAP, saved_rows, supervision_part
from stepscale.supervision.points import ACTIVE, ARMS, BLIND, PROCESS, by_budget, by_size

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


def test_figure_4a_draws_each_arm_with_its_band_and_its_line(points: pd.DataFrame) -> None:
    figure = learning_curves(by_size(points, 64, 50, 0), {ACTIVE: (0.05, 0.4)})
    named = {trace.name: trace for trace in figure.data if trace.mode == "lines+markers"}
    assert list(named) == list(ARMS) and list(named[ACTIVE].x) == list(SIZES)
    fitted = figure.data[-1]
    assert list(fitted.y) == pytest.approx([0.4, 0.5, 0.6]) and fitted.line.color == named[ACTIVE].line.color
    assert figure.layout.xaxis.title.text.startswith("labelled samples a problem")
    assert "a problem" in named[ACTIVE].hovertemplate


def test_ticks_stand_at_the_sizes_asked_for_though_fewer_were_there(points: pd.DataFrame) -> None:
    scarce = points.assign(labelled=np.minimum(points["labelled"], 15.84))
    axis = learning_curves(by_size(scarce, 64, 50, 0)).layout.xaxis
    assert list(axis.tickvals) == list(SIZES) and list(axis.ticktext) == ["1", "4", "16"]


def test_figure_4a_shows_what_choosing_blindly_reaches_and_the_lines_of_the_fit(points: pd.DataFrame) -> None:
    sizes = beside_blind(points, by_size(points, 64, 50, 0), 64, 50, 0)
    saved = efficiency_table(data_efficiency(points, ACTIVE, PROCESS, 64, 50), ACTIVE, PROCESS)
    overlap = [{"per_problem": 1, "overlap": 0.25, "low": 0.2, "high": 0.3, "n_problems": 40, "seeds": 2}]
    none = pd.DataFrame()
    part = supervision_part(none, none, sizes, none, none, saved, overlap, {"missed": 0.1}, "They differ besides.")
    [section] = part.sections
    traces = {trace.name: trace for trace in section.figure.data if trace.name}
    blind = traces[BLIND]
    assert list(blind.x) == [1, 16] and blind.line.dash == "dot" and blind.y[0] == blind.y[1]
    assert {f"{arm}: line of best fit" for arm in (ACTIVE, PROCESS)} <= set(traces)
    assert "dotted line is pass@1" in section.reading and section.reading.endswith("They differ besides.")
    rows = part.tables["Ways to supervise, by labels"]
    assert len(rows) == 4 * 3 + 1 and rows[-1]["supervision"] == BLIND and rows[-1]["best of"] == 1
    assert rows[0]["minus choosing blindly, points"].startswith("+")
    assert [row["labelled samples a problem"] for row in part.tables[OVERLAP]] == [1]
    assert part.tables[AGREEMENT] == [{"measure": "missed", "value [95 %]": "0.100"}]
    assert supervision_part(none, none, none, none, none, [], [], {}).tables == {}


def test_an_endless_interval_tells_both_its_ends() -> None:
    row = {"measure": "ratio of slopes", "estimate": "inf", "low": "-inf", "high": "inf", "n_problems": 9, "seeds": 1}
    assert saved_rows([row])[0]["estimate [95 %]"] == "∞ [-∞, ∞]"


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
    section = supervision_part(table[:0], table, table[:0], table[:0], table[:0], [], [], {}).sections[0]
    assert "here at most 0.32%" in section.reading
    old = quintile_curves(table.drop(columns="error"))
    assert old.data[1].customdata[0][2] == "" and old.to_html(include_plotlyjs=False)


def test_held_out_problems_have_a_figure_of_their_own_and_none_where_there_are_none() -> None:
    empty = pd.DataFrame()
    values = {label: np.tile(np.linspace(0.2, 0.8, 3), (50, 1)) for label in ("PRM", "ORM", "Majority")}
    curves = curves_table("heldout", values, NS, 50, 0)
    (section,) = supervision_part(curves, empty, empty, empty, empty, [], [], {}).sections
    assert section.title == "Best-of-N on held-out problems" and "claim A5): 50 problems" in section.reading
    drawn = [trace.name for trace in section.figure.data if trace.mode == "lines+markers"]
    assert drawn == ["PRM", "ORM", "Majority"]
    assert not supervision_part(curves.head(0), empty, empty, empty, empty, [], [], {}).sections


def test_table_3_stacks_the_ratings_of_each_round() -> None:
    counts = pd.DataFrame(
        {
            "solutions": [10, 0, 10],
            "step_labels": [40, 0, 40],
            "ends_correct": [0.4, None, 0.4],
            "negative": [0.15, None, 0.15],
            "neutral": [0.1, None, 0.1],
            "positive": [0.75, None, 0.75],
        },
        index=["round 0", "round 1", "all"],
    )
    figure = label_balance(counts)
    assert all(list(trace.x) == ["round 0", "all"] for trace in figure.data)
    assert sum(trace.y[0] for trace in figure.data[:3]) == pytest.approx(1)
    assert figure.data[3].y[0] == pytest.approx(0.4)
