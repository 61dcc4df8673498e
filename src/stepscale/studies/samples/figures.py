"""What the report says about given samples: each verifier's curves, policies by difficulty, and small tables."""

from collections.abc import Mapping, Sequence

import pandas as pd

from stepscale.report.claims import Claim
from stepscale.report.number_formats import POINTS, SHARE, cell, factor, interval
from stepscale.report.part import Figure, Panel, Part, TextTable, View
from stepscale.report.plots import SAMPLES as SAMPLES_AXIS
from stepscale.report.plots import curve_figure, curve_panel, largest_error, series
from stepscale.studies.best_of_n.confidences import left_out
from stepscale.studies.best_of_n.figures import diagonal, verifier_name
from stepscale.studies.samples.optimal import ORACLE, PREDICTED
from stepscale.studies.samples.optimal import SAMPLES as SAMPLES_UNIT
from stepscale.studies.samples.scored_selections import BEST, WEIGHTED
from stepscale.studies.stopping.figures import beaten_counts, stopping_tables

_SHOWN = {BEST: "best-of-N", WEIGHTED: "weighted vote"}
_AXES = {SAMPLES_UNIT: SAMPLES_AXIS, "tokens": "tokens per problem, as the file counts them (log scale)"}
_SAVINGS_NOTE = (
    "How many times less the policy spends to be as accurate as the baseline with N samples. In brackets stands the 95 % "
    "interval over problems, where 0 means never as accurate. Aggregations and ways to choose are picked on one half of the "
    "problems and measured on the other, the baseline's too."
)
_CHOSEN_NOTE = (
    "What either half of a bin chose for the other, in oracle bins at the largest N. Bin 1 is the easiest fifth."
)
_LEADS_NOTE = (
    "Paired by problem, at the largest N, neutral steps as positive where nothing else is said. A2 is by best-of-N, B8 by the "
    "weighted vote. A2 calls a lead below 2 points close; B8 calls 1 point no worse."
)
_ONLINE_NOTE = (
    "The online policy draws a few probes, estimates the difficulty from them, and then stops or samples on; probes count. It is "
    "chosen on one half of the problems and measured on the other. Other policies are read off their curves at its spending."
)
_SEARCHES_NOTE = (
    "Given searches on the same problems. In brackets stands the paired difference from choosing among as many of these "
    "samples. A search that was not measured at such an N has no difference."
)


def samples_part(tables: Mapping[str, pd.DataFrame], claims: Sequence[Claim]) -> Part:
    """The part of the report on the samples that were given. Tables that could not be measured are left out.

    Args:
        tables: Those that could be measured, by name.
        claims: Those that the samples settle.
    """
    makers = (
        ("policy_savings", _savings_table),
        ("policy_choices", _chosen_table),
        ("rule_leads", _leads_table),
        ("difficulty_agreement", _agreement_table),
        ("online", _online_table),
        ("searches", _searches_table),
    )
    figures = [_policies_figure(tables["policy_curves"])] if "policy_curves" in tables else []
    figures += [_ways_figure(tables["ways"])] if tables["ways"]["verifier"].notna().any() else []
    figures += [_calibration_figure(tables["step_calibration"])] if "step_calibration" in tables else []
    saved = _saved(tables["policy_savings"]) if "policy_savings" in tables else {}
    rules = stopping_tables(tables["stopping"], tables["stopping_risk"]) if "stopping" in tables else ()
    beaten = beaten_counts(tables["stopping"]) if "stopping" in tables else ()
    return Part(
        name="samples",
        title="What do the given samples show?",
        text=" ".join(left_out(set(tables["ways"]["verifier"].dropna()))),
        figures=tuple(figures),
        tables=(*(make(tables[name]) for name, make in makers if name in tables), *rules),
        claims=tuple(claims),
        measures={"B3": "; ".join(saved.values())} if saved else {},
        summary=(*saved.values(), *beaten),
    )


def _saved(savings: pd.DataFrame) -> dict[str, str]:
    """By verifier what the compute-optimal policy saves at the largest N."""
    n = savings["n"].max()
    rows = savings[(savings["n"] == n) & (savings["unit"] == SAMPLES_UNIT) & (savings["policy"] == PREDICTED)]
    return {
        str(row["verifier"]): f"{verifier_name(str(row['verifier']))}: {PREDICTED}, against {row['over']} at N={n}: "
        f"{factor(row)} fewer samples"
        for row in rows.to_dict("records")
    }


def _policies_figure(curves: pd.DataFrame) -> Figure:
    """Snell et al. 2024, Figure 4, for each verifier."""
    views = []
    for unit, rows in curves.groupby("unit", sort=False):
        panels = tuple(
            curve_panel(of_verifier, verifier_name(str(name)))
            for name, of_verifier in rows.groupby("verifier", sort=False)
        )
        views.append(View(x_title=_AXES[str(unit)], panels=panels, unit=str(unit)))
    reading = (
        f"Snell et al. 2024, Figure 4, on {int(curves['n_problems'].iloc[0])} problems, a panel for each verifier. The "
        "compute-optimal policy takes best-of-N or the weighted vote under any aggregation, or majority, whichever was best on "
        "the other half of the difficulty bin. Bands are 95 % intervals over problems. Bins and choices are not paid for."
    )
    return curve_figure("The samples used well", reading, *views, leads=True)


