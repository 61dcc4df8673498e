"""One PRM800K record, taken apart and put together again: JSON objects and tuples, no frames, no files.

`walk` follows the chosen completions and lists every labelled completion; `rebuild` makes the record's ``label`` from
those rows; `difference` and `patched` carry whatever a record holds beyond the published shape, so that nothing is
lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from stepscale.formats.lines import BadRecord, Record

Path = list[str | int]
Layout = list[tuple[int, int, bool]]
"""For each step of the record: its position in the trajectory, its number of model completions, has it a human one."""


class Label(NamedTuple):
    """One labelled completion: a row of step_labels without its solution's key."""

    step: int
    completion: int
    text: str
    rating: int | None
    is_chosen: bool
    source: str | None
    flagged: bool | None


class Rated(Protocol):
    """What is kept of a labelled completion besides its place."""

    @property
    def text(self) -> str:
        """The step, as labelled."""

    @property
    def rating(self) -> int | None:
        """-1, 0, 1 or null."""

    @property
    def flagged(self) -> bool | None:
        """The labeler's mark."""


class Groups(NamedTuple):
    """A record's labels, flat, one group for each position of the trajectory that has labels.

    Of a group `sizes` counts the labels and `chosen` is the index of the one taken, -1 for none. `human` are the
    indices (of all the record's labels) that the labeler wrote.
    """

    trajectory: list[str]
    labels: Sequence[Rated]
    positions: Sequence[int]
    sizes: Sequence[int]
    chosen: Sequence[int]
    human: Sequence[int]


@dataclass
class Walk:
    """What one record's steps say. `regular`: no step was passed over or empty. `usual`: every object has the published
    keys.
    """

    trajectory: list[str] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    layout: Layout = field(default_factory=list)
    regular: bool = True
    usual: bool = True

    def groups(self) -> Groups:
        """The same labels, flat."""
        grouped = [list(rows) for _, rows in groupby(self.labels, key=attrgetter("step"))]
        return Groups(
            self.trajectory,
            self.labels,
            [rows[0].step for rows in grouped],
            [len(rows) for rows in grouped],
            [next((index for index, label in enumerate(rows) if label.is_chosen), -1) for rows in grouped],
            [index for index, label in enumerate(self.labels) if label.source is not None],
        )


def walk(steps: Sequence[Record]) -> Walk:
    """Follow the chosen completions (or the labeler's own where none is chosen). Raises BadRecord, naming the step from
    1.
    """
    done = Walk()
    number = 0
    for place, step in enumerate(steps, 1):
        position, start = len(done.trajectory), number
        completions, human, chosen = step["completions"] or (), step["human_completion"], step["chosen_completion"]
        done.usual &= len(step) == 3 and step["completions"] != []
        if chosen is not None and not (type(chosen) is int and 0 <= chosen < len(completions)):
            raise BadRecord(f"step {place}: chosen_completion is {chosen!r} of {len(completions)} completions")
        taken = None
        for completion in completions:
            label = _model_label(completion, position, number, number - start == chosen, place)
            done.usual &= len(completion) == 3 and "flagged" in completion
            done.labels.append(label)
            taken = label.text if label.is_chosen else taken
            number += 1
        if human is not None:
            label, usual = _human_label(human, position, number, chosen is None, place)
            done.usual &= usual
            done.labels.append(label)
            taken = label.text if label.is_chosen else taken
            number += 1
        done.layout.append((position, len(completions), human is not None))
        if taken is None:
            done.regular &= place == len(steps) and number > start
        else:
            done.regular &= start == 0
            done.trajectory.append(taken)
            number = 0
    return done


def _model_label(completion: Record, position: int, number: int, chosen: bool, place: int) -> Label:
    text, rating, flagged = completion["text"], completion["rating"], completion.get("flagged")
    if type(text) is not str:
        raise BadRecord(f"step {place}: the text of a completion is not a string")
    if rating is not None and (type(rating) is not int or not -1 <= rating <= 1):
        raise BadRecord(f"step {place}: rating is {rating!r}, not -1, 0, 1 or null")
    if flagged is not None and type(flagged) is not bool:
        raise BadRecord(f"step {place}: flagged is {flagged!r}, not true, false or null")
    return Label(position, number, text, rating, chosen, None, flagged)


def _human_label(human: Any, position: int, number: int, chosen: bool, place: int) -> tuple[Label, bool]:
    if type(human) is str:  # as the README of PRM800K shows it; the published files hold objects
        return Label(position, number, human, None, chosen, "human", None), False
    label = _model_label({"rating": None, **human}, position, number, chosen, place)._replace(source="human")
    return label, human.keys() == {"text", "rating", "source", "flagged"} and human["source"] == "human"


def rebuild(labels: Sequence[Label], layout: Layout | None) -> list[Record]:
    """The steps of a record from its labels, in order of (step, completion); without a fitting `layout`, one step a
    position.
    """
    if layout is None or sum(count + human for _, count, human in layout) != len(labels):
        layout = list(_plain_layout(labels))
    steps, at = [], 0
    for _, count, has_human in layout:
        completions = labels[at : at + count]
        human = labels[at + count] if has_human else None
        at += count + has_human
        steps.append(
            {
                "completions": [{"text": c.text, "rating": c.rating, "flagged": c.flagged} for c in completions]
                or None,
                "human_completion": None
                if human is None
                else {"text": human.text, "rating": human.rating, "source": "human", "flagged": human.flagged},
                "chosen_completion": next((index for index, c in enumerate(completions) if c.is_chosen), None),
            }
        )
    return steps


def _plain_layout(labels: Sequence[Label]) -> Iterator[tuple[int, int, bool]]:
    for position, group in groupby(labels, key=attrgetter("step")):
        rows = list(group)
        human = rows[-1].source == "human"
        yield position, len(rows) - human, human


def difference(wanted: Any, made: Any, path: Path | None = None) -> list[list[Any]]:
    """What turns `made` into `wanted`: [path, value] sets, [path] removes."""
    path = path or []
    if isinstance(wanted, dict) and isinstance(made, dict):
        changes: list[list[Any]] = [[[*path, key]] for key in made if key not in wanted]
        for key, value in wanted.items():
            changes += difference(value, made[key], [*path, key]) if key in made else [[[*path, key], value]]
        return changes
    if isinstance(wanted, list) and isinstance(made, list) and len(wanted) == len(made):
        pairs = enumerate(zip(wanted, made, strict=True))
        return [change for index, pair in pairs for change in difference(*pair, [*path, index])]
    return [] if wanted == made and type(wanted) is type(made) else [[path, wanted]]


def patched(record: Record, changes: Sequence[Sequence[Any]]) -> Record:
    """`record`, changed in place by `difference`'s list; changes of places that are no more are left out."""
    for path, *value in changes:
        parent: Any = record
        try:
            for key in path[:-1]:
                parent = parent[key]
            if value:
                parent[path[-1]] = value[0]
            else:
                del parent[path[-1]]
        except (KeyError, IndexError, TypeError):
            continue
    return record
