"""The environment for tight intervals: base with other sizes, nothing else, and large enough for every claim."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from configured import parameters

from stepscale.metric_names import flatten
from stepscale.parameters import Parameters, check_parameters

SIZES = {
    "problems",
    "per_problem",
    "problems_per_shard",
    "samples",
    "sizes",
    "seeds",
    "budgets",
    "per_step",
    "scored_samples",
    "strategies",
    "certainty",
    "ablations",
    "train",
    "valid",
    "test",
    "heldout",
    "epochs",
    "least_steps",
}


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
    assert max(thorough.tree_search.budgets) == 64


SEEDS = 3  # `make thorough` runs as many in its two hours


def test_three_seeds_together_have_sizes_like_the_papers(thorough: Parameters) -> None:
    assert thorough.experiment and thorough.loop and thorough.revisions
    design = thorough.experiment.design
    assert (design.sizes[0], design.sizes[-1]) == (1, 32) and len(design.sizes) >= 4
    mixes = {
        (a.selection.strategy, getattr(a.selection, "wrong_share", None), getattr(a.selection, "scope", "problem"))
        for a in design.ablations
    }
    assert {("convincing", 1, "problem"), ("convincing", 1, "global"), ("convincing", 0.5, "problem")} <= mixes
    assert ("uncertain", None, "problem") in mixes
    assert SEEDS * design.seeds >= 3 and SEEDS * thorough.loop.seeds >= 3
    assert max(design.budgets) >= 32 and thorough.experiment.pool.samples.per_problem >= 4 * design.sizes[-1]
    assert max(thorough.revisions.budgets) >= 16, "chains go on beyond the five attempts that models learn from"
    assert (
        thorough.problems.lab
        and SEEDS * thorough.problems.lab.test >= 700
        and thorough.search.samples.per_problem >= 128
    )


def test_samples_measured_are_samples_drawn(thorough: Parameters) -> None:
    assert thorough.experiment and thorough.loop and thorough.rollouts
    assert max(thorough.report.budgets) <= thorough.search.samples.per_problem
    assert thorough.rollouts.scored_samples <= thorough.search.samples.per_problem
    most = thorough.experiment.test.samples.per_problem
    assert max(thorough.experiment.design.budgets) <= most and max(thorough.loop.budgets) <= most