def _ways_figure(ways: pd.DataFrame) -> Figure:
    views = []
    for method in ways.loc[ways["verifier"].notna(), "method"].unique():
        rows = ways[ways["method"] == method]
        panels = [
            curve_panel(of_verifier, verifier_name(str(name)), lines="aggregation")
            for name, of_verifier in rows.groupby("verifier", sort=False)
        ]
        if panels:
            views.append(View(x_title=SAMPLES_AXIS, panels=tuple(panels), unit=_SHOWN.get(method, method)))
    reading = (
        "Each verifier under every way to make one score of its step scores (reward: the file's own number). Bands are 95 % "
        "intervals over problems. The best line was chosen on the same problems; the figure above pays for the choice."
    )
    return curve_figure("Every aggregation of every verifier", reading + largest_error(ways), *views)


def _calibration_figure(table: pd.DataFrame) -> Figure:
    groups = list(table.groupby("verifier", sort=False))
    lines = [series(rows, verifier_name(str(name)), "predicted", "observed") for name, rows in groups]
    errors = ", ".join(
        f"{verifier_name(str(name))} {cell(rows.iloc[0].to_dict(), 'expected_error', '.3f')}" for name, rows in groups
    )
    reading = (
        "On the diagonal, steps with a prediction of 70 % are right 70 % of the time, by the file's step labels. Bands are 95 % "
        f"intervals over problems. Expected calibration error: {errors}."
    )
    panel = Panel(series=(diagonal(), *lines))
    view = View(x_title="predicted probability that a step is right", panels=(panel,), scale="linear")
    return curve_figure("Calibration on labeled steps", reading, view, y_title="share that was right", percent=False)


def _savings_table(savings: pd.DataFrame) -> TextTable:
    rows = []
    for (verifier, policy, n), group in savings[savings["n"] > 1].groupby(["verifier", "policy", "n"], sort=False):
        first = group.iloc[0]
        factors = {f"times fewer {row['unit']} [95 %]": factor(row) for row in group.to_dict("records")}
        named = {
            "verifier": verifier_name(str(verifier)),
            "policy": str(policy),
            "over": str(first["over"]),
            "N": str(n),
        }
        rows.append({**named, "accuracy to match": f"{first['accuracy']:{SHARE}}", **factors})
    return TextTable(title="What choosing by difficulty saves", rows=tuple(rows), note=_SAVINGS_NOTE)


def _chosen_table(chosen: pd.DataFrame) -> TextTable:
    at_largest = chosen[(chosen["policy"] == ORACLE) & (chosen["budget"] == chosen["budget"].max())]
    rows = [
        {"verifier": verifier_name(str(verifier)), "bin": str(number)}
        | {f"half {'BA'[int(row['fold'])]}": str(row["strategy"]) for row in group.to_dict("records")}
        for (verifier, number), group in at_largest.groupby(["verifier", "bin"], sort=False)
    ]
    return TextTable(title="Which way to choose for which difficulty", rows=tuple(rows), note=_CHOSEN_NOTE)


def _leads_table(leads: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "claim": row["claim"],
            "verifier": verifier_name(row["verifier"]),
            "rule": row["rule"],
            "over": row["over"],
            "difference [95 %]": cell(row, "difference", POINTS),
            "verdict": row["verdict"],
            "problems": str(row["n_problems"]),
        }
        for row in leads.to_dict("records")
    )
    return TextTable(title=f"Aggregations against each other at N={int(leads['n'].max())}", rows=rows, note=_LEADS_NOTE)


def _agreement_table(agreement: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "verifier": verifier_name(row["verifier"]),
            "estimate from": row["kind"],
            "rank correlation [95 %]": interval(row["correlation"], row["low"], row["high"], ".2f"),
            "in the oracle's bin": f"{row['same_bin']:.0%}",
        }
        for row in agreement[agreement["kind"] != "oracle"].to_dict("records")
    )
    return TextTable(title="How well predicted difficulty agrees with the oracle", rows=rows)


def _online_table(online: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "verifier": verifier_name(row["verifier"]),
            "budget": str(row["budget"]),
            "spent": f"{row['cost']:.1f}",
            "accuracy [95 %]": f"{cell(row, 'accuracy')} ± {row['error']:.1%} (Monte Carlo)",
            "minus": row["other"],
            "difference [95 %]": cell(row, "difference", POINTS),
            "verdict": row["verdict"],
        }
        for row in online.to_dict("records")
    )
    title = "Does a policy that pays for its own estimate of difficulty win?"
    return TextTable(title=title, rows=rows, note=_ONLINE_NOTE)


def _searches_table(searches: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "search": row["search"],
            "N": str(row["n"]),
            "tokens": "" if pd.isna(row["tokens"]) else f"{row['tokens']:,.0f}",
            "accuracy [95 %]": cell(row, "accuracy"),
            "minus": "" if pd.isna(row["other"]) else row["other"],
            "difference [95 %]": cell(row, "difference", POINTS),
            "problems": str(row["n_problems"]),
        }
        for row in searches.to_dict("records")
    )
    return TextTable(title="Searches of others beside these samples", rows=rows, note=_SEARCHES_NOTE)
