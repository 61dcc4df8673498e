"""What every environment may be told, and what is refused before anything runs."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from configured import CONF, parameters
from omegaconf import OmegaConf

from stepscale.errors import InputError
from stepscale.parameters import RevisionsBlock, check_parameters, settings_of
from stepscale.revisions.data import RevisionData


@pytest.mark.parametrize("env", ["base", "math_rollouts", "smoke", "studies", "thorough"])
def test_every_environment_has_as_many_samples_as_its_searches_have_budgets(env: str) -> None:
    block = check_parameters(parameters(env))
    assert block.search.given_samples is None and settings_of(block, "search_settings")


EIGHT = {"problems": 4, "samples": {"per_problem": 8, "problems_per_shard": 4}}
SHALLOW: dict[str, Any] = {
    "pool": EIGHT,
    "test": EIGHT,
    "design": {"sizes": [1, 8], "seeds": 1, "budgets": [1, 16]},
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"problems": {"source": "files"}}, "problems: .*source: files needs train and test"),
        ({"experiment": None}, "experiment: Input should be a valid dictionary"),
        ({"report": {"budgets": [64, 1], "bootstrap": 100}}, "report.budgets: .*must rise"),
        ({"pool": {"train": {"per_problem": 10**30, "problems_per_shard": 1}}}, "pool.train.per_problem: .*1048576"),
    ],
)
def test_a_wrong_block_is_refused_whatever_runs(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_parameters({**parameters("base"), **changes})


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "supervision_settings",
            {"experiment": SHALLOW},
            r"experiment\.design\.budgets: 16 is above the 8 samples .*experiment\.test\.samples",
        ),
        (
            "loop_settings",
            {"experiment": {**SHALLOW, "design": {"sizes": [1, 8], "seeds": 1, "budgets": [1, 8]}}},
            r"loop\.per_problem: .*: 15 is above the 8 samples .*experiment\.pool\.samples",
        ),
        *(
            (
                name,
                {"pool": {"train": {"per_problem": 2, "problems_per_shard": 1}, "labeler": "rollouts"}},
                "pool.labeler: rollouts give values and no ratings, .* leave out the pipelines supervision",
            )
            for name in ("supervision_settings", "rollout_settings", "release_settings")
        ),
    ],
)
def test_what_would_end_in_a_crash_after_hours_is_refused_where_it_is_run_and_nowhere_else(
    name: str, changes: dict[str, Any], message: str
) -> None:
    block = check_parameters({**parameters("base"), **changes})
    with pytest.raises(InputError, match=message):
        settings_of(block, name)
    assert settings_of(block, "search_settings")


@pytest.mark.parametrize(
    ("keys", "changes", "message"),
    [
        (["generator", "fine_tuning"], {"patience": 2}, r"generator\.fine_tuning: .*learns from all of its examples"),
        (["larger"], {"fine_tuning": {"patience": 2}}, r"larger\.fine_tuning: .*learns from all of its examples"),
        (["revisions"], {"validation_share": 0, "fine_tuning": {"patience": 2}}, r"revisions: .*validation_share is 0"),
        (
            ["verifiers", "prm", "optimization"],
            {"evaluations_per_epoch": 0},
            r"rollouts\.patience waits for evaluations",
        ),
        (["revisions", "fine_tuning"], {"keep": "last"}, r"revisions\.fine_tuning: .*patience is null"),
    ],
)
def test_a_training_that_could_not_stop_as_asked_is_refused_before_it_is_reached(
    keys: list[str], changes: dict[str, Any], message: str
) -> None:
    all_parameters = parameters("base")
    block = all_parameters
    for key in keys:
        block[key] = dict(block[key])
        block = block[key]
    block.update(changes)
    with pytest.raises(InputError, match=message):
        settings_of(check_parameters(all_parameters), "rollout_settings")


def test_the_docs_settings_of_the_paper_s_revisions_are_parameters() -> None:
    page = (CONF.parent / "docs" / "revisions.md").read_text()
    block = page.split("```yaml\nrevisions:", 1)[1].split("```", 1)[0]
    base = OmegaConf.create(parameters("base")["revisions"])
    merged = OmegaConf.to_container(OmegaConf.merge(base, yaml.safe_load("revisions:" + block)["revisions"]))
    checked = check_parameters(parameters("math_rollouts") | {"revisions": merged}).revisions
    assert checked and checked.fine_tuning.keep == "last" and checked.samples
    lab, paper = RevisionsBlock.model_validate(parameters("base")["revisions"]).data, RevisionData()
    assert checked.data.model_copy(update={"layout": paper.layout}) == paper, "nothing of the lab's is left"
    assert checked.data.layout.max_tokens != lab.layout.max_tokens
    assert checked.data.layout.text("x", [["y"]]) == paper.layout.text("x", [["y"]])
    fitted = checked.fine_tuning
    assert fitted.batch_size * fitted.gradient_accumulation == 128 and checked.samples.per_problem == 64


def test_a_base_in_the_home_folder_is_found_wherever_it_is_opened() -> None:
    block = parameters("base")
    block["verifiers"] = {**block["verifiers"], "base": "~/model"}
    assert check_parameters(block).verifiers.base == str(Path.home() / "model")
    assert check_parameters(block).generator.base == "data/01_raw/lab_base"


def test_a_file_in_the_home_folder_is_found_too() -> None:
    block = parameters("samples")
    block["search"]["given_samples"]["path"] = "~/samples.jsonl"
    block["generator"]["prompt"] = {"style": "few_shot", "path": "~/phase1_train.jsonl"}
    typed = check_parameters(block)
    assert typed.search.given_samples.path == str(Path.home() / "samples.jsonl")
    assert typed.generator.prompt.path == str(Path.home() / "phase1_train.jsonl")


def test_a_search_beyond_the_samples_is_one_line_that_names_key_and_remedy() -> None:
    block = parameters("base")
    block["search"] = {**block["search"], "samples": {"per_problem": 32, "problems_per_shard": 60}}
    with pytest.raises(InputError) as refused:
        settings_of(check_parameters(block), "search_settings")
    assert str(refused.value) == (
        "parameters: tree_search.budgets: 64 is above the 32 samples per problem that searches are compared with; lower it or "
        "raise search.samples.per_problem (see conf/base/parameters.yml)"
    )
    theirs = {**block["search"], "given_samples": {"path": "theirs.jsonl", "format": "best_of_n"}}
    settings_of(
        check_parameters({**block, "search": theirs}), "search_settings"
    )  # how many there are is known when they are read
