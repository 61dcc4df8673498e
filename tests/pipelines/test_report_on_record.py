"""What reporting leaves in MLflow: the page, and every curve as a history of metrics."""

from pathlib import Path

import mlflow
import pandas as pd
from configured import parameters
from mlflow import MlflowClient

from stepscale.parameters import check_parameters
from stepscale.pipelines.curve_logging import log_best_of_n, log_search_curves
from stepscale.pipelines.reporting.page import keep_report, report
from stepscale.pipelines.revisions.measuring import log_revision_curves

CURVES = pd.DataFrame(
    [
        ["generations", "best-of-N", 4, 0.5],
        ["generations", "best-of-N", 16, 0.6],
        ["FLOPs", "beam, M = sqrt(N)", 8e6, 0.7],
    ],
    columns=["unit", "label", "n", "accuracy"],
).assign(low=0.3, high=0.8)
BEST = pd.DataFrame(
    {
        "method": ["best_of_n", "majority"],
        "verifier": ["prm", None],
        "n": 4,
        "accuracy": [0.6, 0.5],
        "low": 0.4,
        "high": 0.7,
    }
)


def test_the_page_and_the_curves_are_read_back_from_the_run(client: MlflowClient, tmp_path: Path) -> None:
    positions = pd.DataFrame({"position": [0, 1], "accuracy": [0.4, 0.45], "low": 0.35, "high": [0.5, 0.55]})
    with mlflow.start_run() as run:
        keep_report("<html>figures</html>")
        log_search_curves({"curves": CURVES})
        log_revision_curves({"positions": positions, "curves": CURVES})
        log_best_of_n(BEST, {"heldout_curves": BEST.assign(accuracy=0.3)})
    got = client.download_artifacts(run.info.run_id, "report.html", str(tmp_path))
    assert Path(got).read_text() == "<html>figures</html>"

    def history(name: str) -> list[tuple[int, float]]:
        return [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)]

    assert history("search.generations.best-of-N") == [(4, 0.5), (16, 0.6)]
    assert history("search.generations.best-of-N_low") == [(4, 0.3), (16, 0.3)]
    assert history("search.FLOPs.beam M  sqrtN_high") == [(8000, 0.8)]
    assert history("search.FLOPs.beam M  sqrtN") == [(8000, 0.7)]
    assert history("scaling.best_of_n.prm") == [(4, 0.6)] and history("scaling.majority") == [(4, 0.5)]
    assert history("scaling.best_of_n.prm_low") == [(4, 0.4)] and history("scaling.majority_high") == [(4, 0.7)]
    assert history("scaling_heldout.best_of_n.prm") == [(4, 0.3)]
    assert history("revisions.generations.best-of-N") == [(4, 0.5), (16, 0.6)]
    assert history("revisions.chain.pass at 1") == [(1, 0.4), (2, 0.45)]
    assert history("revisions.chain.pass at 1_high") == [(1, 0.5), (2, 0.55)]


def test_the_page_has_parameters_as_written_whether_or_not_kedro_has_typed_them() -> None:
    written = parameters("smoke")
    typed = {"search": check_parameters(written).search}
    plain, partly = (report([], [], [], {"seed": "0"}, one)["report"] for one in (written, written | typed))
    assert "per_problem 4" in plain and "SampleCounts" not in partly
    assert plain == partly


def test_without_a_run_or_without_curves_nothing_is_written() -> None:
    keep_report("page")
    log_search_curves({"curves": CURVES.head(0)})
    log_best_of_n(BEST, {})
    assert mlflow.active_run() is None
