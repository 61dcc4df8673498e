"""Where a step ends, in tokens: the one function that fine-tuning, verifier training and scoring share.

In: problems with the steps written so far, as text, and a tokenizer. Out: token ids, and the index of each step's last
token, recorded while the ids are laid down. The prompt, each step and the separator are tokenised APART and their ids
joined, so no token ever spans a boundary, whatever the tokenizer would merge (".\\n", "\\n\\n"). A step's last token is the
last token of the separator that follows it, or the last one of its own (``judged_at``). By then the model has read the
whole step. Nothing follows the last step's. Special tokens that the tokenizer puts before a text come before the prompt.
Knows nothing about labels or scores.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from stepscale.errors import InputError
from stepscale.user_settings import UserSettings

Text = tuple[str, Sequence[str]]  # a problem and the steps of a (possibly unfinished) solution, without separators
_PROBLEM = "{problem}"
_PIECES_KEPT = 500_000  # pieces of text remembered with their ids


class TextFormat(UserSettings):
    """How a trajectory is laid out as text."""

    prompt: str = Field(
        "{problem}\n", description="what precedes the first step; holds {problem} once; special tokens by name"
    )
    separator: str = Field("\n", description="text after every step, the last one included")
    judged_at: Literal["separator", "step"] = Field(
        "separator",
        description="token at which a step is judged: the last one of the separator after it, or the last one of its own; "
        "a small model sees what is wrong with a number at the number itself",
    )
    max_tokens: int | None = Field(None, ge=1, description="longest trajectory, in tokens; null: what the model reads")


@dataclass(frozen=True)
class Encoded:
    """A trajectory in tokens.

    Attributes:
        ids: Of the prompt, then of the steps.
        prompt_length: Tokens before the first step.
        step_ends: For each step that was encoded, the index into ``ids`` of the token at which it is judged.
        n_unread: Steps at the end left out, whole, for lack of room.
    """

    ids: list[int]
    prompt_length: int
    step_ends: list[int]
    n_unread: int = 0


class StepEncoder:
    """Encodes trajectories with one tokenizer and format; remembers the ids of pieces it has met.

    A trajectory longer than ``max_tokens`` loses whole steps from its end, and ``n_unread`` tells how many. A step is
    encoded entirely or not at all, so no label can slide to another place.

    Args:
        tokenizer: A tokenizer of transformers.
        layout: Prompt and separator as text, and where a step is judged.
        longest: Tokens that the model reads; the smaller of it and ``layout.max_tokens`` holds. None: ``layout`` alone decides.

    Raises:
        InputError: The prompt does not hold {problem} once, or the separator is not a token.
    """

    def __init__(self, tokenizer: Any, layout: TextFormat, longest: int | None = None) -> None:
        if layout.prompt.count(_PROBLEM) != 1:
            raise InputError(f"prompt {layout.prompt!r} must hold {_PROBLEM} exactly once")
        self.layout = layout
        limits = [limit for limit in (layout.max_tokens, longest) if limit]
        self.max_tokens = min(limits) if limits else None
        self._tokenizer = tokenizer
        self._prompts: dict[str, list[int]] = {}
        self._pieces: dict[str, list[int]] = {}
        self._separator: list[int] = tokenizer(layout.separator, add_special_tokens=False)["input_ids"]
        if not self._separator:
            raise InputError(
                f"the tokenizer turns the step separator {layout.separator!r} into no token; choose another"
            )

    def encode(self, texts: Iterable[Text]) -> list[Encoded]:
        """Token ids and step ends of every (problem, steps); order kept. Each distinct piece of text is tokenised once.

        Args:
            texts: Of each solution its problem and steps.

        Returns:
            One object per solution.
        """
        texts = list(texts)
        if len(self._pieces) + len(self._prompts) > _PIECES_KEPT:
            self._prompts, self._pieces = {}, {}
        new_prompts = [
            problem for problem in dict.fromkeys(problem for problem, _ in texts) if problem not in self._prompts
        ]
        new_steps = [step for step in dict.fromkeys(s for _, steps in texts for s in steps) if step not in self._pieces]
        if new_prompts:
            prompt_texts = [self.layout.prompt.replace(_PROBLEM, problem) for problem in new_prompts]
            ids = self._tokenizer(prompt_texts)["input_ids"]
            self._prompts.update(zip(new_prompts, map(self._opened, ids), strict=True))
        if new_steps:
            ids = self._tokenizer(new_steps, add_special_tokens=False)["input_ids"]
            self._pieces.update(zip(new_steps, ids, strict=True))
        return [self._join(problem, steps) for problem, steps in texts]

    def encode_prompt(self, problem: str) -> list[int]:
        """Token ids of the prompt with a problem in it: those before the first step.

        Args:
            problem: Its text.
        """
        return self.encode([(problem, ())])[0].ids

    def _opened(self, ids: list[int]) -> list[int]:
        """A prompt's ids without the end-of-text token by which some tokenizers close every text."""
        end = self._tokenizer.eos_token_id
        while ids and ids[-1] == end:
            ids = ids[:-1]
        return ids

    def _join(self, problem: str, steps: Sequence[str]) -> Encoded:
        ids = list(self._prompts[problem])
        prompt_length = len(ids)
        step_ends: list[int] = []
        for step in steps:
            piece = self._pieces[step]
            if self.max_tokens and len(ids) + len(piece) + len(self._separator) > self.max_tokens:
                break
            ids += piece
            step_ends.append(len(ids) - 1)
            ids += self._separator
            if self.layout.judged_at == "separator" or not piece:
                step_ends[-1] = len(ids) - 1
        if step_ends:
            del ids[step_ends[-1] + 1 :]
        return Encoded(ids, prompt_length, step_ends, len(steps) - len(step_ends))
