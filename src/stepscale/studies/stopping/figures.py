"""What the report says about stopping rules: what they reach, and where the online policy does not beat one."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from stepscale.report.number_formats import POINTS, cell, cost, factor
from stepscale.report.part import TextTable
from stepscale.studies.best_of_n.figures import verifier_name

_NOTE = (
    "Each rule may draw all recorded samples. The factor says how many times less the online policy spends to be as accurate as "
    "the rule; 0 means never. The difference is the online policy minus the rule at the rule's own spending. Rules that need no "
    "verifier pay for none. Brackets are paired 95 % intervals over problems."
)
_BEATEN_NOTE = (
    "Settings of rules by the paired difference at equal spending. Undecided: the interval holds 0, so the policy is not shown "
    "to beat the rule there. Not measured: the rule spends less than the online policy ever did."
)
_RISK_NOTE = (
    "The threshold was chosen on the other half, so that at the stated confidence no more than the stated share of problems is "
    "answered early and wrongly. A threshold above 1 never stops early. Brackets are 95 % intervals over problems."
)

_UNKNOWN = "not measured"


def stopping_tables(stopping: pd.DataFrame, risk: pd.DataFrame) -> tuple[TextTable, ...]:
    """The tables of a part; a column names the verifier where there are several.

    Args:
        stopping: As ``STOPPING`` declares it.
        risk: As ``STOPPING_RISK`` declares it.
    """
    several = stopping["verifier"].nunique() > 1
    units = list(stopping["unit"].unique())
    title = "Does the online policy beat rules that say when to stop?"
    rows = tuple(_rule_row(group.set_index("unit"), units, several) for group in _settings(stopping))
    risks = tuple(_risk_row(row, several) for row in risk.to_dict("records"))
    where = tuple(
        _not_beaten_row(str(verifier), str(unit), group)
        for (verifier, unit), group in stopping.groupby(["verifier", "unit"], sort=False)
    )
    return (
        TextTable(title=title, rows=rows, note=_NOTE),
        TextTable(title="Where the online policy does not beat a stopping rule", rows=where, note=_BEATEN_NOTE),
        TextTable(title="Is a controlled risk held on other problems?", rows=risks, note=_RISK_NOTE),
    )


def beaten_counts(stopping: pd.DataFrame) -> tuple[str, ...]:
    """How often the online policy beats a stopping rule at equal spending.

    Args:
        stopping: ``STOPPING``.

    Returns:
        A line per verifier and unit.
    """
    return tuple(
        f"{verifier_name(str(verifier))}: online policy against {len(rows)} settings of stopping rules at equal {unit}: "
        + ", ".join(f"{outcome} {count}" for outcome, count in _counts(rows).items() if count)
        for (verifier, unit), rows in stopping.groupby(["verifier", "unit"], sort=False)
    )


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    counts = rows["verdict"].fillna(_UNKNOWN).value_counts()
    return {outcome: int(counts.get(outcome, 0)) for outcome in ("wins", "undecided", "loses", _UNKNOWN)}


def _not_beaten_row(verifier: str, unit: str, rows: pd.DataFrame) -> dict[str, str]:
    behind = [f"{row['rule']}, {row['setting']}" for row in rows[rows["verdict"] == "loses"].to_dict("records")]
    counts = {outcome: str(count) for outcome, count in _counts(rows).items()}
    named = {"verifier": verifier_name(verifier), "at equal": unit}
    words = {"loses to": "; ".join(behind) or "none", "the online policy, rule by rule": _by_rule(rows)}
    return named | counts | words


def _by_rule(rows: pd.DataFrame) -> str:
    """In words, what came of the online policy against each rule, and at which of its settings."""
    sentences = []
    for rule, of_rule in rows.groupby("rule", sort=False):
        outcomes = of_rule["verdict"].fillna(_UNKNOWN)
        settings_of_outcome = {
            outcome: ", ".join(settings) for outcome, settings in of_rule["setting"].groupby(outcomes, sort=False)
        }
        if list(settings_of_outcome) == ["wins"]:
            sentences.append(f"{rule}: wins at every setting")
        else:
            sentences.append(
                f"{rule}: " + "; ".join(f"{outcome} at {settings}" for outcome, settings in settings_of_outcome.items())
            )
    return ". ".join(sentences)


def _settings(stopping: pd.DataFrame) -> Iterator[pd.DataFrame]:
    yield from (group for _, group in stopping.groupby(["verifier", "rule", "setting"], sort=False))


def _rule_row(by_unit: pd.DataFrame, units: list[str], several: bool) -> dict[str, str]:
    first = by_unit.iloc[0].to_dict()
    row = {"verifier": verifier_name(str(first["verifier"]))} if several else {}
    row |= {"rule": str(first["rule"]), "setting": str(first["setting"]), "accuracy [95 %]": cell(first, "accuracy")}
    for unit in units:
        of_unit = by_unit.loc[unit].to_dict()
        bounds = {"low": of_unit["factor_low"], "high": of_unit["factor_high"]}
        gap = cell(of_unit, "difference", POINTS)
        row[unit] = cost(float(of_unit["cost"]))
        row[f"times fewer {unit} [95 %]"] = factor(of_unit | bounds)
        row[f"difference at equal {unit} [95 %]"] = f"{gap} ({of_unit['verdict']})" if gap else _UNKNOWN
    return row


def _risk_row(row: Mapping[Any, Any], several: bool) -> dict[str, str]:
    return ({"verifier": verifier_name(str(row["verifier"]))} if several else {}) | {
        "controlled": str(row["setting"]),
        "measured on half": str(row["half"]),
        "threshold": f"{row['threshold']:.2f}" if row["threshold"] <= 1 else "never",
        "risk [95 %]": cell(row, "risk"),
        "problems": str(row["n_problems"]),
    }
