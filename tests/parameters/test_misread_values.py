"""Values that YAML or pydantic would read in another sense are refused in one line that names the key."""

import math
from typing import Any

import pytest
from configured import parameters

from stepscale.errors import InputError
from stepscale.parameters import check_parameters

FUZZY: list[tuple[str, Any, str]] = [
    ("report.probes", True, "must be a number, not true"),
    ("rollouts.per_step", False, "greater than or equal to 1"),
    ("rollouts.scored_samples", True, "must be a number, not true"),
    ("generator.sampling.temperature", True, "must be a number, not true"),
    ("generator.sampling.temperature", math.inf, "finite number"),
    ("generator.fine_tuning.learning_rate", math.inf, "finite number"),
    ("generator.fine_tuning.epochs", math.nan, "finite number"),
    ("revisions.temperature", math.inf, "finite number"),
    ("world_map.grid.slips", [0.5, True], "must be a number, not true"),
    ("problems.lab.train", 10**30, r"below 2\^63"),
    ("seed", 10**30, r"below 2\^63"),
    ("generator.fine_tuning.seed", -1, "greater than or equal to 0"),
    ("tree_search.strategies", None, "must be a list of searches"),
    ("tree_search.strategies", 5, "must be a list of searches"),
    ("revisions.search.strategies", None, "must be a list of searches"),
    ("tree_search.budgets", [4, 16, 4], "must rise"),
    ("tree_search.budgets", [16, 4], "must rise"),
    ("revisions.budgets", [16, 8, 4, 2, 1], "must rise"),
    ("revisions.budgets", [1, 2, 4, 8, 8], "must rise"),
    ("revisions.search.budgets", [16, 16], "must rise"),
    ("solve_or_verify.judgments", [1, 10**9], "above 1,048,576"),
    ("world_map.grid.levels", [2, 2], "holds a value twice"),
    ("world_map.grid.flipped", [0.0, 0.2, 0], "holds a value twice"),
    ("generator.prompt", "Solve it.", r"\{problem\} exactly once"),
    ("verifiers.prompt", "{problem} {problem}", r"\{problem\} exactly once, not 2 times"),
    ("verifiers.prm.head_init_tokens", ["<bad>", "<ok>", "<good>", "<best>"], "4 tokens for the 3 outputs"),
    ("seed", "DELETED", "Field required"),
    ("report.budgetz", [1], "unknown key"),
    ("loop.labeler", "a\nb", "does not match any of the expected tags"),
]


def changed(key: str, value: Any) -> dict[str, Any]:
    """The base's parameters with one of them changed."""
    all_parameters = parameters("base")
    block: Any = all_parameters
    *parts, last = key.split(".")
    for part in parts:
        block = block[part]
    if value == "DELETED":
        del block[last]
    else:
        block[last] = value
    return all_parameters


@pytest.mark.parametrize(("key", "value", "said"), FUZZY)
def test_a_value_of_another_sense_is_one_line_that_names_its_key(key: str, value: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        check_parameters(changed(key, value))
    line = str(caught.value)
    assert "\n" not in line
    assert key.split(".")[0] in line and key.split(".")[-1] in line


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("generator.fine_tuning.learning_rate", "1e-3"),  # YAML 1.1 reads 1e-3 as text
        ("report.probes", 2.0),
        ("search.certainty", "yes"),
        ("tree_search.budgets", [4, 16]),
    ],
)
def test_a_value_of_one_sense_is_taken_however_yaml_wrote_it(key: str, value: Any) -> None:
    assert check_parameters(changed(key, value))
