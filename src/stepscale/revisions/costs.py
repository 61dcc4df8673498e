"""The cost of some chains of a pool, as if they were drawn and read without the others.

In: for each attempt of a problem the sequence that was passed through a model. Out: its place among them in order, its tokens,
and those it shares with the one before it; and from these the distinct tokens of any group. Where equal beginnings are together
two sequences share no more than any two neighbors between them do (as in a suffix array), so three numbers per attempt replace
its tokens. It counts as the engines do (``generation.local``, ``verifiers.scoring``), like ``sample_costs``, which prices
independent samples in expectation. Knows nothing about how answers are chosen.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.engine.encoding import Encoded

Counted = tuple[Any, int]  # a token or a text, alike where it is shared, and the tokens it takes
WRITING = ("write_place", "write_tokens", "write_shared")
READING = ("read_place", "read_tokens", "read_shared")


def written_pieces(prompt: Sequence[int], position: int, attempt: Sequence[int]) -> list[Counted]:
    """What the generator passes for one attempt: prompt, then what was drawn, whose last token is never passed.

    The last token of the prompt is passed to draw the first one, and nothing that was drawn is cached. Both are shared
    by attempts of one ``position`` alone, for these are drawn in one call. The rest of the prompt is shared by all.

    Args:
        prompt: Token ids of the attempt's prompt.
        position: Of the attempt in its chain, from 0.
        attempt: Token ids that were drawn.
    """
    last = [(-1 - position, 0), (prompt[-1], 1)]  # no token is negative
    return [*((token, 1) for token in prompt[:-1]), *last, *((token, 1) for token in attempt[:-1])]


def read_pieces(text: str, steps: Sequence[str], read: Encoded) -> list[Counted]:
    """What a verifier reads of one solution after ``text``: the text as one piece, then each step; empty if no step fits.

    Args:
        text: What stands in the problem's place.
        steps: Texts of the solution's steps.
        read: The same as the verifier lays it out in tokens.
    """
    if not read.step_ends:
        return []
    ends = [read.prompt_length, *(end + 1 for end in read.step_ends)]
    return [(text, ends[0]), *((step, b - a) for step, (a, b) in zip(steps, pairwise(ends), strict=False))]


def in_order(sequences: Sequence[Sequence[Counted]]) -> NDArray[np.int64]:
    """How much each sequence shares with another, if they are read in order.

    Args:
        sequences: Of each attempt what is read [attempts].

    Returns:
        [n, 3]: place in order, tokens, and tokens shared with the sequence one place before.
    """
    keys = [[key for key, _ in pieces] for pieces in sequences]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    places = np.zeros((len(keys), 3), np.int64)
    places[order, 0] = np.arange(len(keys))
    places[:, 1] = [sum(tokens for _, tokens in pieces) for pieces in sequences]
    for before, current in pairwise(order):
        alike = next((i for i, (a, b) in enumerate(zip(keys[before], keys[current], strict=False)) if a != b), None)
        alike = min(len(keys[before]), len(keys[current])) if alike is None else alike
        places[current, 2] = sum(tokens for _, tokens in sequences[current][:alike])
    return places


class Beginnings:
    """How the sequences of a problem's attempts share beginnings.

    Args:
        rows: A row per attempt.
        names: The columns with the place of each text in ``in_order``, its tokens, and the tokens shared with the one before.
    """

    def __init__(self, rows: pd.DataFrame, names: Iterable[str]) -> None:
        self._place, self._tokens, shared = rows[list(names)].to_numpy(np.int64).T
        self._shared = np.empty_like(shared)
        self._shared[self._place] = shared

    def distinct(self, group: NDArray[np.int64]) -> int:
        """Tokens that an engine passes for some attempts, each beginning that several share once.

        Args:
            group: Numbers of their rows, at least one [n].
        """
        places = np.sort(self._place[group])
        total = int(self._tokens[group].sum())
        if len(places) < 2:
            return total
        return total - int(np.minimum.reduceat(self._shared[: places[-1] + 1], places[:-1] + 1).sum())
