"""How a generator is asked for a solution: a plain template, the model's chat template, or solved examples.

In: the choice made in the configuration. Out: one template, text with {problem} once and special tokens by name, which the
generator and its fine-tuning tokenize whole. Where its answer begins is the template's length in tokens, and steps end at
the newline tokens after it. Knows nothing about sampling.
"""

import logging
import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from stepscale.engine.step_lines import step_lines
from stepscale.errors import InputError
from stepscale.formats import ReadableFormat
from stepscale.seeds import seed_for
from stepscale.user_paths import UserPath
from stepscale.user_settings import TextOrBlank, UserSettings

logger = logging.getLogger(__name__)

PROBLEM = "{problem}"
_OTHER_FIELD = re.compile(  # not LaTeX's `\boxed{answer}`, `x^{n}`, `\frac{a}{b}`
    r"(?:(?<=\{problem\})|(?<![\w{}^\]\\]))\{(?!problem\})[a-z_]+\}(?![{}])"
)
HEADING = "Problem:"  # opens an example; a solution ends where the model opens one itself (``generation.ends``)
_DAY = "01 Jan 2025"  # what templates that tell the day tell: a prompt must not change from one run to the next
_SAME_DAY = f"{{%- macro strftime_now(form) -%}}{_DAY}{{%- endmacro -%}}"
_EXAMPLE = "Problem: {problem}\nSolution:\n"


class SolvedProblem(UserSettings):
    """A problem with its solution, a step per line."""

    problem: str = Field(min_length=1)
    solution: str = Field(min_length=1, description="a step per line, the last one with the answer")


class Examples(UserSettings):
    """Solved problems to show: written out, or taken from a file."""

    solved: tuple[SolvedProblem, ...] = Field((), description="the examples themselves, all of them shown")
    path: UserPath | None = Field(
        None, description="or a file they are taken from, such as PRM800K's phase1_train.jsonl"
    )
    format: ReadableFormat = Field("prm800k", description="of that file: a name stepscale.formats.read knows")
    count: int = Field(4, ge=1, description="examples from the file, each of another problem")
    longest: int = Field(1200, ge=1, description="longest example from the file (characters)")

    @model_validator(mode="after")
    def _name_one_source(self) -> Self:
        if bool(self.solved) == bool(self.path):
            raise ValueError("examples are either written out (solved) or taken from a file (path); give one of them")
        return self


class ChatPrompt(UserSettings):
    """The problem as a user's message in the chat template that comes with the model's tokenizer."""

    style: Literal["chat"]
    instruction: TextOrBlank = Field(
        "Reason step by step, one step a line, and put the final answer in \\boxed{}.",
        description="what follows the problem in the message",
    )
    examples: Examples | None = Field(None, description="solved problems as earlier turns of user and assistant")


class FewShotPrompt(Examples):
    """Right solutions of other problems before the problem (Lightman et al. 2023, 2.3), for a base not yet fine-tuned."""

    style: Literal["few_shot"]
    then: str = Field("{problem}\n", description="plain template of the generator once it is fine-tuned")


Prompt = str | Annotated[ChatPrompt | FewShotPrompt, Field(discriminator="style")]


def check_template(template: str) -> None:
    """Check that a prompt template has one place for the problem.

    Args:
        template: Must hold ``{problem}`` once.

    Raises:
        InputError: It has none, or several.
    """
    if not isinstance(template, str) or template.count(PROBLEM) != 1:
        raise InputError(f"prompt_template {template!r} must hold {PROBLEM} exactly once")


def tell_other_fields(template: str) -> None:
    """Warn about words in braces that look like fields but are not filled in; the braces may be intended.

    Args:
        template: As a person wrote it.
    """
    if others := sorted(set(_OTHER_FIELD.findall(template))):
        logger.warning("the prompt shows %s as written: %s is its only field", ", ".join(others), PROBLEM)


