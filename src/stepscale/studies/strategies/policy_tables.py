"""What compute-optimal policies chose and save, and accuracy at equal cost, as tables of the report."""

from collections.abc import Sequence

import pandas as pd

from stepscale.report.claims import Claim
from stepscale.report.number_formats import POINTS, SHARE, cell, factor
from stepscale.report.part import TextTable

MIN_SHOWN_BUDGET = 4  # the least budget shown: from it on searches, and chains both long and many, can differ
_SAVINGS_NOTE = (
    "How many times less the policy spends to be as accurate as the baseline with N. In brackets stands the 95 % "
    "interval over problems, where 0 means never as accurate. Against generations a policy is chosen at equal "
    "generations, against tokens and FLOPs at equal cost."
)
_CHOSEN_NOTE = (
    "Chosen at equal generations. Bin 1 is the easiest fifth of the problems, by the generator's pass rate. The "
    "problems of a bin are halved; what one half chooses is measured on the other. Where the halves disagree, the "
    "choice may be chance."
)


def savings_table(title: str, savings: pd.DataFrame) -> TextTable:
    """A row for each policy and budget N of the baseline (from ``MIN_SHOWN_BUDGET`` on), a column for each unit.

    Args:
        title: Of the table.
        savings: As ``savings`` gives them.
    """
    rows = []
    for (policy, n), group in savings[savings["n"] >= MIN_SHOWN_BUDGET].groupby(["policy", "n"], sort=False):
        factors = {f"times fewer {row['unit']} [95 %]": factor(row) for row in group.to_dict("records")}
        accuracy = f"{float(group['accuracy'].iloc[0]):{SHARE}}"
        rows.append({"policy": str(policy), "N": str(n), "accuracy to match": accuracy, **factors})
    return TextTable(title=title, rows=tuple(rows), note=_SAVINGS_NOTE)


def times_fewer(claims: Sequence[Claim], claim_id: str) -> dict[str, str]:
    """What a claim's policies save in the paper's terms, by the claim; none if it was not measured.

    Args:
        claims: Those that were settled.
        claim_id: One of ``report.claims.CLAIMS``.

    Returns:
        A text by ``claim_id``.
    """
    factors = [
        f"{2**row.estimate:.1f}x, at least {2**row.low:.1f}x ({row.name.rsplit(', ', 1)[-1]})"
        for claim in claims
        for row in claim.quantities
        if claim.id == claim_id and row.estimate is not None and row.low is not None
    ]
    return {claim_id: "; ".join(factors)} if factors else {}


def chosen_table(title: str, chosen: pd.DataFrame) -> TextTable:
    """A row for each oracle bin, the easiest first: what either half chose, at a small budget and at the largest.

    Args:
        title: Of the table.
        chosen: What was chosen, a row per bin, half and budget.
    """
    rows = chosen[(chosen["bins"] == "oracle") & (chosen["unit"] == "generations")]
    largest = int(rows["budget"].max())
    small = min((int(n) for n in rows["budget"].unique() if n >= MIN_SHOWN_BUDGET), default=largest)
    choice = rows.set_index(["bin", "budget", "fold"])["strategy"]
    halves = [(n, name, fold) for n in sorted({small, largest}) for name, fold in (("A", 1), ("B", 0))]
    lines = tuple(
        {"bin": str(number)} | {f"N = {n}, half {name}": str(choice[number, n, fold]) for n, name, fold in halves}
        for number in sorted(rows["bin"].unique())
    )
    return TextTable(title=title, rows=lines, note=_CHOSEN_NOTE)


def cost_tables(at_cost: pd.DataFrame) -> tuple[TextTable, ...]:
    """Accuracy at equal spending, a table each for tokens and FLOPs.

    Args:
        at_cost: ``AT_COST``.

    Returns:
        Tables with a row for each strategy, and a column for each spending that the baseline covers.
    """
    tables = []
    for (unit, baseline), group in at_cost.groupby(["unit", "minus"], sort=False):
        rows = group.dropna(subset=["accuracy"])
        texts = [f"{row['accuracy']:{SHARE}} ({cell(row, 'difference', POINTS)})" for row in rows.to_dict("records")]
        by_cost = rows.assign(text=texts).pivot_table("text", "label", "cost", aggfunc="first", sort=False)
        lines = tuple(
            {"strategy": str(label), **{f"{spent:,.3g}": str(text) for spent, text in cells.fillna("").items()}}
            for label, cells in by_cost.iterrows()
        )
        title = f"Accuracy at equal {unit} per problem (minus {baseline} [95 %])"
        tables.append(TextTable(title=title, rows=lines))
    return tuple(tables)
