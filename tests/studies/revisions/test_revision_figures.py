"""The revisions' part of the report: every figure of the paper, labelled axes, and nothing where nothing was measured."""

import pandas as pd

from stepscale.report.report import build_report
from stepscale.studies.revisions.figures import revision_part

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
            "error": float("nan"),
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


def test_the_paper_s_figures_are_there_with_labelled_axes() -> None:
    part = revision_part(POSITIONS, CHANGES, RATIOS, CURVES, SAVED, AT_COST, CHOSEN, CONTEXTS)
    assert [f"Figure {n}" for n in ("6 left", "6 right", "7 left", "7 right", "8", "15")] == sorted(
        {
            name
            for section in part.sections
            for name in ("Figure 6 left", "Figure 6 right", "Figure 7 left", "Figure 7 right", "Figure 8", "Figure 15")
            if name + ";" in section.reading or name + "." in section.reading
        },
        key=lambda name: (int(name.split()[1]), name),
    )
    for section in part.sections:
        assert section.figure.layout.xaxis.title.text and section.figure.layout.yaxis.title.text
        assert len(section.figure.data), section.title
    axes = {section.figure.layout.xaxis.title.text for section in part.sections}
    assert sum("tokens a problem" in axis or "FLOPs a problem" in axis for axis in axes) == 2


def test_sequential_revisions_stand_beside_parallel_ones_at_equal_cost() -> None:
    part = revision_part(POSITIONS, CHANGES, RATIOS, CURVES, SAVED, AT_COST, CHOSEN, CONTEXTS)
    for unit in ("tokens", "FLOPs"):
        [section] = [one for one in part.sections if one.title == f"Revisions: sequential or parallel, against {unit}"]
        assert {"sequential, verifier", "parallel, verifier"} <= {line.name for line in section.figure.data}
        rows = part.tables[f"Revisions: accuracy at equal {unit} a problem (minus parallel, verifier [95 %])"]
        assert rows[1] == {"strategy": "sequential, verifier", "100": rows[1]["100"], "1.6e+03": rows[1]["100"]}
        assert rows[1]["100"] == "50.0% (-12.5% [-20.0%, +10.0%])"


def test_right_answers_lost_stand_beside_the_paper_s_share() -> None:
    tables = revision_part(POSITIONS, CHANGES, RATIOS, CURVES, SAVED, AT_COST, CHOSEN, CONTEXTS).tables
    lost, won = tables["What the next revision changes"]
    assert lost["in the paper"] == "38%" and lost["rate [95 %]"].startswith("30.0%")
    assert won["in the paper"] == ""
    html = build_report("t", [], [], [], [], tables, {})
    assert "at least 2.00x [1.00, 3.00]" in html and ">2.00x [1.00, 3.00]" in html
    assert "never matched" not in html, "of less than four there is little to save"


def test_what_each_half_chose_is_shown_at_a_small_budget_and_at_the_largest() -> None:
    part = revision_part(POSITIONS, CHANGES, RATIOS, CURVES, SAVED, AT_COST, CHOSEN, CONTEXTS)
    [title] = [title for title in part.tables if title.startswith("Which ratio")]
    halves = {(n, by): f"N = {n}, half {by}" for n in (4, 8) for by in "AB"}
    assert part.tables[title] == [
        {"bin": str(b), **{name: f"oracle {b} {n} {'AB'.index(by)}" for (n, by), name in halves.items()}}
        for b in (1, 2)
    ]
    assert "what one half chooses is measured on the other" in part.notes[title]


def test_what_late_revisions_were_shown_is_told_below_the_first_figure_and_by_difficulty() -> None:
    part = revision_part(POSITIONS, CHANGES, RATIOS, CURVES, SAVED, AT_COST, CHOSEN, CONTEXTS)
    assert "Of 2,000 attempts" in part.sections[0].reading and "64.0% [50.0%, 100.0%]" in part.sections[0].reading
    rows = part.tables["Earlier attempts that late revisions were shown"]
    assert [row["problems"] for row in rows] == ["all", "bin 1 (easiest fifth)"], "positions have no row here"
    assert (
        rows[0]["shown, mean [95 %]"] == "3.25 [3.00, 4.00]" and rows[1]["shown all [95 %]"] == "100.0% [50.0%, 100.0%]"
    )
    assert set(part.notes) <= set(part.tables)
    none_late = revision_part(POSITIONS, CHANGES, RATIOS, CURVES, SAVED, AT_COST, CHOSEN, CONTEXTS.head(0))
    assert "may be shown" not in none_late.sections[0].reading and len(none_late.tables) == len(part.tables) - 1


def test_without_revisions_there_is_nothing() -> None:
    part = revision_part(
        POSITIONS.head(0),
        CHANGES.head(0),
        RATIOS.head(0),
        CURVES.head(0),
        SAVED.head(0),
        AT_COST.head(0),
        CHOSEN.head(0),
        CONTEXTS.head(0),
    )
    assert not part.sections and not part.tables
