"""Values that YAML or pydantic would read in another sense are refused in one line that names the key."""

import math
from typing import Any

import pytest
from configured import parameters

from stepscale.errors import InputError
from stepscale.parameters import check_parameters, settings_of

FUZZY: list[tuple[str, Any, str]] = [
    ("report.probes", True, "must be a number, not true"),
    ("rollouts.per_step", False, "greater than or equal to 1"),
    ("rollouts.scored_samples", True, "must be a number, not true"),
    ("generator.sampling.temperature", True, "must be a number, not true"),
    ("generator.sampling.temperature", math.inf, "finite number"),
    ("generator.fine_tuning.learning_rate", math.inf, "finite number"),
    ("generator.fine_tuning.epochs", math.nan, "finite number"),
    ("revisions.orms.epochs", 1e308, "less than or equal to 10000"),
    ("revisions.orms.epochs", 10_001, "less than or equal to 10000"),
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
    ("loop.labeler", "a\nb", "there is no kind .*; give one of symbolic, "),
    ("problems.lab.levels", [1, 2, 2], "holds a value twice"),
    ("report.votes", [{"kind": "borda"}, {"kind": "borda"}], "holds a value twice"),
    ("verifiers.prm.head_init_tokens", ["<bad>", "<bad>", "<good>"], "holds a value twice"),
    ("report.bootstrap", 10**9, "less than or equal to 100000"),
    ("generator.base", " ", "is blank"),
    ("verifiers.base", "", "is blank"),
    ("release.title", "", "is blank"),
    ("run_name", "", "is blank"),
    ("data_root", "  ", "is blank"),
    ("generator.ends_before", "", "is blank, and so begins no line"),
    ("generator.ends_before", "  ", "is blank, and so begins no line"),
    ("generator.ends_before", "\n", "is blank, and so begins no line"),
    ("generator.ends_before", " Problem:", "the beginning of one line"),
    ("generator.ends_before", "Problem:\nNext", "the beginning of one line"),
    ("generator.sampling.temperature", 1e9, "must be 0 .greedy. or 0.001 to 10"),
    ("generator.sampling.temperature", 10.001, "must be 0 .greedy. or 0.001 to 10"),
    ("generator.sampling.temperature", 1e-40, "must be 0 .greedy. or 0.001 to 10"),
    ("generator.sampling.temperature", -0.5, "must be 0 .greedy. or 0.001 to 10"),
    ("revisions.temperature", 50, "must be 0 .greedy. or 0.001 to 10"),
    ("solve_or_verify.training.temperature", 1e6, "must be 0 .greedy. or 0.001 to 10"),
    ("step_benchmarks.choose_on", "", "is blank"),
    ("larger.base", None, "give a model folder or a Hugging Face name, or the server"),
]

