"""A case of the text campaign: what a model wrote, and the reference answer beside it.

A case is made of the seed and its number alone, and of the real answers that there are.
"""

import json
import os
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from campaigns.text.fragments import bomb, oddity
from campaigns.text.grammar import expression, statement
from campaigns.text.mutation import mutated


@dataclass(frozen=True)
class TextCase:
    """A hostile text, a gold answer, and an answer that is graded against it."""

    text: str
    prediction: str
    gold: str


def text_case(seed: int, number: int) -> TextCase:
    """The case of this number."""
    rng = random.Random(f"{seed}-{number}")
    kind = number % 5
    if kind == 0:  # an answer of the grammar, respelled or a little wrong
        gold = expression(rng)
        prediction = mutated(rng, gold, rng.choice((0, 1, 1, 2)))
        text = statement(rng, prediction)
    elif kind == 1:  # a real pair, changed
        prediction, gold = rng.choice(real_pairs())
        prediction = mutated(rng, rng.choice((prediction, gold)), rng.choice((0, 1, 1, 2, 4)))
        text = statement(rng, prediction)
    elif kind == 2:  # a real solution, changed; its end is what is graded
        text = mutated(rng, rng.choice(real_solutions()), rng.randint(1, 6))
        gold, prediction = rng.choice(real_pairs())[1], text[-rng.choice((20, 200)) :]
    elif kind == 3:  # a bomb
        prediction = bomb(rng) if rng.random() < 0.7 else bomb(rng) + bomb(rng)
        text, gold = statement(rng, prediction), rng.choice((prediction, bomb(rng), expression(rng)))
    else:  # fragments in any order
        prediction = "".join(oddity(rng) for _ in range(rng.randint(1, 6)))
        text, gold = statement(rng, prediction), rng.choice((prediction, expression(rng), mutated(rng, prediction, 1)))
    return TextCase(text, prediction, gold)


@cache
def real_pairs() -> tuple[tuple[str, str], ...]:
    """Predictions and golds of real models; without the shared data some of the grammar."""
    rng = random.Random("pairs")
    pairs = [(str(row["pred"]), str(row["gold"])) for row in _shared("grading/verdicts_real_pairs.jsonl")]
    return tuple(pairs) or tuple((expression(rng), expression(rng)) for _ in range(200))


@cache
def real_solutions() -> tuple[str, ...]:
    """Solutions that real models wrote; without the shared data some of the grammar."""
    rng = random.Random("solutions")
    solutions = [code for row in _shared("best_of_n/qwen25math_100x8.jsonl") for code in row["code"]]
    return tuple(solutions) or tuple("\n\n".join(statement(rng, expression(rng)) for _ in range(5)) for _ in range(200))


def _shared(name: str) -> list[dict[str, list[str]]]:
    folder = os.environ.get("STEPSCALE_SHARED_DATA")
    path = Path(folder or ".", name)
    if folder is None or not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
