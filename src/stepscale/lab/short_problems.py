"""Word problems of one to three steps in plain English, for small models that were pretrained on such text.

``python -m stepscale.lab.short_problems FOLDER`` writes ``train.jsonl`` and ``test.jsonl`` in MATH's shape, each
problem with a solution of a step per line. The lab's labeler does not know them: rollouts value their steps.
"""

import sys
from pathlib import Path
from random import Random

import orjson

from stepscale.formats.output import write_lines
from stepscale.lab.stories import LARGEST, NAMES, THINGS
from stepscale.seeds import seed_for

STEPS = (1, 2, 3)  # of a solution; a problem's level
_PROBLEMS = {"train": 400, "test": 200}
_RELATIONS = ("more", "fewer", "times", "together")


def make_problem(steps: int, rng: Random) -> dict[str, object]:
    """A record of MATH's shape: problem, solution, answer, level.

    Args:
        steps: Of its solution.
        rng: Decides all else.
    """
    things, names = rng.choice(THINGS), rng.sample(NAMES, len(NAMES))
    last, amount = names.pop(), rng.randint(2, 12)
    sentences, solution = [f"{last} has {amount}."], []
    for _ in range(steps):
        name, number, relation = names.pop(), rng.randint(2, 9), rng.choice(_RELATIONS)
        if relation == "times" and amount * number <= LARGEST:
            sentences.append(f"{name} gets {number} times as many as {last}.")
            words, result = f"times {number}", amount * number
        elif relation == "together":
            other = names.pop()
            sentences.append(f"{other} has {number}. {name} gets as many as {last} and {other} together.")
            words, result = f"plus {other}'s {number}", amount + number
        elif relation == "fewer" and number <= amount:
            sentences.append(f"{name} gets {number} fewer than {last}.")
            words, result = f"minus {number}", amount - number
        else:
            sentences.append(f"{name} gets {number} more than {last}.")
            words, result = f"plus {number}", amount + number
        solution.append(f"{last}'s {amount} {words}: {name} has {result}")
        last, amount = name, result
    problem = f"Some friends have {things}. {' '.join(sentences)} How many {things} does {last} have?"
    lines = "\n".join([*solution, f"Answer: {amount}"])
    return {"problem": problem, "solution": lines, "answer": str(amount), "level": steps}


def write_problems(folder: Path) -> None:
    """Write the files of both splits, levels in turn; no problem comes twice."""
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


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m stepscale.lab.short_problems FOLDER")
    write_problems(Path(sys.argv[1]))
