"""A cohort: rows that decode side by side, one token per step, from their prefixes to their ends.

In: distinct prefixes with known keys/values and the members (requests) that stand on each. Out: every member's tokens. As
long as members have drawn the same tokens they ARE one row. A distinct token of the tree is computed once, and a row is
copied only where its members part. A member that has ended leaves; a row without members is dropped at once and its
place filled, so the batch stays dense. Further members may join between any two steps. Members draw with numbers of their
own (``draw``), so none of this changes a token. Knows nothing about problems or answers.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.engine.computed import Computed
from stepscale.engine.copied_prefixes import CopiedPrefixes, copies_pay
from stepscale.engine.decode_cache import Arena, DecodeCache
from stepscale.engine.network import Network
from stepscale.engine.shared_prefixes import SharedPrefixes
from stepscale.generation.contract import Continuation, Sampling
from stepscale.generation.draw import draw, self_certainties, uniforms
from stepscale.generation.members import Bools, Ends, Ints, Members, Plan
from stepscale.time_limit import time_left

Path = tuple[tuple[int, ...], torch.Tensor]
"""Tokens, and the keys/values of their last ones."""


@dataclass
class Outcome:
    """A cohort's results.

    Attributes:
        continuations: One per member, in their order.
        read: Last tokens of prefixes, passed through the model to draw the first token.
        decoded: Drawn tokens that were passed through the model.
        paths: Keys and values of finished steps.
    """

    continuations: list[Continuation]
    read: Computed
    decoded: Computed
    paths: list[Path]


class Cohort:
    """One cohort. ``paths``: keys/values of steps that ended some member, by their path; who caches them clears the list."""

    def __init__(self, network: Network, arena: Arena, sampling: Sampling, ends: Ends) -> None:
        """Begin without members.

        Args:
            network: Computes the logits.
            arena: Memory for the rows' own keys and values.
            sampling: How tokens are drawn.
            ends: Where members end.
        """
        self._network, self._arena, self._sampling = network, arena, sampling
        self._vocabulary = len(ends.boundaries.stop)
        self.members = Members(ends, sampling.certainty, sampling.group)
        self._cache: DecodeCache
        # Members still drawing, with the row of each; the token that each row reads next.
        self._alive, self._rows, self._ids = np.empty((3, 0), np.int64)
        self._read, self._decoded = Computed(), Computed()
        self.paths: list[Path] = []

    def __len__(self) -> int:
        """Members still drawing."""
        return len(self._alive)

    def run(self, plan: Plan, past: torch.Tensor) -> Outcome:
        """Decode until every member has ended.

        Args:
            plan: Prefixes and members.
            past: Keys and values of all but the last token of every prefix [layers, 2, G, KV, P, D].

        Raises:
            OutOfTime: The time is limited and up.
        """
        shares = not copies_pay(past, len(plan.seeds))
        members = self._begin(plan, past, SharedPrefixes if shares else CopiedPrefixes)
        while len(self):
            time_left()
            self.step()
        continuations = [self.members.take(member)[0] for member in members.tolist()]
        return Outcome(continuations, self._read, self._decoded, self.paths)

    def join(self, plan: Plan, past: torch.Tensor) -> Ints:
        """Members who draw from the next step on; gives the number of each. For the arguments see ``run``.

        Args:
            plan: What the new members are asked for.
            past: Keys and values of their prefixes.

        Returns:
            Numbers of the members, in the plan's order.
        """
        if not len(self):
            return self._begin(plan, past, CopiedPrefixes)
        assert isinstance(self._cache, CopiedPrefixes), "prefixes that rows share are those of the beginning"
        self._cache.join(past, _past_lengths(plan))
        return self._add(plan)

    def leave(self, members: Ints) -> None:
        """Members of whom nothing more is asked; what they drew is lost.

        Args:
            members: Their numbers, as ``join`` gave them.
        """
        staying = ~np.isin(self._alive, members)
        self._branch(self._ids[self._rows[staying]], staying)
        for member in members.tolist():
            self.members.free(member)

    def step(self) -> Ints:
        """One token for every member still drawing; gives those who end with it.

        Returns:
            Numbers of the members that ended [ended], as ``join`` gave them.
        """
        # 1. One pass over the rows; then each member draws from its row's logits with a number of its own.
        alive, members, device = self._alive, self.members, self._cache.device
        self._cache.advance()
        self._count()
        logits = self._network.logits(torch.as_tensor(self._ids, device=device)[:, None], self._cache)
        numbers = uniforms(
            members.column("seed")[alive], members.column("start")[alive] + members.column("drawn")[alive]
        )
        rows, on_device = (torch.as_tensor(a, device=device) for a in (self._rows, numbers))
        next_ids, logprobs = draw(logits, rows, on_device, self._sampling)
        # 2. Record the tokens; those who go on make the rows of the next step.
        tokens: Ints = next_ids.cpu().numpy()
        certain = self_certainties(logits).cpu().numpy()[self._rows] if self._sampling.certainty else None
        ended = members.draw(alive, tokens, logprobs.cpu().numpy(), certain)
        if ended.any():
            self._keep_steps(alive[ended], self._rows[ended])
        self._branch(tokens[~ended], ~ended)
        return alive[ended]

    def _begin(self, plan: Plan, past: torch.Tensor, new_cache: type[CopiedPrefixes] | type[SharedPrefixes]) -> Ints:
        self._cache = new_cache(past, _past_lengths(plan), self._arena)
        self._rows = self._ids = np.empty(0, np.int64)
        return self._add(plan)

    def _add(self, plan: Plan) -> Ints:
        """A row per prefix, after those that there are."""
        members = self.members.add(plan)
        self._alive = np.concatenate([self._alive, members])
        self._rows = np.concatenate([self._rows, len(self._ids) + plan.groups])
        self._ids = np.concatenate([self._ids, [prefix[-1] for prefix in plan.prefixes]])
        return members

    def _count(self) -> None:
        """What is passed: a row's first step reads its prefix's last token, later ones what was drawn."""
        lengths = self._cache.lengths
        is_new = np.zeros(len(lengths), bool)
        is_new[self._rows[self.members.column("drawn")[self._alive] == 0]] = True
        for counted, context in ((self._read, lengths[is_new]), (self._decoded, lengths[~is_new])):
            counted.tokens += len(context)
            counted.context_sum += int(context.sum())

    def _keep_steps(self, members: Ints, rows: Ints) -> None:
        """Keep the keys/values of finished steps, so that going on from them computes nothing again."""
        at_step = self.members.column("ended")[members] == 0
        distinct, first = np.unique(rows[at_step], return_index=True)
        for row, member in zip(distinct.tolist(), members[at_step][first].tolist(), strict=True):
            n_read = int(self.members.column("drawn")[member])  # the prefix's last token, and all drawn but the last
            self.paths.append((self.members.path(member), self._cache.last(row, n_read).clone()))

    def _branch(self, tokens: Ints, going: Bools) -> None:
        """Make the next rows: one for each (row, token) that some member drew."""
        self._alive = self._alive[going]
        if not len(self._alive):
            return
        # 1. Children are the distinct pairs, sorted by parent row: members that drew the same token stay one row.
        children, child_of_member = np.unique(self._rows[going] * self._vocabulary + tokens, return_inverse=True)
        parents, n = children // self._vocabulary, len(children)
        # 2. A parent's first child takes its place, because moving keys and values costs more than all else here;
        #    not if the place is beyond the new number of rows, for the batch must stay dense.
        stays = np.ones(n, bool)
        stays[1:] = parents[1:] != parents[:-1]
        stays &= parents < n
        # 3. The other children fill the places that are left, which are exactly as many.
        is_taken = np.zeros(n, bool)
        is_taken[parents[stays]] = True
        places = parents.copy()
        places[~stays] = np.flatnonzero(~is_taken)
        # 4. Copy what moves. No source is a target: a source that lies below n has a child that stays there.
        if n != len(self._ids) or not stays.all():
            self._cache.rearrange(parents[~stays], places[~stays], n)
        # 5. Members follow their child; its token is what its row reads next.
        self._rows = places[child_of_member]
        self._ids = np.empty(n, np.int64)
        self._ids[places] = children % self._vocabulary


def _past_lengths(plan: Plan) -> NDArray[np.int64]:
    """Tokens of each prefix but its last, which is passed to draw."""
    return np.array([len(prefix) - 1 for prefix in plan.prefixes], np.int64)
