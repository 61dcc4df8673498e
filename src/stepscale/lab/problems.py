"""Problems of the lab: an endless supply by seed, in splits that cannot overlap because a problem's text decides.

``pretrain`` problems are for base models, ``train`` for generators and verifiers of a run, ``test`` for measuring.
The held-out families' problems are never used for training a verifier; their test problems have split ``heldout``.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from random import Random

import pandas as pd

from stepscale.errors import InputError
from stepscale.lab.stories import FAMILIES, HELD_OUT_FAMILIES, LEVELS, draw_story
from stepscale.lab.wording import read_story, tell
from stepscale.seeds import seed_for

SPLITS = ("pretrain", "train", "test")
_SHARES = (5, 8, 10)  # of ten: pretrain 5, train 3, test 2


def split_of(problem: str) -> str:
    """The split that a problem belongs to, by a hash of its text.

    Args:
        problem: Its text.

    Returns:
        One of ``SPLITS``.
    """
    bucket = blake2b(problem.encode(), digest_size=4).digest()[0] % 10
    return SPLITS[next(i for i, share in enumerate(_SHARES) if bucket < share)]


def draw_problem(family: str, level: int, split: str, rng: Random) -> str:
    """A random problem of one family, level (1-5) and split.

    Args:
        family: Of its sentences.
        level: 1 to 5.
        split: "pretrain", "train" or "test".
        rng: Draws problems until one is of the split.

    Returns:
        The problem's text.
    """
    while True:
        problem = tell(draw_story(family, level, rng))
        if split_of(problem) == split:
            return problem


def _answer(problem: str) -> str:
    story = read_story(problem)
    return str(story.amounts[story.asked_name])


# Problems of each level that come in turn. Of the 500 test problems of MATH that Lightman et al. chose, 9, 18, 21, 26 and 27 %
# are of levels 1 to 5; 1, 2, 3, 3 and 3 in turn are 8, 17, 25, 25 and 25 %.
LEVEL_SHARES = {"equal": dict.fromkeys(LEVELS, 1), "math": {1: 1, 2: 2, 3: 3, 4: 3, 5: 3}}
_MAX_DRAWS = 300  # without a new problem among so many, a family has none left at that level


def _fresh_problem(family: str, level: int, split: str, rng: Random, problems: Mapping[str, object]) -> str | None:
    for _ in range(_MAX_DRAWS):
        problem = draw_problem(family, level, split, rng)
        if problem not in problems:
            return problem
    return None


def make_problems(
    n: int,
    split: str,
    run_seed: int,
    families: Sequence[str] = (),
    levels: Sequence[int] = LEVELS,
    level_shares: str = "equal",
) -> pd.DataFrame:
    """Distinct problems as a problems table: families in equal shares and levels in the asked ones, as far as they have so many.

    Args:
        n: Number of problems.
        split: "pretrain", "train" or "test".
        run_seed: Decides the problems.
        families: Names; none: all but the held-out ones.
        levels: Levels, 1 (easiest) to 5.
        level_shares: A name of ``LEVEL_SHARES``.

    Raises:
        InputError: A family, a level or the shares are unknown, or there are not so many problems.
    """
    if level_shares not in LEVEL_SHARES:
        raise InputError(f"lab: no level shares {level_shares!r}; they are {' or '.join(LEVEL_SHARES)}")
    if split not in SPLITS:
        raise InputError(f"lab: no split {split!r}; splits are {', '.join(SPLITS)}")
    families = tuple(families) or tuple(name for name in FAMILIES if name not in HELD_OUT_FAMILIES)
    for unknown in [f for f in families if f not in FAMILIES] + [str(v) for v in levels if v not in LEVELS]:
        raise InputError(f"lab: no family or level {unknown!r}; families are {', '.join(FAMILIES)}, levels 1-5")
    rng = Random(seed_for(run_seed, f"problems/{split}/{'+'.join(families)}"))
    problems: dict[str, tuple[str, int]] = {}
    shares = LEVEL_SHARES[level_shares]
    places = [(family, level) for level in levels for _ in range(shares[level]) for family in families]
    turn = 0
    while len(problems) < n:
        if not places:
            raise InputError(f"lab: only {len(problems)} distinct problems of {families} {levels} found; ask for fewer")
        turn %= len(places)
        family, level = places[turn]
        fresh = _fresh_problem(family, level, split, rng, problems)
        if fresh is None:
            del places[turn]  # small families run dry first; the others go on taking turns
        else:
            problems[fresh] = (family, level)
            turn += 1
    mark = "heldout" if set(families) <= set(HELD_OUT_FAMILIES) and split == "test" else split
    return _table(problems, mark, run_seed)


def _table(problems: Mapping[str, tuple[str, int]], mark: str, run_seed: int) -> pd.DataFrame:
    """A problems table of texts with their (family, level)."""
    return pd.DataFrame(
        {
            "problem_id": [f"lab-{mark}-{run_seed}-{i}" for i in range(len(problems))],
            "problem": list(problems),
            "answer": [_answer(text) for text in problems],
            "solution": None,
            "subject": [family for family, _ in problems.values()],
            "level": pd.array([level for _, level in problems.values()], dtype="Int64"),
            "split": mark,
        }
    )
