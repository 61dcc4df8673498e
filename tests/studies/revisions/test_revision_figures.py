"""The revisions' part of the report: every figure of the paper, labeled axes, and nothing where nothing was measured."""

import pandas as pd

from stepscale.report.part import Part, TextTable
from stepscale.studies.revisions.figures import revisions_part

POSITIONS = pd.DataFrame(
    {"position": range(8), "accuracy": 0.4, "low": 0.3, "high": 0.5, "n_attempts": 20, "n_problems": 10}
)
CHANGES = pd.DataFrame(
    {
        "change": ["lost", "won"],
        "position": pd.array([None, None], "Int64"),
        "rate": [0.3, 0.1],
        "low": 0.0,
        "high": 0.5,
        "n": [40, 100],
        "paper": [0.38, float("nan")],
    }
)
RATIOS = pd.DataFrame(
    [
        {
            "select": select,
            "bin": number,
            "strategy": "",
            "sequential": s,
            "parallel": 8 // s,
            "budget": 8,
            "accuracy": 0.5,
            "low": 0.4,
            "high": 0.6,
            "n_problems": 10,
        }
        for select in ("verifier", "majority")
        for number in range(3)
        for s in (1, 2, 4, 8)
    ]
)
CURVES = pd.DataFrame(
    [
        {"unit": unit, "label": label, "n": n, "accuracy": 0.5, "low": 0.4, "high": 0.6, "n_problems": 10}
        for unit in ("generations", "tokens", "FLOPs")
        for n in (1.0, 8.0)
        for label in (
            "parallel, verifier",
            "sequential, verifier",
            "sequential, verifier without history",
            "parallel, majority",
            "sequential, majority",
            "compute-optimal, oracle bins",
        )
    ]
)
SAVED = pd.DataFrame(
    [
        {
            "policy": "compute-optimal, oracle bins",
            "unit": unit,
            "n": n,
            "factor": 2.0,
            "low": 1.0,
            "high": 3.0,
            "status": "matched" if n == 8 else "at least" if n == 4 else "never matched",
            "accuracy": 0.5,
        }
        for unit in ("generations", "tokens", "FLOPs")
        for n in (1, 4, 8)
    ]
)
CHOSEN = pd.DataFrame(
    [
        {
            "bins": bins,
            "unit": unit,
            "bin": number,
            "fold": fold,
            "budget": n,
            "strategy": f"{bins} {number} {n} {1 - fold}",
        }
        for bins in ("predicted", "oracle")
        for unit in ("tokens", "generations")
        for number in (1, 2)
        for n in (1, 2, 4, 8)
        for fold in (0, 1)
    ]
)
AT_COST = pd.DataFrame(
    [
        {
            "unit": unit,
            "cost": cost,
            "label": label,
            "accuracy": 0.5,
            "low": 0.4,
            "high": 0.6,
            "minus": "parallel, verifier",
            "difference": -0.125,
            "difference_low": -0.2,
            "difference_high": 0.1,
        }
        for unit in ("tokens", "FLOPs")
        for cost in (100.0, 1600.0)
        for label in ("parallel, verifier", "sequential, verifier")
    ]
)
CONTEXTS = pd.DataFrame(
    {
        "bin": [0, 0, 1],
        "position": pd.array([None, 4, None], "Int64"),
        "shown": [3.25, 3.5, 4.0],
        "low": 3.0,
        "high": 4.0,
        "all_shown": [0.64, 0.7, 1.0],
        "all_low": 0.5,
        "all_high": 1.0,
        "n_attempts": [2000, 100, 400],
        "n_problems": 10,
    }
)


TABLES = {
    "positions": POSITIONS,
    "changes": CHANGES,
    "ratios": RATIOS,
    "curves": CURVES,
    "savings": SAVED,
    "at_cost": AT_COST,
    "chosen": CHOSEN,
    "contexts": CONTEXTS,
}
DIFFICULTY = {
    "policies": pd.DataFrame(
        {"kind": "oracle", "budget": [1, 8], "accuracy": 0.5, "low": 0.4, "high": 0.6, "n_problems": 10}
    ).assign(**{f"minus_{of}{end}": 0.0 for of in ("oracle", "uniform") for end in ("", "_low", "_high")}),
    "agreement": pd.DataFrame(
        {"kind": ["oracle", "predicted"], "correlation": 0.5, "low": 0.4, "high": 0.6, "same_bin": 0.3}
    ),
}


