"""A cohort: rows that decode side by side, one token per step, from their prefixes to their ends.

In: distinct prefixes with known keys/values and the members (requests) that stand on each. Out: every member's tokens. As
long as members have drawn the same tokens they ARE one row: a distinct token of the tree is computed once, and a row is
copied only where its members part. A member that has ended leaves; a row without members is dropped at once and its
place filled, so the batch stays dense. Members draw with numbers of their own (``draw``), so none of this changes a token.
Knows token ids and ends, nothing of problems or answers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.engine.computed import Computed
from stepscale.engine.decode_memory import Arena, DecodeMemory
from stepscale.engine.network import Network
from stepscale.generation.boundaries import Boundaries
from stepscale.generation.contract import Continuation, Ended, Request, Sampling, Until
from stepscale.generation.draw import certainties, draw, uniforms
from stepscale.time_limit import time_left

_TAIL = 8  # tokens a separator may be spelt with
_ENDED: tuple[Ended, ...] = ("step", "solution", "length")
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """What a cohort starts from: prefixes [G] and, for each member [N], its prefix's index, its seed and its floor."""

    prefixes: list[tuple[int, ...]]
    groups: Ints
    seeds: NDArray[np.uint64]
    floors: NDArray[np.float64]

    @classmethod
    def of(cls, requests: Sequence[Request]) -> "Plan":
        """The plan of some requests, in their order."""
        prefixes = list(dict.fromkeys(request.prefix for request in requests))
        place = {prefix: i for i, prefix in enumerate(prefixes)}
        groups = np.array([place[request.prefix] for request in requests], np.int64)
        seeds = np.array([request.seed for request in requests], np.uint64)
        return cls(prefixes, groups, seeds, np.array([request.floor for request in requests], np.float64))


@dataclass(frozen=True)
class Ends:
    """Where members end.

    ``boundaries``: tokens that end a step or a solution. ``longest``: tokens of prefix and continuation that the model can hold.
    ``opening``: a line that begins so is none of the solution, which ends before it ("": none); ``decode`` gives its text.
    """

    until: Until
    boundaries: Boundaries
    longest: int
    opening: str
    decode: Callable[[Sequence[int]], str]


@dataclass
class Outcome:
    """A cohort's results: one continuation per member; tokens computed; keys/values of finished steps by their path."""

    continuations: list[Continuation]
    read: Computed  # last tokens of prefixes, passed to draw the first token
    decoded: Computed
    paths: list[tuple[tuple[int, ...], torch.Tensor]]


