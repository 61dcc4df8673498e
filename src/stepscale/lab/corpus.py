"""What a base model of the lab reads: solutions written by hands that err, with their steps judged.

A document is token ids and two targets at every token (-100 for none): the token that comes next, and the rating of the
step the token belongs to (class 0, 1, 2 for -1, 0, +1), up to and including the first negative step. Both are learned at
every token at once: a step can be compared with the step the model itself would have written, and judging every token of
a step, not only its last, is what makes judging learnable at this size (docs/lab.md).
Many documents hold one random corruption besides the hand's own mistakes; these are only judged, never imitated. The
held-out family is only imitated, never judged.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from stepscale.lab.corruptions import answer_early, corrupt
from stepscale.lab.families import FAMILIES, HELD_OUT_FAMILY, LEVELS
from stepscale.lab.labeler import rate_steps
from stepscale.lab.mistakes import Hand
from stepscale.lab.problems import draw_problem
from stepscale.lab.tokenizer import BOS, EOS

IGNORED = -100
_CORRUPTED_SHARE = 0.40
_HASTY_SHARE = 0.25  # of those


@dataclass(frozen=True)
class Page:
    """A problem and the steps somebody wrote. ``ratings`` stop at the first negative step; none: not judged."""

    problem: str
    steps: tuple[str, ...]
    ratings: tuple[int, ...]
    imitated: bool


def write_page(rng: Random, split: str = "pretrain") -> Page:
    """One page of the corpus."""
    family = rng.choice(list(FAMILIES))
    problem = draw_problem(family, rng.choice(LEVELS), split, rng)
    steps = FAMILIES[family].solution(problem, Hand(rng))
    if family == HELD_OUT_FAMILY:
        return Page(problem, tuple(steps), (), True)
    corrupted = rng.random() < _CORRUPTED_SHARE
    if corrupted:
        steps = _corrupted(steps, rng)
    ratings = rate_steps(problem, steps)
    return Page(problem, tuple(steps[: len(ratings)] if corrupted else steps), tuple(ratings), not corrupted)


def _corrupted(steps: list[str], rng: Random) -> list[str]:
    hasty = answer_early(steps, rng) if rng.random() < _HASTY_SHARE else None
    if hasty:
        return hasty
    place = rng.randrange(len(steps))
    return [*steps[:place], corrupt(steps[place], rng), *steps[place + 1 :]]


def encode_pages(pages: list[Page], tokenizer: Any) -> list[tuple[list[int], list[int], list[int]]]:
    """(token ids, next tokens, rating classes) of each page, all of the page's length."""
    pieces = list({piece for page in pages for piece in (page.problem, *page.steps)})
    ids = dict(zip(pieces, tokenizer(pieces, add_special_tokens=False)["input_ids"], strict=True))
    newline = tokenizer("\n", add_special_tokens=False)["input_ids"]
    begin, end = (tokenizer.convert_tokens_to_ids(mark) for mark in (BOS, EOS))
    encoded = []
    for page in pages:
        prompt = [begin, *ids[page.problem], *newline]
        steps = [[*ids[step], *newline] for step in page.steps]
        body = [token for step in steps for token in step] + [end]
        judged = [rating + 1 for step, rating in zip(steps, page.ratings, strict=False) for _ in step]
        classes = [IGNORED] * len(prompt) + judged
        following = [IGNORED] * (len(prompt) - 1) + (body if page.imitated else [])
        tokens = prompt + body
        encoded.append((tokens, _filled(following, len(tokens)), _filled(classes, len(tokens))))
    return encoded


def _filled(targets: list[int], length: int) -> list[int]:
    return targets + [IGNORED] * (length - len(targets))
