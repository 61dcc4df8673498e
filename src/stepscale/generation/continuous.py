"""Continuous batching: a cohort that goes on as long as there is work, which requests join at any token.

In: calls, each with its requests and limits. Out: each call's continuations as soon as its own requests have ended. Requests wait
while the cohort has no room, in order of arrival. One thread uses it. Knows nothing about what the requests are for.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from stepscale.engine.computed import Computed
from stepscale.engine.lanes import Lanes
from stepscale.engine.prefix_cache import PrefixCache
from stepscale.generation.batching import CohortLimits
from stepscale.generation.cohort import Cohort
from stepscale.generation.contract import Continuation, Request, Until
from stepscale.generation.members import Plan


@dataclass(eq=False)
class DrawCall:
    """Requests of one call, which end together.

    Attributes:
        requests: What is asked for.
        most: Tokens of one continuation.
        until: Whether a continuation ends with its step or its solution.
        continuations: Those that have ended, by the place of their request.
        unseen: Tokens drawn for it that are in no continuation.
    """

    requests: Sequence[Request]
    most: int
    until: Until
    continuations: dict[int, Continuation] = field(default_factory=dict)
    unseen: int = 0

    @property
    def is_done(self) -> bool:
        """Whether all requests have ended."""
        return len(self.continuations) == len(self.requests)


class ContinuousBatch:
    """The running cohort, and the requests that wait for a place in it."""

    def __init__(
        self,
        prefix_cache: PrefixCache,
        cohort: Cohort,
        limits: CohortLimits,
        check: Callable[[Sequence[Request]], None],
    ) -> None:
        """Start without any.

        Args:
            prefix_cache: Of the prefixes' keys and values.
            cohort: Without members.
            limits: What it may hold.
            check: Raises InputError for requests that cannot be drawn.
        """
        self._prefix_cache, self._cohort, self._limits, self._check = prefix_cache, cohort, limits, check
        self._waiting: deque[tuple[DrawCall, int]] = deque()
        self._owners: dict[int, tuple[DrawCall, int]] = {}  # of members still drawing

    def __len__(self) -> int:
        """Requests that wait or are drawn."""
        return len(self._waiting) + len(self._owners)

    def add(self, call: DrawCall) -> None:
        """Have the requests join as soon as there is room, at the next step if there is.

        Args:
            call: With requests of which none has begun.

        Raises:
            InputError: A request cannot be drawn, by ``check``.
        """
        self._check(call.requests)
        self._waiting.extend((call, i) for i in range(len(call.requests)))

    def drop(self, call: DrawCall) -> None:
        """Cancel a call whose result is no longer needed; without effect on one that is done.

        Args:
            call: One that was added.
        """
        self._waiting = deque(waiting for waiting in self._waiting if waiting[0] is not call)
        members = [member for member, (owner, _) in self._owners.items() if owner is call]
        if members:
            with torch.inference_mode():
                self._cohort.leave(np.array(members))
        for member in members:
            del self._owners[member]

    def step(self) -> list[DrawCall]:
        """One token for every request that has a place; gives the calls that are done.

        Returns:
            Calls all of whose requests have ended. Those that wait for a place get one first, as memory allows.
        """
        with torch.inference_mode():  # the mode is each thread's own
            if self._waiting:
                self._admit()
            ended = self._cohort.step().tolist() if len(self._cohort) else []
            self._cache_steps()
        finished = []
        for member in ended:
            call, index = self._owners.pop(member)
            call.continuations[index], unseen = self._cohort.members.take(member)
            call.unseen += unseen
            if call.is_done:
                finished.append(call)
        return finished

    def _admit(self) -> None:
        """Let requests in while there is room; one that is too large for any cohort has one for itself."""
        # 1. Every row has as many columns as the longest may need.
        entering: list[tuple[DrawCall, int]] = []
        longest = max((self._size(*owner) for owner in self._owners.values()), default=0)
        while self._waiting:
            longest = max(longest, self._size(*self._waiting[0]))
            n_rows = len(self._owners) + len(entering) + 1
            if n_rows > 1 and (n_rows > self._limits.most_rows or n_rows * longest > self._limits.tokens):
                break
            entering.append(self._waiting.popleft())
        if not entering:
            return
        # 2. Read their prefixes in one go.
        requests = [call.requests[i] for call, i in entering]
        plan = Plan.of(requests, np.array([call.most for call, _ in entering]), [call.until for call, _ in entering])
        slots = self._prefix_cache.read([prefix[:-1] for prefix in plan.prefixes], Computed(), Lanes(1))
        members = self._cohort.join(plan, self._prefix_cache.gather(slots))
        self._owners.update(zip(members.tolist(), entering, strict=True))
        self._prefix_cache.evict()

    def _size(self, call: DrawCall, index: int) -> int:
        """Tokens that a request may come to hold."""
        return min(len(call.requests[index].prefix) + call.most, self._limits.context)

    def _cache_steps(self) -> None:
        """Cache finished steps, and evict what is over the budget."""
        if not self._cohort.paths:
            return
        for path, keys_values in self._cohort.paths:
            self._prefix_cache.insert(path, keys_values)
        self._cohort.paths.clear()
        self._prefix_cache.evict()
