"""Stories of one to three steps in plain English, for small models that were pretrained on such text.

``python -m stepscale.lab.short_problems FOLDER`` writes ``train.jsonl`` and ``test.jsonl`` in MATH's shape, each
problem with a solution of a step per line. They are in the lab's language, so the lab's labeler rates every step.
"""

from pathlib import Path
from random import Random

import click
import orjson

from stepscale.formats.output import write_lines
from stepscale.lab.stories import (
    GIVEN,
    HELD_OUT_WORDING,
    NAMES,
    OPERATION_OF,
    THINGS,
    Definition,
    Story,
    define,
)
from stepscale.lab.wording import tell
from stepscale.seeds import seed_for

STEPS = (1, 2, 3)  # of a solution; a problem's level
_PROBLEMS = {"train": 600, "test": 200}
_TWO_SOURCES_SHARE = 0.25  # of steps that take a second friend's amount, given just before


def make_problem(steps: int, rng: Random) -> dict[str, object]:
    """A record of MATH's shape: problem, solution, answer, level.

    Every friend's amount follows from the one before, and the last one's is asked for.

    Args:
        steps: Of its solution, without the line of the answer.
        rng: Decides all else.
    """
    names = rng.sample(NAMES, len(NAMES))
    definitions = [_given_definition(names.pop(), rng)]
    amounts = {definitions[0].name: definitions[0].number}
    for _ in range(steps):
        sources = [definitions[-1].name]
        if rng.random() < _TWO_SOURCES_SHARE:
            definitions.append(_given_definition(names.pop(), rng))
            sources.append(definitions[-1].name)
            amounts[sources[1]] = definitions[-1].number
        definitions.append(define(names.pop(), sources, amounts, HELD_OUT_WORDING, rng))
    story = Story(tuple(definitions), definitions[-1].name, rng.choice(THINGS), HELD_OUT_WORDING)
    answer = str(story.amounts[story.asked_name])
    return {"problem": tell(story), "solution": _solution(story), "answer": answer, "level": steps}


def _given_definition(name: str, rng: Random) -> Definition:
    return Definition(name, "given", (), rng.choice(GIVEN))


def _solution(story: Story) -> str:
    """A step per line in the labeler's form, then the answer."""
    lines = []
    for definition in story.definitions:
        if definition.sources:
            operands = [f"{source}'s {story.amounts[source]}" for source in definition.sources]
            left, right = (*operands, str(definition.number))[:2]
            operation, result = OPERATION_OF[definition.relation], story.amounts[definition.name]
            lines.append(f"{left} {operation} {right}, so {definition.name} has {result}")
    return "\n".join([*lines, f"Answer: {story.amounts[story.asked_name]}"])


def write_problems(folder: Path) -> None:
    """Write the files of both splits, levels in turn; no problem comes twice.

    Args:
        folder: Where they are written; it is made if it is absent.
    """
    rng = Random(seed_for(0, "short-problems"))
    folder.mkdir(parents=True, exist_ok=True)
    written: set[object] = set()
    for split, n in _PROBLEMS.items():
        records: list[dict[str, object]] = []
        while len(records) < n:
            record = make_problem(STEPS[len(records) % len(STEPS)], rng)
            if record["problem"] not in written:
                written.add(record["problem"])
                records.append({"unique_id": f"{split}/{len(records)}", **record})
        write_lines(folder / f"{split}.jsonl", map(orjson.dumps, records))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path) -> None:
    """Write train.jsonl and test.jsonl into FOLDER."""
    write_problems(folder)


if __name__ == "__main__":
    main()
