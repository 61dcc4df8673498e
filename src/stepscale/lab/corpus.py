"""What a base model of the lab reads: solutions written by hands that err, some with earlier attempts, their steps judged.

A document is token ids and two targets at every token (-100 for none). One is the token that comes next. The other is the
rating of the step so far (class 0, 1, 2 for -1, 0, +1), up to and including the first negative step. Both are learned at every
token at once: a step can be compared with the step the model itself would have written. A negative step is +1 until the first
token that no right step has there, and -1 from it on. So what is wrong is told where it can be seen (docs/log/lab.md). Some
documents are transcripts of revisions: attempts, which are judged and never imitated, then the problem again and a solution
that keeps what is right in the last one. Some are exercises of judging, never imitated. The family of other sentences is only
imitated, never judged, and the branching one is in no document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from random import Random
from typing import Any, Literal

from stepscale.formats.ratings import NEGATIVE, POSITIVE
from stepscale.lab.exercises import write_exercise
from stepscale.lab.hands import Hand
from stepscale.lab.labeler import rate_step, rate_steps, right_steps
from stepscale.lab.misconceived import may_be_misconceived
from stepscale.lab.problems import draw_problem, split_of
from stepscale.lab.stories import HELD_OUT_WORDING, LEVELS
from stepscale.lab.tokenizer import BOS, EOS
from stepscale.lab.wording import read_story

IGNORED = -100
LENGTHS = (64, 96, 128, 176, 224, 288, 384, 640, 1024)  # tokens; documents are padded up to one of these
POSITIONS = 1024  # tokens of the longest text that a base model reads
_EXERCISE_SHARE = 0.3
TRANSCRIPTS = 0.10  # share of the solutions that have earlier attempts
_MAX_ATTEMPTS = 4
_FAMILY_WEIGHTS = {"sums": 4, "products": 4, HELD_OUT_WORDING: 1}
_MAX_TRIES = 6  # for a right revision

Rated = Literal["all", "slips", "none"]  # steps with ratings; "slips": those that no misconception may strike


@dataclass(frozen=True)
class Page:
    """A problem and the steps somebody wrote.

    Attributes:
        problem: Its text.
        steps: In order.
        ratings: -1, 0 or 1 of the first steps; may stop before the last one. None at all: not judged.
        right: All steps that are right in place of the negative one.
        attempts: Steps of earlier solutions that stand before this one, oldest first.
        imitated: Whether its text is learned.
    """

    problem: str
    steps: tuple[str, ...]
    ratings: tuple[int, ...]
    right: tuple[str, ...] = ()
    attempts: tuple[tuple[str, ...], ...] = ()
    imitated: bool = True


def write_page(rng: Random, split: str = "pretrain", transcripts: float = TRANSCRIPTS) -> Page:
    """One page of the corpus.

    Args:
        rng: Draws the page.
        split: Whose problems it is about.
        transcripts: Share of the solutions that have earlier attempts, 0 to 1.

    Returns:
        The page.
    """
    family = rng.choices(list(_FAMILY_WEIGHTS), list(_FAMILY_WEIGHTS.values()))[0]
    if family != HELD_OUT_WORDING and rng.random() < _EXERCISE_SHARE:
        return _exercise(family, split, rng)
    problem = draw_problem(family, rng.choice(LEVELS), split, rng)
    hand = Hand(rng)
    attempts: list[tuple[str, ...]] = []
    if rng.random() < transcripts:
        attempts = [tuple(hand.solve(problem)) for _ in range(rng.randint(1, _MAX_ATTEMPTS))]
        steps = revised(problem, attempts[-1], hand)
    else:
        steps = tuple(hand.solve(problem))
    ratings = () if family == HELD_OUT_WORDING else tuple(rate_steps(problem, steps))
    return Page(problem, steps, ratings, right_at_the_end(problem, steps, ratings), tuple(attempts))


def right_at_the_end(problem: str, steps: tuple[str, ...], ratings: tuple[int, ...]) -> tuple[str, ...]:
    """The right steps in place of the last one that is judged, if that is negative.

    Args:
        problem: Its text.
        steps: Of a solution.
        ratings: Of its steps, up to the first negative one.

    Returns:
        Steps in the lab's form; none where no step is negative.
    """
    if NEGATIVE not in ratings:
        return ()
    story = read_story(problem)
    known_names = set(story.givens)
    for step in steps[: len(ratings) - 1]:
        rate_step(story, known_names, step)  # enters what it works out
    return tuple(right_steps(story, known_names))


def _exercise(family: str, split: str, rng: Random) -> Page:
    while True:
        problem, steps, ratings, right = write_exercise(family, rng)
        if split_of(problem) == split:
            return Page(problem, steps, ratings, right, imitated=False)


def revised(problem: str, attempt: tuple[str, ...], hand: Hand) -> tuple[str, ...]:
    """A solution that keeps the right beginning of ``attempt``; right in most cases, as a reviser tries more than once.

    Args:
        problem: Its text.
        attempt: Steps of an earlier solution.
        hand: Who goes on.

    Returns:
        Steps of the new solution.
    """
    ratings = rate_steps(problem, attempt)
    right = len(ratings) - 1  # all before the first negative step, or before the answer
    for _ in range(_MAX_TRIES):
        steps = tuple(hand.solve(problem, attempt[:right]))
        if NEGATIVE not in rate_steps(problem, steps):
            break
    return steps


def encode_pages(
    pages: list[Page], tokenizer: Any, rated: Rated = "all"
) -> list[tuple[list[int], list[int], list[int]]]:
    """Pages as tokens with what is learned at each of them.

    Args:
        pages: The pages.
        tokenizer: The lab's.
        rated: Which steps have a rating to learn.

    Returns:
        Of each page token ids, next tokens and rating classes, all [tokens of the page]; ``IGNORED`` where nothing is
        learned.
    """
    judged = [_judged_attempts(page) for page in pages]
    pieces = {piece for page in pages for piece in (page.problem, *page.steps, *page.right)}
    pieces |= {step for attempts in judged for steps, _, right in attempts for step in (*steps, *right)}
    tokens_of = tokenizer([*pieces], add_special_tokens=False)["input_ids"]
    ids = dict(zip(pieces, tokens_of, strict=True))
    newline, attempt_mark, revision_mark = tokenizer(["\n", "Attempt:\n", "Revision:"], add_special_tokens=False)[
        "input_ids"
    ]
    begin, end = (tokenizer.convert_tokens_to_ids(mark) for mark in (BOS, EOS))
    encoded = []
    for page, attempts in zip(pages, judged, strict=True):
        # The layout is that of stepscale.revisions.prompt (a test compares them).
        tokens = [begin, *ids[page.problem], *newline]
        classes = [IGNORED] * len(tokens)
        for steps, ratings, right in attempts:
            tokens += attempt_mark
            classes += [IGNORED] * len(attempt_mark) + _classes(steps, ratings, right, ids, len(newline), rated)
            tokens += [token for step in steps for token in [*ids[step], *newline]]
            classes += [IGNORED] * (len(tokens) - len(classes))
        if attempts:
            tokens += [*revision_mark, *newline, *ids[page.problem], *newline]
            classes += [IGNORED] * (len(tokens) - len(classes))
        solution = [token for step in page.steps for token in [*ids[step], *newline]] + [end]
        # Attempts are read, never written.
        following = [IGNORED] * (len(tokens) - 1) + solution if page.imitated else []
        tokens += solution
        classes += _classes(page.steps, page.ratings, page.right, ids, len(newline), rated)
        encoded.append((tokens, _filled(following, len(tokens)), _filled(classes, len(tokens))))
    return encoded


# Steps, their ratings, and the right steps in place of a negative one.
_Judged = tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]


def _judged_attempts(page: Page) -> list[_Judged]:
    """The page's attempts, judged where its solution is."""
    judged: list[_Judged] = []
    for steps in page.attempts:
        ratings = tuple(rate_steps(page.problem, steps)) if page.ratings else ()
        judged.append((steps, ratings, right_at_the_end(page.problem, steps, ratings)))
    return judged


def _classes(
    steps: tuple[str, ...],
    ratings: tuple[int, ...],
    right: tuple[str, ...],
    ids: Mapping[str, list[int]],
    newline: int,
    rated: Rated,
) -> list[int]:
    """Rating class of every token of the steps that are judged, each with ``newline`` tokens after it."""
    classes: list[int] = []
    for step, rating in zip(steps, ratings, strict=False):
        if rated == "none" or (rated == "slips" and may_be_misconceived(step)):
            classes += [IGNORED] * (len(ids[step]) + newline)
            continue
        n_right = _shared(ids[step], [ids[right_step] for right_step in right]) if rating == NEGATIVE else 0
        classes += [POSITIVE + 1] * n_right + [rating + 1] * (len(ids[step]) - n_right + newline)
    return classes


def _shared(step: list[int], right: list[list[int]]) -> int:
    """How many tokens at the step's beginning one of the right steps has, too."""
    alike = (takewhile(lambda pair: pair[0] == pair[1], zip(step, right_ids, strict=False)) for right_ids in right)
    return max((sum(1 for _ in pairs) for pairs in alike), default=0)


def _filled(targets: list[int], length: int) -> list[int]:
    return targets + [IGNORED] * (length - len(targets))
