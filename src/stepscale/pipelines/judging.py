"""Verifiers judged on validation problems: numbers, tables, and a child run of MLflow for each verifier."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stepscale.engine.placement import Placement
from stepscale.verifiers.saved import Kind

logger = logging.getLogger(__name__)


class Judged(NamedTuple):
    """A verifier and the examples it is held against."""

    name: str
    kind: Kind
    folder: Path
    examples: list[Any]


def judge(
    verifiers: Sequence[Judged], whole_solutions: list[Any], placement: Placement
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """Metrics by verifier, calibration bins and step positions.

    Args:
        verifiers: Who is judged, on what.
        whole_solutions: Solutions of which PRMs are to name the first error.
        placement: Where verifiers compute.
    """
    from stepscale.verifiers.evaluation import evaluate
    from stepscale.verifiers.open_verifier import open_verifier

    numbers, bins, positions = dict[str, Any](), list[pd.DataFrame](), list[pd.DataFrame]()
    for name, kind, folder, examples in verifiers:
        verifier = open_verifier(folder, name, placement)
        metrics, calibration, by_position = evaluate(verifier, kind, examples, whole_solutions)
        _log(name, kind, metrics, {"calibration.csv": calibration, "positions.csv": by_position})
        numbers[name] = metrics
        bins.append(calibration)
        positions.append(by_position)
    return numbers, pd.concat(bins, ignore_index=True), pd.concat(positions, ignore_index=True)


def _log(name: str, kind: str, metrics: Mapping[str, float], tables: Mapping[str, pd.DataFrame]) -> None:
    from stepscale.tracking import child_run, current_run

    logger.info("%s on validation problems: %s", name, without_bounds(metrics))
    defined = {key: value for key, value in metrics.items() if value == value}
    if parent := current_run():  # by these, runs are compared
        parent.metrics({f"{name}.{key}": value for key, value in defined.items()})
    with child_run(f"{name} on validation problems", {"verifier": name, "kind": kind}) as run:
        run.metrics(defined)
        for file, table in tables.items():
            run.text(table.to_csv(index=False), file)


def without_bounds(metrics: Mapping[str, float]) -> str:
    """Metrics as one line of the log; their intervals are in the tables.

    Args:
        metrics: Metrics of one verifier, by name.
    """
    return ", ".join(f"{name} {value:.3f}" for name, value in metrics.items() if not name.endswith(("_low", "_high")))