MATH = {"path": "math.jsonl", "format": "math"}
SAMPLES = {"path": "samples.jsonl", "format": "best_of_n"}
SERVER = {"base_url": "http://localhost:8000/v1", "model": "m"}
PRM = {"adapter": "qwen_math_prm", "source": "a/prm"}
OF_ENVIRONMENTS: list[tuple[str, str, Any, str]] = [
    ("math", "problems.train.options", {"splt": "train"}, "there is no option 'splt'; it has "),
    ("math", "problems.train.options", {"on_error": "skp"}, "choose 'raise' or 'skip'"),
    ("math", "problems.test.path", "", "is blank"),
    ("math", "problems.test.format", "maths", "Input should be 'prm800k'"),
    (
        "math",
        "generator.prompt",
        {"style": "few_shot", "path": "x.jsonl", "format": "prm80k"},
        "Input should be 'prm800k'",
    ),
    ("math", "generator.prompt", {"style": "few_shot", "path": ""}, r"generator\.prompt\.few_shot\.path: is blank"),
    ("samples", "search.given_samples", {**SAMPLES, "options": {"verifer": "orm"}}, "no option 'verifer'; it has "),
    ("samples", "search.given_samples", {**SAMPLES, "options": {"rules": "lenient"}}, "set that"),
    (
        "samples",
        "search.given_samples",
        {**SAMPLES, "options": {"verifier": 5}},
        "verifier is 5; Input should be a valid",
    ),
    ("samples", "search.given_samples", {**SAMPLES, "options": {"verifier": " "}}, "verifier is blank"),
    ("samples", "search.given_samples", {**SAMPLES, "options": {"verifier": None}}, "verifier is None"),
    ("samples", "search.given_samples", {**SAMPLES, "options": {"split": True}}, "split is True"),
    ("samples", "search.given_samples", {**SAMPLES, "options": {"on_error": False}}, "choose 'raise' or 'skip'"),
    (
        "samples",
        "search.given_samples",
        {"path": "x.jsonl", "format": "scored_samples", "options": {"steps": 1}},
        "steps is 1; Input should be a valid boolean",
    ),
    (
        "samples",
        "search.given_samples",
        {"path": "x.jsonl", "format": "prm800k", "options": {"drop": "give_up"}},
        "drop is 'give_up'",
    ),
    (
        "samples",
        "search.given_samples",
        {"path": "x.jsonl", "format": "prm800k", "options": {"drop": ["giveup"]}},
        "choose 'quality_control', 'screening'",
    ),
    (
        "samples",
        "search.given_samples",
        {**SAMPLES, "searches": [{"path": "x.jsonl", "format": "openr", "options": {"budget": True}}]},
        "budget is True; Input should be a valid integer",
    ),
    ("samples", "search.given_samples", {**SAMPLES, "path": " "}, "is blank"),
    ("samples", "search.given_samples", {**SAMPLES, "searches": [SAMPLES]}, "cannot read results of searches in it"),
    (
        "samples",
        "search.given_samples",
        {**SAMPLES, "searches": [{"path": f"{folder}/beam.jsonl", "format": "openr"} for folder in "ab"]},
        "two searches would be shown as 'beam'",
    ),
    ("samples", "search.public_prms", [PRM, {**PRM, "source": "b/prm"}], "two reward models would be shown as 'prm'"),
    ("served", "generator.server.model", "", "is blank"),
    ("served", "verifiers.server.model", "", "is blank"),
    ("served", "generator.server.api_key_variable", "", "is blank"),
    ("real", "verifiers.prm.weights.targets", ["q_proj", "q_proj"], "holds a value twice"),
    ("real", "larger", {"base": None, "server": SERVER, "fine_tuning": {"epochs": 1}}, "set fine_tuning to null"),
    ("lab_language_model", "problems.lab.levels", [1, 1], "holds a value twice"),
]


def changed(key: str, value: Any, env: str = "base") -> dict[str, Any]:
    """An environment's parameters with one of them changed."""
    all_parameters = parameters(env)
    block: Any = all_parameters
    *parts, last = key.split(".")
    for part in parts:
        block = block[part]
    if value == "DELETED":
        del block[last]
    else:
        block[last] = value
    return all_parameters


@pytest.mark.parametrize(("key", "value", "message"), FUZZY)
def test_a_value_of_another_sense_is_one_line_that_names_its_key(key: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        check_parameters(changed(key, value))
    line = str(caught.value)
    assert "\n" not in line
    assert key.split(".")[0] in line and key.split(".")[-1] in line


@pytest.mark.parametrize(("env", "key", "value", "message"), OF_ENVIRONMENTS)
def test_a_wrong_value_of_an_environment_is_one_line_that_names_its_key(
    env: str, key: str, value: Any, message: str
) -> None:
    all_parameters = changed(key, value, env)
    if env == "samples" and key != "search.given_samples":
        all_parameters["search"]["given_samples"] = SAMPLES
    with pytest.raises(InputError, match=message) as caught:
        check_parameters(all_parameters)
    line = str(caught.value)
    assert "\n" not in line and key.split(".")[0] in line and key.split(".")[-1] in line


def test_a_larger_model_that_is_served_without_a_tokenizer_takes_a_plain_prompt_alone() -> None:
    all_parameters = changed("larger", {"base": None, "server": SERVER}, "real")
    all_parameters["generator"]["prompt"] = {"style": "chat"}
    with pytest.raises(InputError, match=r"larger\.base: this style of generator\.prompt"):
        settings_of(check_parameters(all_parameters), "larger_settings")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("generator.ends_before", "Problem:"),
        ("generator.sampling.temperature", 10),
        ("verifiers.prompt", "{problem}\n"),
        ("search.public_prms", [{**PRM, "adapter": "trl", "separator": "\n\n"}]),
        ("problems.test", {**MATH, "options": {"on_error": "skip", "split": "test"}}),
        ("generator.fine_tuning.learning_rate", "1e-3"),  # YAML 1.1 reads 1e-3 as text
        ("report.probes", 2.0),
        ("search.certainty", "yes"),
        ("tree_search.budgets", [4, 16]),
    ],
)
def test_a_value_of_one_sense_is_taken_however_yaml_wrote_it(key: str, value: Any) -> None:
    assert check_parameters(changed(key, value))
