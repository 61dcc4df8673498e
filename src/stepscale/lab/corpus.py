"""What a base model of the lab reads: solutions written by hands that err, and such solutions with their steps judged.

A document is token ids and targets (the token to be predicted AT each position, -100 for none):
a solution starts with ``<s>`` and every solution token is predicted from those before it;
a judged solution starts with ``<judge>`` and at every token of a step the step's rating token is predicted, up to the
first negative step. Judging every token of a step, not only its last, is what makes judging learnable at this size.
The held-out family appears in solutions only.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from stepscale.lab.corruptions import corrupt
from stepscale.lab.families import FAMILIES, HELD_OUT_FAMILY, LEVELS
from stepscale.lab.labeler import rate_steps
from stepscale.lab.mistakes import Hand
from stepscale.lab.problems import draw_problem
from stepscale.lab.tokenizer import BOS, EOS, JUDGE, RATING_TOKENS

IGNORED = -100
_CORRUPTED_SHARE = 0.3  # of judged documents get one corruption besides the hand's own mistakes


@dataclass(frozen=True)
class Page:
    """A problem and the steps somebody wrote; ``ratings`` if judged (they stop at the first negative)."""

    problem: str
    steps: tuple[str, ...]
    ratings: tuple[int, ...] | None


def write_page(rng: Random, judged: bool, split: str = "pretrain") -> Page:
    """One page of the corpus."""
    families = [name for name in FAMILIES if not (judged and name == HELD_OUT_FAMILY)]
    family = rng.choice(families)
    problem = draw_problem(family, rng.choice(LEVELS), split, rng)
    steps = FAMILIES[family].solution(problem, Hand(rng))
    if not judged:
        return Page(problem, tuple(steps), None)
    if rng.random() < _CORRUPTED_SHARE:
        at = rng.randrange(len(steps))
        steps[at] = corrupt(steps[at], rng)
    ratings = rate_steps(problem, steps)
    return Page(problem, tuple(steps[: len(ratings)]), tuple(ratings))


def encode_pages(pages: list[Page], tokenizer: Any) -> list[tuple[list[int], list[int]]]:
    """(token ids, targets) of each page, both of the page's length."""
    pieces = list({piece for page in pages for piece in (page.problem, *page.steps)})
    ids = dict(zip(pieces, tokenizer(pieces, add_special_tokens=False)["input_ids"], strict=True))
    newline = tokenizer("\n", add_special_tokens=False)["input_ids"]
    marks = {mark: tokenizer.convert_tokens_to_ids(mark) for mark in (BOS, EOS, JUDGE, *RATING_TOKENS)}
    return [_encode(page, ids, newline, marks) for page in pages]


def _encode(
    page: Page, ids: dict[str, list[int]], newline: list[int], marks: dict[str, int]
) -> tuple[list[int], list[int]]:
    prompt = [marks[BOS] if page.ratings is None else marks[JUDGE], *ids[page.problem], *newline]
    if page.ratings is None:
        body = [token for step in page.steps for token in (*ids[step], *newline)] + [marks[EOS]]
        return prompt + body, [IGNORED] * (len(prompt) - 1) + body + [IGNORED]
    tokens, targets = list(prompt), [IGNORED] * len(prompt)
    for step, rating in zip(page.steps, page.ratings, strict=True):
        tokens += [*ids[step], *newline]
        targets += [marks[RATING_TOKENS[rating + 1]]] * (len(ids[step]) + len(newline))
    return tokens, targets
