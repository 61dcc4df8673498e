"""Which requests decode as one cohort.

In: requests and the limits of the machine. Out: cohorts of requests that fit, each with its share of long and of short
prefixes. Longer problems have longer solutions, and cohorts that run side by side should end at the same time. The same
whatever the number of threads or worker processes, so results do not depend on them. Knows nothing about models.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stepscale.errors import InputError
from stepscale.generation.contract import Request

MIN_COHORT_ROWS, MAX_COHORT_ROWS = 128, 1_024  # of a cohort on a CPU: fewer waste time on calls, more leave its cache
_MIN_ROWS_OF_LARGE = 32
_MAX_PROBABILITIES = 2**24  # of all rows of a cohort: rows x vocabulary, 8 bytes each and held several times


@dataclass(frozen=True)
class CohortLimits:
    """What a cohort may hold.

    Attributes:
        tokens: Keys and values of one cohort (tokens).
        context: Tokens of one continuation with its prefix.
        lanes: Cohorts that run side by side.
        bounded_rows: Whether it keeps to ``MIN_COHORT_ROWS`` and ``MAX_COHORT_ROWS``, as suits a CPU.
        large: Whether its products are worth a core's while with fewer rows.
        most_rows: As many as its vocabulary allows.
    """

    tokens: int
    context: int
    lanes: int
    bounded_rows: bool
    large: bool = False
    most_rows: int = MAX_COHORT_ROWS

    def rows(self, n_requests: int, max_new_tokens: int) -> tuple[int, int, int]:
        """How requests are dealt to cohorts.

        Args:
            n_requests: All of a call.
            max_new_tokens: Of one continuation.

        Returns:
            The most requests of a cohort, how many it should have, and how many cohorts to deal to.
        """
        if not self.bounded_rows:
            return n_requests, n_requests, 1
        fewest, most = _MIN_ROWS_OF_LARGE if self.large else MIN_COHORT_ROWS, min(MAX_COHORT_ROWS, self.most_rows)
        fitting = min(most, max(1, self.tokens // max_new_tokens))
        turns = max(1, math.ceil(n_requests / (self.lanes * fitting)))
        n_cohorts = self.lanes * turns  # as few as fit, and as many in each lane
        return most, min(most, max(fewest, math.ceil(n_requests / n_cohorts))), n_cohorts


def rows_at_once(vocabulary: int) -> int:
    """The most rows of a cohort whose probabilities are worth their memory.

    Args:
        vocabulary: Ids that the model may draw.
    """
    return max(1, _MAX_PROBABILITIES // vocabulary)


def check_room(requests: Sequence[Request], context: int, name: str) -> None:
    """Check that every prefix leaves room for a token.

    Args:
        requests: What is asked for.
        context: Tokens that the model can hold.
        name: The generator's, for the error.

    Raises:
        InputError: A prefix leaves no room, or is empty.
    """
    for request in requests:
        if not 0 < len(request.prefix) < context:
            raise InputError(
                f"generator {name}: a prefix of {len(request.prefix)} tokens leaves no room in its context of"
                f" {context} tokens; shorten the prompt or the solution so far"
            )


def cohorts(requests: Sequence[Request], max_new_tokens: int, limits: CohortLimits) -> list[list[int]]:
    """Cut requests into cohorts; those that share a prefix stay in one cohort if they fit.

    Args:
        requests: Their prefixes must be shorter than ``limits.context``.
        max_new_tokens: Of one continuation.
        limits: What a cohort may hold.

    Returns:
        Indices of the requests of each cohort.
    """
    most, target, n_cohorts = limits.rows(len(requests), max_new_tokens)
    batches: list[list[int]] = []
    free_tokens = free_rows = 0
    for group in _dealt(_groups(requests), requests, n_cohorts):
        prefix = len(requests[group[0]].prefix)
        row = min(max_new_tokens, limits.context - prefix)  # tokens that one request may add
        capacity = min(most, max(1, (limits.tokens - prefix) // max(1, row)))
        for start in range(0, len(group), capacity):
            part = group[start : start + capacity]
            if len(part) > free_rows or prefix + len(part) * row > free_tokens:
                batches.append([])
                free_tokens, free_rows = limits.tokens, target
            batches[-1].extend(part)
            free_tokens -= prefix + len(part) * row
            free_rows -= len(part)
    return batches


def _groups(requests: Sequence[Request]) -> list[list[int]]:
    """Indices of the requests that share a prefix, in the prefixes' order."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, request in enumerate(requests):
        groups.setdefault(request.prefix, []).append(index)
    return [groups[prefix] for prefix in sorted(groups)]


def _dealt(groups: list[list[int]], requests: Sequence[Request], hands: int) -> list[list[int]]:
    """The groups as dealt to so many hands, to and fro by the length of their prefixes, one hand after the other."""
    ordered = sorted(groups, key=lambda group: len(requests[group[0]].prefix))
    dealt: list[list[list[int]]] = [[] for _ in range(hands)]
    for place, group in enumerate(ordered):
        turn, seat = divmod(place, hands)
        dealt[hands - 1 - seat if turn % 2 else seat].append(group)
    return [group for hand in dealt for group in hand]
