"""One PRM800K record's steps, walked along the chosen completions: JSON objects in, flat lists out.

Later steps follow the chosen completion only (or the labeler's own where none is chosen), so no product of the
alternatives is ever a solution.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stepscale.formats.fields import BadRecord, Record


@dataclass(slots=True)
class Walk:
    """A record's labeled completions, flat: one group for each position of the trajectory that has labels.

    Attributes:
        trajectory: The steps that were taken.
        texts: Of each completion.
        ratings: -1, 0, 1 or None of each completion.
        flagged: Of each completion; None: the record does not say.
        human: Indices of the completions that the labeler wrote.
        positions: Of each group its place in the trajectory.
        sizes: Of each group its number of completions.
        chosen: Of each group the completion taken, by its index within the group; -1: none.
    """

    trajectory: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ratings: list[int | None] = field(default_factory=list)
    flagged: list[bool | None] = field(default_factory=list)
    human: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)

    def add(self, completion: Record, place: int) -> None:
        """One labeled completion of a step.

        Args:
            completion: As the record has it.
            place: Number of the step, from 1.

        Raises:
            BadRecord: It is not what the format says.
        """
        if type(completion) is not dict:
            raise BadRecord(f"step {place}: a completion is {type(completion).__name__} where a JSON object is needed")
        text, rating, flagged = completion["text"], completion["rating"], completion.get("flagged")
        if type(text) is not str:
            raise BadRecord(f"step {place}: the text of a completion is not a string")
        if rating is not None and (type(rating) is not int or not -1 <= rating <= 1):
            raise BadRecord(f"step {place}: rating is {rating!r:.60}, not -1, 0, 1 or null")
        if flagged is not None and type(flagged) is not bool:
            raise BadRecord(f"step {place}: flagged is {flagged!r:.60}, not true, false or null")
        self.texts.append(text)
        self.ratings.append(rating)
        self.flagged.append(flagged)

    def close(self, start: int, chosen: int | None) -> int:
        """End a group of completions of one step.

        Args:
            start: Index of its first completion.
            chosen: Index of the completion that became the step; None: none did.

        Returns:
            Where the next group starts.
        """
        end = len(self.texts)
        if end > start:
            self.positions.append(len(self.trajectory))
            self.sizes.append(end - start)
            self.chosen.append(-1 if chosen is None else chosen - start)
        if chosen is not None:
            self.trajectory.append(self.texts[chosen])
        return end


def walk(steps: Sequence[Record]) -> Walk:
    """Follow the chosen completions.

    Args:
        steps: ``label.steps`` of a record.

    Returns:
        Its trajectory and labels. A step that was passed over (nothing chosen, yet more steps follow) adds its
        completions to the alternatives of the next.

    Raises:
        BadRecord: A value of another type or a choice that is not there; the step is named from 1.
    """
    walk = Walk()
    start = 0
    for place, step in enumerate(steps, 1):
        if type(step) is not dict:
            raise BadRecord(f"step {place} is {type(step).__name__} where a JSON object is needed")
        if step["completions"] is not None and type(step["completions"]) is not list:
            raise BadRecord(
                f"step {place}: completions is not of the expected type ({step['completions']!r:.60}, not a list or null)"
            )
        completions, human, chosen = step["completions"] or (), step["human_completion"], step["chosen_completion"]
        first = len(walk.texts)
        if chosen is not None and not (type(chosen) is int and 0 <= chosen < len(completions)):
            raise BadRecord(f"step {place}: chosen_completion is {chosen!r:.60} of {len(completions)} completions")
        for completion in completions:
            walk.add(completion, place)
        chosen_row = None if chosen is None else first + chosen
        if human is not None:
            chosen_row = len(walk.texts) if chosen_row is None else chosen_row
            walk.human.append(len(walk.texts))
            walk.add(_human(human, place), place)
        if chosen_row is not None:
            start = walk.close(start, chosen_row)
    walk.close(start, None)
    return walk


def _human(completion: Any, place: int) -> Record:
    """As an object: PRM800K's README shows a string."""
    if type(completion) not in (str, dict):
        raise BadRecord(f"step {place}: human_completion is {completion!r:.60}, not an object, a string or null")
    return {"text": completion, "rating": None} if type(completion) is str else {"rating": None, **completion}