class Cohort:
    """One cohort, from its plan to its outcome."""

    def __init__(
        self,
        network: Network,
        plan: Plan,
        past: torch.Tensor,
        arena: Arena,
        sampling: Sampling,
        ends: Ends,
    ) -> None:
        """Make the rows: one per prefix.

        Args:
            network: Computes the logits.
            plan: Prefixes and members.
            past: Keys and values of all but the last token of every prefix [layers, 2, G, KV, P, D].
            arena: Memory for the rows' own keys and values.
            sampling: How tokens are drawn.
            ends: Where members end.
        """
        self._network, self._plan, self._sampling, self._ends = network, plan, sampling, ends
        self._device = past.device
        lengths = np.array([len(prefix) for prefix in plan.prefixes], np.int64)
        self._memory = DecodeMemory(past, lengths - 1, arena, len(plan.seeds))
        self._ids = torch.tensor([prefix[-1] for prefix in plan.prefixes], device=self._device)  # one per row
        # What is known of every member: limits, and what it has drawn.
        n = len(plan.seeds)
        room = min(sampling.max_new_tokens, ends.longest - int(lengths.min()))
        self._limits = np.minimum(sampling.max_new_tokens, ends.longest - lengths[plan.groups])
        self._starts = lengths[plan.groups]
        self._tokens = np.full((n, room), -1, np.int64)
        self._logprobs = np.zeros((n, room), np.float64)
        self._certainties = np.zeros((n, room if sampling.certainty else 0), np.float64)
        self._step_ends = np.zeros((n, room), bool)
        self._ended = np.zeros(n, np.int64)
        self._lengths = np.zeros(n, np.int64)
        # Where each one's line begins, and whether that line may still turn out to be none of the solution.
        self._line_starts = np.zeros(n, np.int64)
        self._undecided = np.full(n, bool(ends.opening))
        # Members still drawing, with the row of each and whether its step is blank so far.
        self._alive = np.arange(n)
        self._rows = plan.groups.copy()
        self._blank = np.ones(n, bool)
        self._read, self._decoded = Computed(), Computed()
        self._paths: list[tuple[tuple[int, ...], torch.Tensor]] = []

    def run(self) -> Outcome:
        """Decode until every member has ended. Raises OutOfTime if the time is limited and up."""
        step = 0
        while len(self._alive):
            time_left()
            self._step(step)
            step += 1
        continuations = [self._continuation(i) for i in range(len(self._lengths))]
        return Outcome(continuations, self._read, self._decoded, self._paths)

    def _step(self, step: int) -> None:
        """One token for every member still drawing."""
        # 1. Count what is passed: the first step reads the prefixes' last tokens, later ones what was drawn.
        memory = self._memory
        memory.advance()
        counted = self._decoded if step else self._read
        at = memory.prefix_lengths[memory.groups] + step
        counted.tokens += len(at)
        counted.context_sum += int(at.sum()) + len(at)
        # 2. One pass over the rows; then each member draws from its row's logits with a number of its own.
        logits = self._network.logits(self._ids[:, None], memory)
        numbers = uniforms(self._plan.seeds[self._alive], self._starts[self._alive] + step)
        next_ids, logprobs = draw(
            logits,
            torch.as_tensor(self._rows, device=self._device),
            torch.as_tensor(numbers, device=self._device),
            self._sampling,
        )
        # 3. Record the tokens; those who go on make the rows of the next step.
        tokens = next_ids.cpu().numpy()
        self._tokens[self._alive, step] = tokens
        self._logprobs[self._alive, step] = logprobs.cpu().numpy()
        if self._sampling.certainty:
            self._certainties[self._alive, step] = certainties(logits).cpu().numpy()[self._rows]
            self._limits[self._alive[self._unsure(step)]] = step + 1
        going = self._end(step, tokens)
        self._branch(tokens[going], going, logits.shape[1])

    def _end(self, step: int, tokens: Ints) -> NDArray[np.bool_]:
        """Record who ended with these tokens; gives who goes on."""
        alive, bounds, longest = self._alive, self._ends.boundaries, self._ends.longest
        # 1. What the tokens are: the end of the solution, the end of a step, or blank.
        stops = bounds.stop[tokens]
        tails = self._tokens[alive, max(0, step + 1 - _TAIL) : step + 1]
        blank: NDArray[np.bool_] = self._blank & bounds.blank[tokens]  # with this token too: "}\n" in one is a line
        separates = bounds.ends_step(tokens, tails) & ~stops & ~blank
        opens = self._opens(step)
        # 2. Step ends; the end of a solution also ends a step that has text. After a step the next one is blank.
        self._step_ends[alive, step] = (separates | (stops & ~self._blank)) & ~opens
        self._blank = separates | blank
        self._line_starts[alive[separates & ~opens]] = step + 1
        self._undecided[alive[separates]] = bool(self._ends.opening)
        # 3. Who ends, and by what.
        room = self._starts[alive] + step + 1 < longest  # a step that fills the context cannot be gone on from
        at_step = separates & (self._ends.until == "step") & room & ~opens
        full = step + 1 >= self._limits[alive]
        ended = stops | opens | at_step | full
        self._ended[alive[ended]] = np.where(stops | opens, 1, np.where(at_step, 0, 2))[ended]
        self._lengths[alive[ended]] = np.where(opens, self._line_starts[alive], step + 1)[ended]
        if at_step.any():
            self._remember(alive[at_step], self._rows[at_step], step)
        return ~ended

    def _unsure(self, step: int) -> NDArray[np.bool_]:
        """Whose last group of tokens is less certain than the request allows."""
        group, floors = self._sampling.group, self._plan.floors[self._alive]
        if step + 1 < group or np.isneginf(floors).all():
            return np.zeros(len(self._alive), bool)
        means: NDArray[np.float64] = self._certainties[self._alive, step + 1 - group : step + 1].mean(axis=1)
        return means < floors

    def _opens(self, step: int) -> NDArray[np.bool_]:
        """Who has begun a line that is none of the solution; most lines are told from it by their first token."""
        opening, opens = self._ends.opening, np.zeros(len(self._alive), bool)
        for row in np.flatnonzero(self._undecided[self._alive]):
            member = self._alive[row]
            line = self._ends.decode(self._tokens[member, self._line_starts[member] : step + 1].tolist()).lstrip()
            opens[row] = line.startswith(opening)
            self._undecided[member] = opening.startswith(line)
        return opens

    def _remember(self, members: Ints, rows: Ints, step: int) -> None:
        """Keep the keys/values of finished steps, so that going on from them computes nothing again."""
        distinct, first = np.unique(rows, return_index=True)
        for row, member in zip(distinct, members[first], strict=True):
            path = (*self._plan.prefixes[self._plan.groups[member]], *self._tokens[member, :step].tolist())
            self._paths.append((path, self._memory.row(int(row)).clone()))

    def _branch(self, tokens: Ints, going: NDArray[np.bool_], vocabulary: int) -> None:
        """Make the next rows: one for each (row, token) that some member drew."""
        self._alive, self._blank = self._alive[going], self._blank[going]
        if not len(self._alive):
            return
        # 1. Children are the distinct pairs, sorted by parent row: members that drew the same token stay one row.
        children, child_of_member = np.unique(self._rows[going] * vocabulary + tokens, return_inverse=True)
        parents, n = children // vocabulary, len(children)
        # 2. A parent's first child takes its place, because moving keys and values costs more than all else here;
        #    not if the place lies beyond the new number of rows, for the batch must stay dense.
        stays = np.ones(n, bool)
        stays[1:] = parents[1:] != parents[:-1]
        stays &= parents < n
        # 3. The other children fill the places that are left, which are exactly as many.
        taken = np.zeros(n, bool)
        taken[parents[stays]] = True
        places = parents.copy()
        places[~stays] = np.flatnonzero(~taken)
        # 4. Copy what moves. No source is a target: a source that lies below n has a child that stays there.
        if n != len(self._ids) or not stays.all():
            self._memory.rearrange(parents[~stays], places[~stays], n)
        # 5. Members follow their child; its token is what its row reads next.
        self._rows = places[child_of_member]
        ids = np.empty(n, np.int64)
        ids[places] = children % vocabulary
        self._ids = torch.as_tensor(ids, device=self._device)

    def _continuation(self, member: int) -> Continuation:
        """What a member has drawn."""
        length = int(self._lengths[member])
        return Continuation(
            tokens=tuple(self._tokens[member, :length].tolist()),
            logprobs=tuple(self._logprobs[member, :length].tolist()),
            ended=_ENDED[self._ended[member]],
            step_ends=tuple(np.flatnonzero(self._step_ends[member, :length]).tolist()),
            certainties=tuple(self._certainties[member, :length].tolist()),
        )
