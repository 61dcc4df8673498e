"""What the report and the command say about step benchmarks."""

import pandas as pd

from stepscale.report.number_formats import interval
from stepscale.report.part import Part, TextTable
from stepscale.studies.best_of_n.figures import verifier_name
from stepscale.studies.step_benchmarks.measure import FIXED

_NOTE = (
    "A step is called wrong if its P(negative) is above the threshold. A chosen threshold has the greatest F1 on one part of "
    "ProcessBench and is kept for all others; that part has no score with it. Brackets are 95 % intervals over problems."
)


def step_benchmarks_part(table: pd.DataFrame) -> Part:
    """The part of the report on published step benchmarks.

    Args:
        table: ``STEP_BENCHMARKS``.
    """
    benchmarks = TextTable(title="Published step benchmarks", rows=benchmark_rows(table), note=_NOTE)
    return Part(name="step-benchmarks", title="How well does the PRM find wrong steps elsewhere?", tables=(benchmarks,))


def benchmark_rows(table: pd.DataFrame) -> tuple[dict[str, str], ...]:
    """A row of text per verifier, benchmark, part and metric.

    Args:
        table: ``STEP_BENCHMARKS``.

    Returns:
        Text by column head, with a column per threshold.
    """
    thresholds = table.drop_duplicates(["verifier", "chosen_on"])
    heads = list(dict.fromkeys(map(_head, thresholds["chosen_on"])))
    rows: list[dict[str, str]] = []
    for (verifier, benchmark, part, metric), group in table.groupby(
        ["verifier", "benchmark", "part", "metric"], sort=False
    ):
        named = {"verifier": verifier_name(str(verifier)), "benchmark": str(benchmark), "part": str(part)}
        cells = {
            _head(
                row["chosen_on"]
            ): f"{interval(row['value'], row['low'], row['high'], '.1%')} at {row['threshold']:.3f}"
            for row in group.to_dict("records")
        }
        solutions = str(group["n_solutions"].iloc[0])
        rows.append(
            named | {"metric": str(metric)} | {head: cells.get(head, "") for head in heads} | {"solutions": solutions}
        )
    return tuple(rows)


def _head(chosen_on: object) -> str:
    return "threshold fixed" if chosen_on == FIXED else f"threshold chosen on {chosen_on}"
