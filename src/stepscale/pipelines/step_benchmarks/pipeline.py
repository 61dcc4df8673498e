"""The run's PRM on published step benchmarks, and its part of the report."""

from pathlib import Path

import pandas as pd
from kedro.pipeline import Node, Pipeline

from stepscale.parameters import ReportBlock, StepBenchmarks, VerifierBlock
from stepscale.pipelines.named import named
from stepscale.studies.step_benchmarks.figures import step_benchmarks_part


def create_pipeline() -> Pipeline:
    """The step benchmarks pipeline."""
    nodes = [
        Node(
            measure_prm,
            inputs=named("prm_model", "params:step_benchmarks", "params:verifiers", "params:report", "params:seed"),
            outputs="step_benchmarks",
            name="measure_on_step_benchmarks",
        ),
        Node(
            step_benchmarks_part,
            inputs={"table": "step_benchmarks"},
            outputs="step_benchmarks_part",
            name="show_step_benchmarks",
        ),
    ]
    return Pipeline(nodes, tags="step_benchmarks")


def measure_prm(
    prm_model: Path, step_benchmarks: StepBenchmarks, verifiers: VerifierBlock, report: ReportBlock, seed: int
) -> pd.DataFrame:
    """How well the run's PRM judges the steps of the benchmarks that are given.

    Args:
        prm_model: Folder of the PRM.
        step_benchmarks: Where the benchmarks are.
        verifiers: Where the PRM runs.
        report: Resamples of the intervals.
        seed: Decides them.
    """
    from stepscale.formats.read_once import read_benchmark
    from stepscale.studies.step_benchmarks.measure import check_part, measure_benchmarks, score_benchmark
    from stepscale.verifiers.open_verifier import open_verifier

    tables = {
        name: read_benchmark(source.path, source.format, source.options)
        for name, source in step_benchmarks.sources.items()
    }
    if "processbench" in tables:
        check_part(tables["processbench"], step_benchmarks.choose_on)
    verifier = open_verifier(prm_model, "prm", verifiers.placement)
    scored = {name: score_benchmark(table, verifier) for name, table in tables.items()}
    return measure_benchmarks(scored, "prm", step_benchmarks.choose_on, report.bootstrap, seed)
