"""Nodes that copy curves into the MLflow run as metric histories: step = generations, tokens or FLOPs / 1000 per problem."""

from collections.abc import Mapping

import pandas as pd

_COLUMNS = {"accuracy": "", "low": "_low", "high": "_high"}  # of a table of curves, by the ending of the history's name


def log_best_of_n(curves: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> None:
    """The scaling curves with the bounds of their intervals (``_low``, ``_high``); step = N.

    Args:
        curves: Table ``curves`` of the test problems: method, verifier, n, accuracy, low, high.
        tables: The tables of best-of-N by name; ``heldout_curves``, if there, is logged as ``scaling_heldout``.
    """
    from stepscale.tracking import current_run

    run = current_run()
    measured = {"scaling": curves}
    if "heldout_curves" in tables:
        measured["scaling_heldout"] = tables["heldout_curves"]
    for start, table in measured.items():
        if run:
            verifier = table["verifier"].map(lambda name: f".{name}" if isinstance(name, str) else "")
            curve = f"{start}." + table["method"] + verifier
            for column, ending in _COLUMNS.items():
                run.history(zip(curve + ending, table["n"], table[column], strict=True))


def log_curves(part: str, curves: pd.DataFrame) -> None:
    """Accuracy by strategy with the bounds of its interval (``_low``, ``_high``).

    Args:
        part: What the names of the histories begin with.
        curves: Columns unit, label, n, accuracy, low, high.
    """
    from stepscale.tracking import current_run

    run = current_run()
    if run and len(curves):
        names = f"{part}." + curves["unit"] + "." + curves["label"]
        in_flops = curves["unit"] == "FLOPs"
        steps = curves["n"].where(~in_flops, curves["n"] / 1000).round().astype("int64")
        for column, ending in _COLUMNS.items():
            run.history(zip(names + ending, steps, curves[column], strict=True))


def log_search_curves(tables: Mapping[str, pd.DataFrame]) -> None:
    """Accuracy of every search and policy.

    Args:
        tables: The tables of the study, by name.
    """
    log_curves("search", tables["curves"])
