"""How a generator is asked for a solution: a plain template, the model's chat template, or solved examples.

In: the choice made in the configuration. Out: one template, text with {problem} once and special tokens by name, which the
generator and its fine-tuning tokenise whole. Where its answer begins is the template's length in tokens, and steps end at
the newline tokens after it. Knows nothing of sampling.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stepscale.engine.step_lines import step_lines
from stepscale.errors import InputError
from stepscale.seeds import seed_for

PROBLEM = "{problem}"
HEADING = "Problem:"  # opens an example; a solution ends where the model opens one itself (``generation.ends``)
_DAY = "01 Jan 2025"  # what templates that tell the day tell: a prompt must not change from one run to the next
_SAME_DAY = f"{{%- macro strftime_now(form) -%}}{_DAY}{{%- endmacro -%}}"
_EXAMPLE = "Problem: {problem}\nSolution:\n"


class ChatPrompt(BaseModel):
    """The problem as a user's message in the chat template that comes with the model's tokenizer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    style: Literal["chat"]
    instruction: str = Field(
        "Reason step by step, one step a line, and put the final answer in \\boxed{}.",
        description="what follows the problem in the message",
    )


class FewShotPrompt(BaseModel):
    """Right solutions of other problems before the problem (Lightman et al. 2023, 2.3), for a base not yet fine-tuned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    style: Literal["few_shot"]
    path: str = Field(description="file the examples are taken from, such as PRM800K's phase1_train.jsonl")
    format: str = Field("prm800k", description="a name stepscale.formats.read knows")
    count: int = Field(4, ge=1, description="examples, each of another problem")
    longest: int = Field(1200, ge=1, description="longest example (characters)")
    then: str = Field("{problem}\n", description="plain template of the generator once it is fine-tuned")


Prompt = str | Annotated[ChatPrompt | FewShotPrompt, Field(discriminator="style")]


def prompt_template(prompt: Prompt, base: str, seed: int) -> str:
    """The template for the model ``base`` (folder or hub name). Raises InputError if it cannot be made or lacks {problem}."""
    if isinstance(prompt, str):
        template = prompt
    else:
        from stepscale.engine.loading import load_tokenizer

        tokenizer = load_tokenizer(base)
        template = (
            _chat(prompt, tokenizer, base) if isinstance(prompt, ChatPrompt) else _few_shot(prompt, tokenizer, seed)
        )
    if template.count(PROBLEM) != 1:
        raise InputError(f"generator.prompt: {PROBLEM} must come up exactly once, not {template.count(PROBLEM)} times")
    return template


def _chat(prompt: ChatPrompt, tokenizer: Any, base: str) -> str:
    if not tokenizer.chat_template:
        raise InputError(f"generator.prompt: the tokenizer of {base} has no chat template; give a template of your own")
    message = {"role": "user", "content": f"{PROBLEM}\n\n{prompt.instruction}".rstrip()}
    written: str = tokenizer.apply_chat_template(
        [message],
        tokenize=False,
        add_generation_prompt=True,
        date_string=_DAY,
        chat_template=_SAME_DAY + tokenizer.get_chat_template(),
    )
    begins = tokenizer("x")["input_ids"][0] == tokenizer.bos_token_id
    return written.removeprefix(tokenizer.bos_token) if begins else written  # the tokenizer will put it there itself


def _few_shot(prompt: FewShotPrompt, tokenizer: Any, seed: int) -> str:
    """Examples that each close with the end-of-text token, so that the model closes its own solution too."""
    from stepscale.formats import read

    data = read(prompt.path, prompt.format)
    right = data.solutions[data.solutions["is_correct"].fillna(False).astype(bool)].drop_duplicates("problem_id")
    texts = dict(zip(data.problems["problem_id"], data.problems["problem"], strict=True))
    examples = {
        problem_id: _EXAMPLE.replace(PROBLEM, texts[problem_id].strip()) + "\n".join(step_lines(steps))
        for problem_id, steps in zip(right["problem_id"], right["steps"], strict=True)
    }
    fit = [name for name, text in examples.items() if len(text) <= prompt.longest and PROBLEM not in text]
    chosen = sorted(fit, key=lambda name: seed_for(seed, "few_shot", name))[: prompt.count]
    if len(chosen) < prompt.count:
        raise InputError(
            f"generator.prompt: {prompt.path} holds {len(fit)} right solutions of at most {prompt.longest} characters,"
            f" not {prompt.count}; lower count or raise longest"
        )
    end = tokenizer.eos_token or ""
    return "".join(f"{examples[name]}\n{end}\n" for name in chosen) + _EXAMPLE
