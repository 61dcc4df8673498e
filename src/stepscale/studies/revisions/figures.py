"""What the report says about revisions (Snell et al. 2024, 6): Figures 6, 7, 8 and 15 of the paper, and small tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stepscale.report.claims import Claim
from stepscale.report.number_formats import POINTS, SHARE, cell, interval
from stepscale.report.part import Figure, Panel, Part, TextTable, View
from stepscale.report.plots import UNIT_AXES, curve_figure, curve_panel, series, unit_views
from stepscale.studies.difficulty.figures import difficulty_figure, difficulty_tables
from stepscale.studies.strategies.policy_tables import chosen_table, cost_tables, savings_table, times_fewer

_AXES = UNIT_AXES | {"generations": "attempts per problem, N (log scale)"}
_TRAINED_ON = 5  # attempts: what stands in a chain after them had more before it than the model was trained on
_SHOWN_NOTE = (
    "Of attempts that have at least as many answered ones before them in their chain as may be shown at once. A prompt "
    "of at most revisions.data.layout.max_tokens leaves out the oldest that do not fit. Snell et al. 2024, 6, always "
    "show the latest four."
)


def revisions_part(
    tables: Mapping[str, pd.DataFrame],
    searched: Mapping[str, pd.DataFrame],
    difficulty: Mapping[str, pd.DataFrame],
    claims: Sequence[Claim],
) -> Part:
    """The part of the report on revisions.

    Args:
        tables: Tables of the chains.
        searched: Tables of searches over revisions; none where there were none.
        difficulty: Tables by kind of difficulty bins.
        claims: Those that revisions settle.
    """
    curves = tables["curves"]
    chosen = "Which ratio of sequential to parallel for which difficulty"
    return Part(
        name="revisions",
        title="Does revising attempts beat sampling in parallel?",
        figures=(
            _optimal_figure(curves),
            _positions_figure(tables["positions"], tables["contexts"]),
            _order_figure(curves),
            *_ratio_figures(tables["ratios"][tables["ratios"]["select"] == "verifier"]),
            _history_figure(curves),
            *([_searched_figure(searched["curves"])] if searched else []),
            difficulty_figure(difficulty["policies"], _AXES["generations"]),
        ),
        tables=(
            _changes_table(tables["changes"]),
            savings_table("What revisions save over N parallel attempts, chosen by the verifier", tables["savings"]),
            chosen_table(chosen, tables["chosen"]),
            *cost_tables(tables["at_cost"]),
            _shown_table(tables["contexts"]),
            *([_leads_table(searched["leads"])] if searched else []),
            *difficulty_tables(difficulty),
        ),
        claims=tuple(claims),
        measures=times_fewer(claims, "B6"),
    )


def _positions_figure(positions: pd.DataFrame, contexts: pd.DataFrame) -> Figure:
    """Figure 6 left."""
    reading = (
        f"Snell et al. 2024, Figure 6 left; {int(positions['n_problems'].iloc[0])} test problems. How often the "
        "attempt at a place in the chain is right. The first sees no earlier attempt. From the sixth on (dotted line) "
        f"more attempts went before than the model was trained on. Bands are 95 % intervals over problems.{_room(contexts)}"
    )
    panel = Panel(series=(series(positions.assign(attempt=positions["position"] + 1), "pass@1", "attempt"),))
    view = View(
        x_title="attempt in the chain",
        panels=(panel,),
        scale="linear",
        vertical_lines=((_TRAINED_ON + 0.5, "trained on"),),
    )
    return curve_figure("pass@1 along the chain", reading, view, y_title="pass@1 (% of problems)")


def _order_figure(curves: pd.DataFrame) -> Figure:
    """Figure 6 right, by attempts and by what they cost: a later attempt reads the earlier ones."""
    reading = (
        "Snell et al. 2024, Figure 6 right. Sequential writes all N attempts in one chain, parallel writes them "
        "independently. The choice is by the revision ORM (weighted) or by majority. At equal N a chain costs more, "
        "for each attempt is read after the earlier ones."
    )
    rows = _with_labels(curves, ("parallel, ", "sequential, "), ("verifier", "majority"))
    return curve_figure("Sequential or parallel", reading, *unit_views(rows, _AXES))


def _history_figure(curves: pd.DataFrame) -> Figure:
    """Figure 15: the history is read by the verifier too."""
    reading = (
        "Snell et al. 2024, Figure 15. Sequential revisions, chosen by an ORM that reads the earlier attempts and by "
        "one that reads each attempt alone. Both learned from the same attempts."
    )
    rows = _with_labels(curves, ("sequential, ",), ("verifier", "verifier without history"))
    return curve_figure("Revision ORM with and without history", reading, *unit_views(rows, _AXES))


def _optimal_figure(curves: pd.DataFrame) -> Figure:
    """Figure 8, by attempts and by what they cost."""
    reading = (
        f"Snell et al. 2024, Figure 8; {int(curves['n_problems'].iloc[0])} test problems. For each difficulty bin the "
        "ratio of sequential to parallel that did best on one half of its problems is measured on the other half. The "
        "further left it reaches a height, the more it saves. Against tokens and FLOPs it may cost no more than N parallel "
        "attempts."
    )
    selections = ("verifier", "majority", "oracle bins", "predicted bins")
    rows = _with_labels(curves, ("parallel, ", "compute-optimal, "), selections)
    return curve_figure(
        "Compute-optimal revisions beside parallel attempts", reading, *unit_views(rows, _AXES), leads=True
    )


def _with_labels(curves: pd.DataFrame, starts: tuple[str, ...], ends: tuple[str, ...]) -> pd.DataFrame:
    """The curves whose label is one of ``starts`` followed by one of ``ends``."""
    return curves[curves["label"].isin([start + end for start in starts for end in ends])]


def _ratio_figures(ratios: pd.DataFrame) -> list[Figure]:
    """Figure 7: over all problems (bin 0) by budget, and at the largest budget by bin."""
    largest = ratios["budget"].max()
    by_bin = ratios[(ratios["bin"] > 0) & (ratios["budget"] == largest)]
    return [
        curve_figure(
            "The ratio of sequential to parallel, by budget",
            "Snell et al. 2024, Figure 7 left. Along a line the same number of attempts is split between longer chains "
            "(right) and more chains (left), chosen by the revision ORM.",
            _ratio_view(ratios[ratios["bin"] == 0], "budget", "N = "),
        ),
        curve_figure(
            f"The ratio of sequential to parallel, by difficulty, N = {largest}",
            "Snell et al. 2024, Figure 7 right. The same at the largest budget, a line for each difficulty bin (1 is the easiest "
            "fifth).",
            _ratio_view(by_bin, "bin", "bin "),
        ),
    ]


def _ratio_view(rows: pd.DataFrame, lines: str, prefix: str) -> View:
    ratio = rows["sequential"].astype(float) / rows["parallel"].astype(float)
    ordered = rows.sort_values(lines).assign(ratio=ratio, label=prefix + rows[lines].astype(str))
    ticks = tuple((r, f"{r:g}:1" if r >= 1 else f"1:{1 / r:g}") for r in sorted(ratio.unique()))
    title = "sequential attempts / parallel chains (log scale)"
    return View(x_title=title, panels=(curve_panel(ordered, x="ratio"),), ticks=ticks)


def _searched_figure(curves: pd.DataFrame) -> Figure:
    reading = (
        f"Beyond Snell et al. 2024, 8; {int(curves['n_problems'].iloc[0])} test problems. A chain of attempts, then a "
        "search against the PRM over what the revision model writes after it, all paid for. Beside it stand the same "
        "model's attempts chosen by its ORM and by the same PRM, and the generator's own best-of-N weighted and beam "
        "searches. Each beam search keeps or leaves out copies (filter_duplicates) as its plan says, so they may "
        "differ in that too. Bands are 95 % intervals over problems."
    )
    return curve_figure("PRM search over revisions", reading, *unit_views(curves, _AXES))


def _leads_table(leads: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "strategy": row["strategy"],
            "N": str(row["n"]),
            "at equal": row["unit"],
            "accuracy": f"{row['accuracy']:{SHARE}}",
            "minus": row["minus"],
            "difference [95 %]": cell(row, "difference", POINTS),
            "verdict": row["verdict"],
        }
        for row in leads.to_dict("records")
    )
    return TextTable(title="Does PRM search over revisions win?", rows=rows)


def _room(contexts: pd.DataFrame) -> str:
    """A sentence on what late attempts were shown; empty if no attempt is that late."""
    late = contexts[(contexts["bin"] == 0) & contexts["position"].isna()].to_dict("records")
    return "".join(
        f" Of {row['n_attempts']:,} attempts with as many answered ones before them as may be shown, {_share(row)} "
        "were shown all of these. For the others the prompt had no room for all (table below)."
        for row in late
    )


def _shown_table(contexts: pd.DataFrame) -> TextTable:
    """All late attempts, and those of each difficulty bin."""
    names = {0: "all", 1: "bin 1 (easiest fifth)"}
    rows = tuple(
        {
            "problems": names.get(row["bin"], f"bin {row['bin']}"),
            "shown, mean [95 %]": cell(row, "shown", ".2f"),
            "shown all [95 %]": _share(row),
            "attempts": f"{row['n_attempts']:,}",
        }
        for row in contexts[contexts["position"].isna()].to_dict("records")
    )
    return TextTable(title="Earlier attempts that late revisions were shown", rows=rows, note=_SHOWN_NOTE)


def _share(row: Mapping[Any, Any]) -> str:
    return interval(row["all_shown"], row["all_low"], row["all_high"], SHARE)


def _changes_table(changes: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "change": "a right answer turns wrong" if row["change"] == "lost" else "a wrong answer turns right",
            "rate [95 %]": cell(row, "rate"),
            "in the paper": f"{row['paper']:.0%}" if row["paper"] == row["paper"] else "",
            "attempts": f"{row['n']:,}",
        }
        for row in changes[changes["position"].isna()].to_dict("records")
    )
    return TextTable(title="What the next revision changes", rows=rows)
