"""The members of a cohort: what each has drawn, and where it ends.

In: the tokens that members drew. Out: who ended, and continuations. Each member has its own limit, and may begin at any time.
Knows token ids and ends, but no networks, rows or caches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepscale.generation.boundaries import Boundaries
from stepscale.generation.contract import Continuation, Ended, Request, Until

_MAX_SEPARATOR_TOKENS = 8  # tokens a separator may be spelled with
_ENDED: tuple[Ended, ...] = ("step", "solution", "length")
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Plan:
    """Who joins a cohort: G prefixes, and N members that continue them.

    Attributes:
        prefixes: Token ids [G].
        groups: Index of each member's prefix [N].
        seeds: Of each member [N].
        most: Tokens that each may draw [N].
        to_step: Whether it ends with its first step [N].
        floors: Least group confidence of each (nats) [N].
    """

    prefixes: list[tuple[int, ...]]
    groups: Ints
    seeds: NDArray[np.uint64]
    most: Ints
    to_step: Bools
    floors: NDArray[np.float64]

    @classmethod
    def of(cls, requests: Sequence[Request], most: Ints | int, until: Sequence[Until] | Until) -> "Plan":
        """The plan of some requests, in their order; one limit for all, or one for each.

        Args:
            requests: What is asked for.
            most: Tokens that each may draw, or one number for all.
            until: Where each ends, or one word for all.
        """
        prefixes = list(dict.fromkeys(request.prefix for request in requests))
        place = {prefix: i for i, prefix in enumerate(prefixes)}
        groups = np.array([place[request.prefix] for request in requests], np.int64)
        seeds = np.array([request.seed for request in requests], np.uint64)
        n = len(requests)
        limits = np.broadcast_to(most, n), np.broadcast_to(np.array(until) == "step", n)
        return cls(prefixes, groups, seeds, *limits, np.array([request.floor for request in requests], np.float64))


@dataclass(frozen=True)
class Ends:
    """Where members end.

    Attributes:
        boundaries: Tokens that end a step or a solution.
        longest: Tokens of prefix and continuation that the model can hold.
        opening: A solution ends before a line that begins like this; "": no such line.
        decode: Text of token ids.
    """

    boundaries: Boundaries
    longest: int
    opening: str
    decode: Callable[[Sequence[int]], str]


class Members:
    """A table with a line per member; lines of members that left are used again.

    Args:
        ends: Where members end.
        with_self_certainty: Whether the self-certainty of each token is kept, too.
        group: Tokens in a row whose mean self-certainty, the group confidence, must not fall below a member's floor; where it is
            kept.
    """

    def __init__(self, ends: Ends, with_self_certainty: bool, group: int) -> None:
        """Begin with an empty table."""
        self._ends, self._with_self_certainty, self._group = ends, with_self_certainty, group
        self._table = self._new_table(0, 0)
        self._prefixes: dict[int, tuple[int, ...]] = {}
        self._free: list[int] = []

    def column(self, name: str) -> NDArray[Any]:
        """A column of the table [lines], by its name in ``_new_table``; writing to it changes the table."""
        return self._table[name]

    def add(self, plan: Plan) -> Ints:
        """Lines for further members.

        Args:
            plan: Who they are, N in number.

        Returns:
            Numbers of their lines [N], in the plan's order.
        """
        lengths = np.array([len(prefix) for prefix in plan.prefixes], np.int64)[plan.groups]
        limits = np.minimum(plan.most, self._ends.longest - lengths)
        # 1. Lines that are free, then new ones.
        n_lines, room = self._table["tokens"].shape
        n_new = len(limits) - len(self._free)
        if n_new > 0 or limits.max() > room:
            self._grow(n_lines + max(0, n_new, n_lines if n_new > 0 else 0), max(room, int(limits.max())))
        lines = np.array([self._free.pop() for _ in limits], np.int64)
        # 2. Nothing is known of them but where they begin and how far they may go.
        for name in ("drawn", "length", "ended", "line_start", "step_ends"):
            self._table[name][lines] = 0
        for name, value in (("blank", True), ("undecided", bool(self._ends.opening)), ("to_step", plan.to_step)):
            self._table[name][lines] = value
        for name, values in (("seed", plan.seeds), ("start", lengths), ("limit", limits), ("floor", plan.floors)):
            self._table[name][lines] = values
        for line, group in zip(lines.tolist(), plan.groups.tolist(), strict=True):
            self._prefixes[line] = plan.prefixes[group]
        return lines

    def draw(self, lines: Ints, tokens: Ints, logprobs: NDArray[Any], certainties: NDArray[Any] | None) -> Bools:
        """Record a token of each of these members; returns which of them end with it.

        Args:
            lines: Of the members that draw [n].
            tokens: Drawn by them [n].
            logprobs: Their log-likelihoods at temperature 1 [n] (nats).
            certainties: Self-certainties of the distributions they were drawn from [n] (nats); None where they are not kept.

        Returns:
            Flags [n].
        """
        table, places = self._table, self._table["drawn"][lines]
        table["tokens"][lines, places] = tokens
        table["logprobs"][lines, places] = logprobs
        if certainties is not None:
            table["certainties"][lines, places] = certainties
        table["drawn"][lines] = places + 1
        return self._end(lines, tokens, places)

    def path(self, line: int) -> tuple[int, ...]:
        """Token ids of the member in ``line``: its prefix and what was drawn, but for the last token, which has not been read."""
        length = self._table["drawn"][line]
        return (*self._prefixes[line], *self._table["tokens"][line, : length - 1].tolist())

    def take(self, line: int) -> tuple[Continuation, int]:
        """What a member has drawn, and how many further tokens were drawn that are not part of it; its line is free then.

        Args:
            line: Of the member.

        Returns:
            Its continuation, and the number of further tokens drawn.
        """
        row = self._table[line]
        length = int(row["length"])
        continuation = Continuation(
            tokens=tuple(row["tokens"][:length].tolist()),
            logprobs=tuple(row["logprobs"][:length].tolist()),
            ended=_ENDED[row["ended"]],
            step_ends=tuple(np.flatnonzero(row["step_ends"][:length]).tolist()),
            certainties=tuple(row["certainties"][:length].tolist()),
        )
        self.free(line)
        return continuation, int(row["drawn"]) - length

    def free(self, line: int) -> None:
        """Free a member's line, by its number; the member takes no more tokens."""
        del self._prefixes[line]
        self._free.append(line)

    def _end(self, lines: Ints, tokens: Ints, places: Ints) -> Bools:
        """Which members end with these tokens, which are at ``places`` of their continuations."""
        table, bounds, longest = self._table, self._ends.boundaries, self._ends.longest
        # 1. What the tokens are: the end of the solution, the end of a step, or blank.
        stops, was_blank = bounds.stop[tokens], table["blank"][lines]
        columns = places[:, None] + np.arange(1 - _MAX_SEPARATOR_TOKENS, 1)
        tails = np.where(columns < 0, -1, table["tokens"][lines[:, None], np.maximum(columns, 0)])
        blank: Bools = was_blank & bounds.blank[tokens]  # with this token too: "}\n" in one is a line
        separates = bounds.ends_step(tokens, tails) & ~stops & ~blank
        opens = self._opens(lines)
        # 2. Step ends; the end of a solution also ends a step that has text. After a step the next one is blank.
        table["step_ends"][lines, places] = (separates | (stops & ~was_blank)) & ~opens
        table["blank"][lines] = separates | blank
        begins = separates & ~opens
        table["line_start"][lines[begins]] = places[begins] + 1
        table["undecided"][lines[separates]] = bool(self._ends.opening)
        # 3. Who ends, and by what.
        room = table["start"][lines] + places + 1 < longest  # a step that fills the context cannot be gone on from
        at_step = separates & table["to_step"][lines] & room & ~opens
        ended: Bools = stops | opens | at_step | (places + 1 >= table["limit"][lines]) | self._unsure(lines, places)
        table["ended"][lines] = np.where(stops | opens, 1, np.where(at_step, 0, 2))
        table["length"][lines] = np.where(opens, table["line_start"][lines], places + 1)
        return ended

    def _unsure(self, lines: Ints, places: Ints) -> Bools:
        """Members whose last group of tokens is less certain than the request allows."""
        unsure = np.zeros(len(lines), bool)
        if not self._with_self_certainty:
            return unsure
        table, group = self._table, self._group
        floors = table["floor"][lines]
        for i in np.flatnonzero((places + 1 >= group) & (floors > -np.inf)):
            unsure[i] = table["certainties"][lines[i], places[i] + 1 - group : places[i] + 1].mean() < floors[i]
        return unsure

    def _opens(self, lines: Ints) -> Bools:
        """Members that have begun a line after the end of the solution; the first token of most lines rules that out."""
        table, opening, opens = self._table, self._ends.opening, np.zeros(len(lines), bool)
        for i in np.flatnonzero(table["undecided"][lines]):
            row = table[lines[i]]
            text = self._ends.decode(row["tokens"][row["line_start"] : row["drawn"]].tolist()).lstrip()
            opens[i] = text.startswith(opening)
            row["undecided"] = opening.startswith(text)
        return opens

    def _grow(self, n_lines: int, room: int) -> None:
        grown = self._new_table(n_lines, room)
        had, had_room = self._table["tokens"].shape
        for name in self._table.dtype.names or ():
            column = self._table[name]
            grown[name][(slice(had), slice(had_room))[: column.ndim]] = column
        self._table = grown
        self._free.extend(range(n_lines - 1, had - 1, -1))

    def _new_table(self, n_lines: int, room: int) -> NDArray[Any]:
        columns = [
            ("seed", np.uint64),
            ("start", np.int64),  # tokens of the prefix
            ("limit", np.int64),  # tokens that may be drawn
            ("to_step", np.bool_),
            ("floor", np.float64),  # least group confidence
            ("drawn", np.int64),
            ("length", np.int64),  # of the continuation; less than ``drawn`` if a line was none of the solution
            ("ended", np.int64),
            ("blank", np.bool_),  # whether its step is blank so far
            ("line_start", np.int64),
            ("undecided", np.bool_),  # whether its line may still turn out to be none of the solution
            ("tokens", np.int64, (room,)),
            ("logprobs", np.float64, (room,)),
            ("certainties", np.float64, (room if self._with_self_certainty else 0,)),
            ("step_ends", np.bool_, (room,)),
        ]
        return np.zeros(n_lines, np.dtype(columns, align=True))
