"""What the report measures and says about the comparison of supervision."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table
from mlflow import MlflowClient

from stepscale.parameters import ExperimentBlock, PRMBlock, ReportBlock, VerifierBlock
from stepscale.pipelines.supervision.measuring import log_label_overlap
from stepscale.studies.supervision.data_efficiency import APART
from stepscale.studies.supervision.figures import confounds
from stepscale.studies.supervision.measure import measure_supervision
from stepscale.supervision.points import ACTIVE, ARMS, BLIND, PROCESS

SIZES = (1, 2, 4)
PART = {"problems": 2, "samples": {"per_problem": 8, "problems_per_shard": 2}}
EXPERIMENT = ExperimentBlock.model_validate(
    {"pool": PART, "test": PART, "design": {"sizes": SIZES, "seeds": 2, "budgets": [1, 8], "ablations": []}}
)
REPORT = ReportBlock(budgets=(1, 8), bootstrap=100)


def points() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return points_table(
        [
            (arm, size, seed, n, f"p{i}", 0.3 + (n > 1) * (0.05 * np.log2(size) + rng.normal(0, 0.05)) + i / 100)
            for arm in ARMS
            for size in SIZES
            for seed in range(2)
            for n in (1, 8)
            for i in range(10)
        ]
    )


def selections(shared: int) -> pd.DataFrame:
    """Four samples a problem and arm; the first ``shared`` of active learning's are the uniform ones."""
    rows = [
        (arm, seed, f"t{i}", sample if arm == PROCESS or sample < shared else 100 + sample, size)
        for arm in (PROCESS, ACTIVE)
        for seed in range(2)
        for i in range(3)
        for sample, size in enumerate((1, 2, 4, 4))
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "problem_id", "sample_id", "per_problem"])


def test_pass_at_1_and_the_shared_labels_are_measured_and_decide_nothing() -> None:
    got = measure_supervision(points(), selections(1), EXPERIMENT, REPORT, 0)
    tables = got["tables"]
    assert tables["by_size"]["label"].tolist().count(BLIND) == 2
    assert tables["overlap"]["overlap"].tolist() == [1, 0.5, 0.25]
    saved = tables["saved"]
    unlike = saved["measure"].str.endswith(APART)
    assert unlike.sum() == 3, "the size at which all is shared is left out of a second fit"
    none = measure_supervision(points(), selections(1).head(0), EXPERIMENT, REPORT, 0)
    assert "overlap" not in none["tables"] and none["claims"] == got["claims"]
    pd.testing.assert_frame_equal(none["tables"]["saved"], saved[~unlike].reset_index(drop=True))


@pytest.mark.parametrize("shared", [0, 4])
def test_there_is_no_second_fit_where_it_would_be_the_first_or_stand_on_nothing(shared: int) -> None:
    saved = measure_supervision(points(), selections(shared), EXPERIMENT, REPORT, 0)["tables"]["saved"]
    assert len(saved) and not saved["measure"].str.endswith(APART).any()


def test_shared_labels_are_a_history_in_mlflow(client: MlflowClient) -> None:
    import mlflow

    with mlflow.start_run() as run:
        log_label_overlap({"overlap": pd.DataFrame([{"per_problem": 16, "overlap": 0.54}])})
    [point] = client.get_metric_history(run.info.run_id, "label_overlap")
    assert (point.step, point.value) == (16, 0.54)


def verifiers(prm: dict[str, Any], orm: dict[str, Any]) -> VerifierBlock:
    plain = {"base": "b", "prompt": "{problem}", "prm": {}, "orm": {}}
    return VerifierBlock.model_validate(plain | {"small": {"base": "b", "prm": prm, "orm": orm}})


def test_what_the_arms_differ_in_besides_supervision_is_said() -> None:
    tokens = {"head_init_tokens": ["<bad>", "<ok>", "<good>"]}
    confounds_text = confounds(
        verifiers({**tokens, "optimization": {"epochs": 3}}, {"optimization": {"epochs": 1}}), in_lab=True
    )
    assert (
        "pretrained on symbolic step ratings (docs/lab.md), so even the smallest cell does not start from nothing"
        in confounds_text
    )
    assert "Process arms learn for 3 epochs and outcome arms for 1" in confounds_text
    assert "pretrained" not in confounds(verifiers(tokens, {}), in_lab=False)
    alone = confounds(verifiers({}, {}), in_lab=True)
    assert alone == "PRM_large is the run's own PRM: it learned from more labels than the small verifiers have."
    large = verifiers({}, {}).model_copy(update={"large": PRMBlock.model_validate({"base": "b", "prm": {}})})
    assert confounds(large, in_lab=True) == ""
