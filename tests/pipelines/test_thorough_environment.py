"""The environment for tight intervals: base with other sizes, nothing else, and large enough for every claim."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stepscale.errors import InputError
from stepscale.parameters import Parameters, check_parameters
from stepscale.tracking import flatten

CONF = Path(__file__).resolve().parents[2] / "conf"
SIZES = {
    "problems", "per_problem", "problems_per_shard", "samples", "sizes", "seeds", "budgets", "per_step", "scored_samples",
    "strategies", "ablations", "train", "test", "heldout", "epochs", "least_steps",
}  # fmt: skip


def parameters(env: str) -> dict[str, Any]:
    from kedro.config import OmegaConfigLoader

    from stepscale.settings import CONFIG_LOADER_ARGS

    loader = OmegaConfigLoader(str(CONF), env=env, **CONFIG_LOADER_ARGS)
    return dict(loader["parameters"])


@pytest.fixture(scope="module")
def thorough() -> Parameters:
    return check_parameters(parameters("thorough"))


def differing(base: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    ours, theirs = flatten(other), flatten(base)
    return (name for name, value in ours.items() if theirs.get(name) != value)


def test_only_sizes_and_prm_large_differ_from_base() -> None:
    changed = list(differing(parameters("base"), parameters("thorough")))
    names = {name.rsplit(".", 1)[-1] for name in changed if not name.startswith("verifiers.large.")} - {"seed"}
    assert names and names <= SIZES
    assert len(names) < len(changed), "PRM_large is larger than in base"
    assert parameters("thorough")["seed"] != parameters("base")["seed"], "base's test problems chose the temperature"


def test_every_strategy_of_base_is_searched(thorough: Parameters) -> None:
    base = check_parameters(parameters("base"))
    assert base.tree_search and thorough.tree_search
    assert set(base.tree_search.strategies) <= set(thorough.tree_search.strategies)
    assert {o.k for o in thorough.tree_search.strategies if o.method == "lookahead"} == {1, 3}
    assert max(thorough.tree_search.budgets) == 256


def test_sizes_are_those_of_the_paper_where_two_hours_allow(thorough: Parameters) -> None:
    assert thorough.experiment and thorough.loop and thorough.revisions
    design = thorough.experiment.design
    assert (design.sizes[0], design.sizes[-1]) == (1, 200) and len(design.sizes) >= 5
    mixes = {(a.selection.strategy, getattr(a.selection, "wrong_share", None), getattr(a.selection, "scope", "problem"))
             for a in design.ablations}  # fmt: skip
    assert {("convincing", 1, "problem"), ("convincing", 1, "global"), ("convincing", 0.5, "problem")} <= mixes
    assert ("uncertain", None, "problem") in mixes
    assert design.seeds >= 3 and thorough.loop.seeds >= 3
    assert max(design.budgets) >= 64 and thorough.experiment.pool.samples.per_problem >= 4 * design.sizes[-1]
    assert max(thorough.revisions.budgets) >= 64
    assert thorough.problems.lab and thorough.problems.lab.test * thorough.search.samples.per_problem >= 300 * 1024


def test_samples_measured_are_samples_drawn(thorough: Parameters) -> None:
    assert thorough.experiment and thorough.loop and thorough.rollouts
    assert max(thorough.report.budgets) <= thorough.search.samples.per_problem
    assert thorough.rollouts.scored_samples <= thorough.search.samples.per_problem
    most = thorough.experiment.test.samples.per_problem
    assert max(thorough.experiment.design.budgets) <= most and max(thorough.loop.budgets) <= most


@pytest.mark.parametrize("env", ["base", "best_of_n", "math", "math_rollouts", "smoke", "thorough"])
def test_every_environment_has_as_many_samples_as_its_searches_have_budgets(env: str) -> None:
    assert check_parameters(parameters(env)).search.given_samples is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"problems": {"source": "files"}}, "problems: .*source: files needs train and test"),
        ({"experiment": None}, "loop: it draws on the experiment's pool, and experiment is null"),
        ({"report": {"budgets": [64, 1], "bootstrap": 100}}, "report.budgets: .*must rise"),
        (
            {"pool": {"train": {"per_problem": 2, "problems_per_shard": 1}, "labeler": "rollouts"}, "release": None},
            "pool.labeler: rollouts give values and no ratings, .* set experiment and rollouts to null",
        ),
    ],
)
def test_what_would_end_in_a_crash_after_hours_is_refused_at_once(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_parameters({**parameters("base"), **changes})


@pytest.mark.parametrize(
    ("keys", "changes", "said"),
    [
        (["generator", "fine_tuning"], {"patience": 2}, r"generator\.fine_tuning: .*learns from all of its examples"),
        (["larger"], {"fine_tuning": {"patience": 2}}, r"larger\.fine_tuning: .*learns from all of its examples"),
        (["revisions"], {"validation_share": 0, "fine_tuning": {"patience": 2}}, r"revisions: .*validation_share is 0"),
        (["revisions", "fine_tuning"], {"keep": "last"}, r"revisions\.fine_tuning: .*patience is null"),
    ],
)
def test_a_training_that_could_not_stop_as_asked_is_refused_before_it_is_reached(
    keys: list[str], changes: dict[str, Any], said: str
) -> None:
    given = parameters("base")
    block = given
    for key in keys:
        block[key] = dict(block[key])
        block = block[key]
    block.update(changes)
    with pytest.raises(InputError, match=said):
        check_parameters(given)


def test_a_base_in_the_home_folder_is_found_wherever_it_is_opened() -> None:
    given = parameters("base")
    given["verifiers"] = {**given["verifiers"], "base": "~/model"}
    assert check_parameters(given).verifiers.base == str(Path.home() / "model")
    assert check_parameters(given).generator.base == "data/01_raw/lab_base"


def test_a_search_beyond_the_samples_is_one_line_that_names_key_and_remedy() -> None:
    given = parameters("base")
    given["search"] = {**given["search"], "samples": {"per_problem": 32, "problems_per_shard": 60}}
    with pytest.raises(InputError) as refused:
        check_parameters(given)
    assert str(refused.value) == (
        "parameters: tree_search.budgets: 64 is above the 32 samples a problem that searches are compared with; lower it or raise"
        " search.samples.per_problem (see conf/base/parameters.yml)"
    )
    theirs = {**given["search"], "given_samples": {"path": "theirs.jsonl", "format": "best_of_n"}}
    check_parameters({**given, "search": theirs})  # how many there are is known when they are read
