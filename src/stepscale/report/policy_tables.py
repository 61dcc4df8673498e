"""What compute-optimal policies chose and what they save, as tables of the report and of the page of results."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

SMALL = 4  # the least budget shown: from it on searches, and chains both long and many, can differ
SAVINGS_NOTE = (
    "How many times less the policy spends to be as accurate as the baseline with N; in brackets the 95 % interval over "
    "problems, where 0 stands for never as accurate. Against generations a compute-optimal policy is chosen at equal "
    "generations, against tokens and FLOPs at equal cost."
)
CHOSEN_NOTE = (
    "Bin 1 is the easiest fifth of the problems, by the generator's pass rate. The problems of a bin are halved; what one half "
    "chooses is measured on the other. Where the halves disagree, the choice may be chance."
)


def factor_told(row: Mapping[Any, Any]) -> str:
    """As "1.60x [0.90, 3.25]", "at least 1.60x ..." where the least it can spend is enough, "never matched [0.00, 2.00]"."""
    bounds = f"[{row['low']:.2f}, {row['high']:.2f}]"
    if row["status"] == "never matched":
        return f"never matched {bounds}"
    return f"{'at least ' if row['status'] == 'at least' else ''}{row['factor']:.2f}x {bounds}"


def savings_rows(savings: pd.DataFrame) -> list[dict[str, str]]:
    """A row a (policy, budget N of the baseline, from ``SMALL`` on), a column a unit; and the accuracy to match."""
    rows = []
    for (policy, n), own in savings[savings["n"] >= SMALL].groupby(["policy", "n"], sort=False):
        accuracy, error = float(own["accuracy"].iloc[0]), float(own["error"].iloc[0])
        told = f"{accuracy:.1%}" + (f" ± {error:.2%}" if error == error else "")
        factors = {str(row["unit"]): factor_told(row) for row in own.to_dict("records")}
        rows.append({"policy": str(policy), "N": str(n), "accuracy to match": told, **factors})
    return rows


def chosen_rows(chosen: pd.DataFrame, kind: str = "oracle") -> list[dict[str, str]]:
    """A row a bin, from the easiest: what each half chose at equal generations, at a small budget and at the largest."""
    own = chosen[(chosen["bins"] == kind) & (chosen["unit"] == "generations")] if len(chosen) else chosen
    if own.empty:
        return []
    largest = int(own["budget"].max())
    small = min((int(n) for n in own["budget"].unique() if n >= SMALL), default=largest)
    at = own.set_index(["bin", "budget", "fold"])["strategy"]
    return [
        {"bin": str(b)}
        | {
            f"N = {n}, half {by}": str(at[b, n, fold])
            for n in sorted({small, largest})
            for by, fold in (("A", 1), ("B", 0))
        }
        for b in sorted(own["bin"].unique())
    ]