def part_of(**changes: pd.DataFrame) -> Part:
    return revisions_part({**TABLES, **changes}, {}, DIFFICULTY, [])


def table_of(part: Part, start: str) -> TextTable:
    [table] = [table for table in part.tables if table.title.startswith(start)]
    return table


def test_the_paper_s_figures_are_there_with_labeled_axes() -> None:
    part = part_of()
    readings = " ".join(figure.reading for figure in part.figures)
    for name in ("6 left", "6 right", "7 left", "7 right", "8", "15"):
        assert f"Figure {name};" in readings or f"Figure {name}." in readings
    titles = [figure.title for figure in part.figures]
    assert len(set(titles)) == len(titles), "a figure of several units is one"
    for figure in part.figures:
        assert figure.y_title and all(view.x_title and view.panels[0].series for view in figure.views)
    (order,) = [figure for figure in part.figures if figure.title == "Sequential or parallel"]
    assert [view.unit for view in order.views] == ["generations", "tokens", "FLOPs"]
    assert order.views[0].x_title.startswith("attempts per problem")
    assert all({"sequential, verifier", "parallel, verifier"} <= set(view.names) for view in order.views)


def test_sequential_revisions_stand_beside_parallel_ones_at_equal_cost() -> None:
    for unit in ("tokens", "FLOPs"):
        rows = table_of(part_of(), f"Accuracy at equal {unit} per problem (minus parallel, verifier [95 %])").rows
        assert rows[1] == {"strategy": "sequential, verifier", "100": rows[1]["100"], "1.6e+03": rows[1]["100"]}
        assert rows[1]["100"] == "50.0% (-12.5% [-20.0%, +10.0%])"


def test_right_answers_lost_stand_beside_the_paper_s_share() -> None:
    part = part_of()
    lost, won = table_of(part, "What the next revision changes").rows
    assert lost["in the paper"] == "38%" and lost["rate [95 %]"].startswith("30.0%")
    assert won["in the paper"] == ""
    four, eight = table_of(part, "What revisions save").rows  # of less than four there is little to save
    assert four["times fewer tokens [95 %]"] == "at least 2.00x [1.00, 3.00]"
    assert eight["times fewer tokens [95 %]"] == "2.00x [1.00, 3.00]"


def test_what_each_half_chose_is_shown_at_a_small_budget_and_at_the_largest() -> None:
    table = table_of(part_of(), "Which ratio")
    halves = {(n, by): f"N = {n}, half {by}" for n in (4, 8) for by in "AB"}
    assert table.rows == tuple(
        {"bin": str(b), **{name: f"oracle {b} {n} {'AB'.index(by)}" for (n, by), name in halves.items()}}
        for b in (1, 2)
    )
    assert "what one half chooses is measured on the other" in table.note


def test_what_late_revisions_were_shown_is_told_below_its_figure_and_by_difficulty() -> None:
    part = part_of()
    (along,) = [figure for figure in part.figures if figure.title == "pass@1 along the chain"]
    assert "Of 2,000 attempts" in along.reading and "64.0% [50.0%, 100.0%]" in along.reading
    rows = table_of(part, "Earlier attempts that late revisions were shown").rows
    assert [row["problems"] for row in rows] == ["all", "bin 1 (easiest fifth)"], "positions have no row here"
    assert rows[0]["shown, mean [95 %]"] == "3.25 [3.00, 4.00]"
    assert rows[1]["shown all [95 %]"] == "100.0% [50.0%, 100.0%]"
    none_late = part_of(contexts=CONTEXTS.head(0))
    assert not any("may be shown" in figure.reading for figure in none_late.figures)


def test_searches_over_revisions_have_a_figure_and_a_table_where_there_were_any() -> None:
    leads = {"strategy": "beam", "n": 8, "unit": "FLOPs", "accuracy": 0.7, "minus": "rival", "verdict": "wins"}
    leads |= {"difference": 0.03, "low": 0.01, "high": 0.05}
    part = revisions_part(TABLES, {"curves": CURVES, "leads": pd.DataFrame([leads])}, DIFFICULTY, [])
    assert len(part.figures) == len(part_of().figures) + 1
    (row,) = table_of(part, "Does PRM search over revisions win?").rows
    assert row["difference [95 %]"] == "+3.0% [+1.0%, +5.0%]" and row["verdict"] == "wins"
