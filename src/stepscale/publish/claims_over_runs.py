"""Every claim over several runs, from the quantities that each run's ``claims.json`` holds: seeds are a second source of chance.

In: data folders of finished runs, each with a seed of its own. Out: claims settled by intervals over runs and the problems within
each (``estimators.over_runs``). A claim that some run did not measure, or measured by other quantities, is left out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stepscale.errors import InputError
from stepscale.estimators.over_runs import combined_interval
from stepscale.estimators.quantities import Quantity, quantity
from stepscale.publish.run_files import read_run_file
from stepscale.report.claims import CLAIMS, Claim, settle
from stepscale.seeds import seed_for

Rows = Mapping[str, Mapping[str, Any]]  # quantities of a claim in one run, by name


def claims_over_runs(folders: Sequence[Path], resamples: int) -> list[Claim]:
    """The claims that all runs measured, each settled once over them.

    Args:
        folders: Data folder of each run.
        resamples: Bootstrap resamples of the problems.

    Returns:
        Claims; none where a run has no claims written.

    Raises:
        InputError: The claims of a run are damaged.
    """
    runs = [_quantities(folder) for folder in folders]
    claims = []
    for claim in CLAIMS:
        measured = [run.get(claim.id, {}) for run in runs]
        names = [name for name, row in measured[0].items() if row["decides"]] if measured else []
        if names and all(set(names) <= set(rows) for rows in measured):
            parts = {name: _combined(name, [rows[name] for rows in measured], resamples) for name in names}
            claims.append(settle(claim.id, parts, len(folders)))
    return claims


def _quantities(folder: Path) -> dict[str, Rows]:
    """By claim the quantities of a run, each by its name.

    Raises:
        InputError: They are damaged.
    """
    path = folder / "08_reporting" / "claims.json"
    claims = read_run_file(path) if path.is_file() else []
    try:
        return {claim["id"]: {row["name"]: row for row in claim.get("quantities", ())} for claim in claims}
    except (TypeError, KeyError, AttributeError):
        raise InputError(f"{path} does not hold the claims of a run; run the pipeline reporting again") from None


def _combined(name: str, rows: Sequence[Mapping[str, Any]], resamples: int) -> Quantity:
    first, measured = rows[0], [row for row in rows if row["estimate"] is not None and row["error"] is not None]
    unmet = next((row["unmet"] for row in rows if row["unmet"]), "")
    if len(measured) < len(rows) and not unmet:
        unmet = "not measured in every run"
    sizes = [row["n_problems"] for row in rows]
    interval = combined_interval(
        [row["estimate"] for row in measured] or [0.0],
        [row["error"] for row in measured] or [0.0],
        resamples,
        seed_for(0, f"quantity {name}"),
        first["level"],
        None if None in sizes else sum(sizes),
    )
    notes = dict.fromkeys(row["note"] for row in rows if row["note"])
    return quantity(interval, first["effect"], first["above"], unmet, "; ".join(notes))