def prompt_template(prompt: Prompt, base: str, seed: int) -> str:
    """The template of prompts for a model.

    Args:
        prompt: The template itself, or how it is made: examples written out, or turns of a chat.
        base: Folder or hub name of the model, whose chat template is used.
        seed: Decides which examples are shown.

    Returns:
        Text that holds {problem} once.

    Raises:
        InputError: It cannot be made, or lacks {problem}.
    """
    if isinstance(prompt, str):
        tell_other_fields(template := prompt)
    else:
        from stepscale.engine.loading import load_tokenizer

        tokenizer = load_tokenizer(base)
        template = (
            _chat(prompt, tokenizer, base, seed)
            if isinstance(prompt, ChatPrompt)
            else _few_shot(prompt, tokenizer, seed)
        )
    if template.count(PROBLEM) != 1:
        raise InputError(f"generator.prompt: {PROBLEM} must come up exactly once, not {template.count(PROBLEM)} times")
    return template


def _chat(prompt: ChatPrompt, tokenizer: Any, base: str, seed: int) -> str:
    if not tokenizer.chat_template:
        raise InputError(f"generator.prompt: the tokenizer of {base} has no chat template; give a template of your own")

    def user_turn(problem: str) -> dict[str, str]:
        return {"role": "user", "content": f"{problem}\n\n{prompt.instruction}".rstrip()}

    turns = []
    for problem, steps in _solved(prompt.examples, seed) if prompt.examples else []:
        turns += [user_turn(problem), {"role": "assistant", "content": "\n".join(steps)}]
    rendered: str = tokenizer.apply_chat_template(
        [*turns, user_turn(PROBLEM)],
        tokenize=False,
        add_generation_prompt=True,
        date_string=_DAY,
        chat_template=_SAME_DAY + tokenizer.get_chat_template(),
    )
    begins = tokenizer("x")["input_ids"][0] == tokenizer.bos_token_id
    return rendered.removeprefix(tokenizer.bos_token) if begins else rendered  # the tokenizer will put it there itself


def _few_shot(prompt: FewShotPrompt, tokenizer: Any, seed: int) -> str:
    """Examples that each close with the end-of-text token, so that the model closes its own solution too."""
    end = tokenizer.eos_token or ""
    examples = (_EXAMPLE.replace(PROBLEM, problem) + "\n".join(steps) for problem, steps in _solved(prompt, seed))
    return "".join(f"{text}\n{end}\n" for text in examples) + _EXAMPLE


def _solved(examples: Examples, seed: int) -> list[tuple[str, list[str]]]:
    """Problems with their steps: those written out, or a number of short enough ones from a file, chosen by the seed."""
    if examples.path is None:
        return [(example.problem.strip(), step_lines([example.solution])) for example in examples.solved]
    candidates = _of_file(examples.path, examples.format)
    fit = [
        key
        for key, (problem, steps) in candidates.items()
        if len(problem) + sum(map(len, steps)) <= examples.longest
        and not any(PROBLEM in text for text in (problem, *steps))
    ]
    chosen = sorted(fit, key=lambda key: seed_for(seed, "few_shot", key))[: examples.count]
    if len(chosen) < examples.count:
        raise InputError(
            f"generator.prompt: {examples.path} holds {len(fit)} right solutions of at most {examples.longest} characters,"
            f" not {examples.count}; lower count or raise longest"
        )
    return [candidates[key] for key in chosen]


def _of_file(path: str, form: str) -> dict[str, tuple[str, list[str]]]:
    """A file's problems with a right solution each: a generator's or, if the file holds none, the reference solution."""
    from stepscale.formats import read

    data = read(path, form)
    right = data.solutions[data.solutions["is_correct"].fillna(False).astype(bool)].drop_duplicates("problem_id")
    steps = dict(zip(right["problem_id"], right["steps"], strict=True))
    if data.solutions.empty:
        solved = data.problems[data.problems["solution"].notna()]
        steps = {key: [text] for key, text in zip(solved["problem_id"], solved["solution"], strict=True)}
    texts = dict(zip(data.problems["problem_id"], data.problems["problem"], strict=True))
    return {key: (texts[key].strip(), step_lines(lines)) for key, lines in steps.items()}
