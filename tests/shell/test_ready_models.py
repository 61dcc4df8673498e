"""Models that are taken as they are, and those that are trained: what the parameters say otherwise is told before a run."""

from typing import Any

import pytest
from configured import CONF, parameters
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline

from stepscale.environments import pipelines_of
from stepscale.errors import InputError
from stepscale.hooks.ready_models import check_ready_models
from stepscale.pipeline_registry import PIPELINES


def check(names: list[str], blocks: dict[str, Any]) -> None:
    whole = sum((PIPELINES[name]() for name in names), Pipeline([]))
    check_ready_models(whole, DataCatalog({"parameters": MemoryDataset(blocks)}))


@pytest.mark.parametrize(
    ("pipeline", "block", "changes", "line"),
    [
        ("ready_generator", "generator", {"fine_tuning": {"epochs": 1}}, r"generator\.fine_tuning: .* set it to null"),
        ("ready_prm", "verifiers", {}, r"verifiers: no PRM is named that is ready"),
        ("ready_critic", "solve_or_verify", {}, r"solve_or_verify\.critic: none is named"),
        ("solve_or_verify", "solve_or_verify", {"critic": {"base": "m"}}, r"solve_or_verify\.critic: one is named"),
    ],
)
def test_what_the_parameters_do_not_name_is_told_before_anything_runs(
    pipeline: str, block: str, changes: dict[str, Any], line: str
) -> None:
    base = parameters("base")
    with pytest.raises(InputError, match=f"^{line}"):
        check([pipeline], base | {block: base[block] | changes})


@pytest.mark.parametrize("env", [folder.name for folder in CONF.iterdir() if (folder / "run.yml").is_file()])
def test_every_environment_names_the_models_that_it_takes_as_they_are(env: str) -> None:
    written = parameters(env)
    if env == "samples":
        written["search"]["given_samples"]["path"] = "samples.jsonl"  # which the command line names
    check(pipelines_of(env, str(CONF)), written)


def test_where_a_prm_is_ready_no_node_makes_or_asks_an_orm() -> None:
    assert PIPELINES["ready_prm"]().all_outputs() == {"prm_model"}
    served = sum((PIPELINES[name]() for name in pipelines_of("served", str(CONF))), Pipeline([]))
    judged = PIPELINES["judge_samples_by_prm"]()
    for pipeline in (served, judged):
        assert "orm_model" not in pipeline.datasets()
        assert {node.name for node in pipeline.nodes} & {"score_with_prm", "score_with_orm"} == {"score_with_prm"}


def test_a_critic_that_is_named_needs_no_critiques() -> None:
    ready, trained = PIPELINES["ready_critic"](), PIPELINES["solve_or_verify"]()
    assert trained.all_outputs() - ready.all_outputs() == {"critiques"}
    assert trained.inputs() - ready.inputs() == {"problems", "pool_solutions"}
