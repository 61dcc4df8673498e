"""A language model by name in the lab: the environment `lab_language_model` by the real command, on a tiny random model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from kedro.config import OmegaConfigLoader

from stepscale.engine.loading import load_tokenizer
from stepscale.generation.prompts import prompt_template
from stepscale.grading.extract import extract_answer
from stepscale.lab.free_labeler import rate_steps
from stepscale.lab.problems import make_problems
from stepscale.parameters import GeneratorBlock, check_parameters
from stepscale.settings import CONFIG_LOADER_ARGS

ENVIRONMENT = "lab_language_model"
CHAT = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


@pytest.fixture(scope="module")
def chat_model(model_of: Callable[..., Path]) -> Path:
    """A random model whose tokenizer has a chat template."""
    folder = model_of(make_problems(20, "train", 0)["problem"], 4096)
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    return folder


def generator_of(project: Path) -> GeneratorBlock:
    loader = OmegaConfigLoader(str(project / "conf"), env=ENVIRONMENT, **CONFIG_LOADER_ARGS)
    return check_parameters(loader["parameters"]).generator


def solved_by_hand(project: Path) -> list[dict[str, str]]:
    file = project / "conf" / ENVIRONMENT / "parameters.yml"
    examples: list[dict[str, str]] = yaml.safe_load(file.read_text())["generator"]["prompt"]["examples"]["solved"]
    return examples


def test_the_examples_it_is_shown_are_right_in_every_step_and_their_answers_are_found(project: Path) -> None:
    for example in solved_by_hand(project):
        steps = example["solution"].splitlines()
        assert rate_steps(example["problem"], steps) == [1] * len(steps)
        assert extract_answer(example["solution"]) == steps[-1].removeprefix("Answer: ")


def test_the_examples_are_no_test_problems(project: Path) -> None:
    test_problems = set(make_problems(200, "test", 0, levels=(1, 2))["problem"])
    assert not test_problems & {example["problem"] for example in solved_by_hand(project)}


@pytest.mark.parametrize("style", ["chat", "few_shot"])
def test_the_same_examples_are_turns_of_a_chat_or_text(style: str, project: Path, chat_model: Path) -> None:
    examples = solved_by_hand(project)
    if style == "few_shot":
        prompt = GeneratorBlock.model_validate(
            generator_of(project).model_dump() | {"prompt": {"style": "few_shot", "solved": examples}}
        ).prompt
    else:
        prompt = generator_of(project).prompt
    template = prompt_template(prompt, str(chat_model), 0)
    assert template.count("Some friends have") == len(examples) and template.count("Answer: ") == len(examples)
    assert template.index(examples[-1]["problem"]) < template.index("{problem}")


@pytest.mark.e2e
def test_a_model_by_name_goes_through_the_lab(run_in: Callable[..., Any], project: Path, chat_model: Path) -> None:
    file = project / "conf" / ENVIRONMENT / "parameters.yml"
    block = yaml.safe_load(file.read_text())
    block["problems"]["lab"] |= {"train": 6, "valid": 4, "test": 10, "heldout": 2}
    block["generator"]["sampling"]["max_new_tokens"] = 24
    file.write_text(yaml.safe_dump(block))
    done = run_in(project, "--env", ENVIRONMENT, "--params", f"generator.base={chat_model}")
    assert done.exit_code == 0, done.output
    data = project / "data" / ENVIRONMENT
    problems = pd.read_parquet(data / "05_model_input" / "test_problems.parquet")
    assert set(problems["level"]) == {1, 2} and problems["problem"].str.startswith("Some friends have").all()
    assert len(pd.read_parquet(data / "07_model_output" / "test_solutions.parquet")) == 12 * 4
    page = (data / "08_reporting" / "report.html").read_text()
    assert "What does the pool hold?" in page and "solutions not judged to their end" in page
