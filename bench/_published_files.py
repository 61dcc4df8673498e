"""Files of the published shapes and sizes, and the published evaluator's procedure: what the bench of the readers is run on.

Out: a file like PRM800K's phase 2, one like Figure 3's scored samples, and arrays of that figure's size.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PHASE2_BYTES = 456_000_000
SAMPLES, PROBLEMS, PLACES = 815_631, 500, 1860
_WORDS = "the sum of both sides is equal to a square so we can write $x^2+3x=\\frac{5}{2}$ and then divide by two"


def write_phase2(path: Path, size: int) -> None:
    """A file of `size` bytes in the shape of PRM800K's phase 2: about 5 KB a record, eight records a problem."""
    rng = random.Random(0)
    words = _WORDS.split()

    def sentence(n: int) -> str:
        return " ".join(rng.choices(words, k=n))

    with path.open("w", encoding="utf-8") as stream:
        written, record = 0, 0
        while written < size:
            if record % 8 == 0:
                problem, solution = f"{record}: {sentence(40)}", sentence(110)
            written += stream.write(json.dumps(_phase2_record(rng, sentence, problem, solution)) + "\n")
            record += 1


def _phase2_record(rng: random.Random, sentence: Callable[[int], str], problem: str, solution: str) -> dict[str, Any]:
    steps = [sentence(rng.randint(10, 50)) for _ in range(rng.randint(4, 16))]
    wrong = rng.randrange(len(steps)) if rng.random() < 0.86 else None
    labeled = []
    for number, text in enumerate(steps[: len(steps) if wrong is None else wrong + 1]):
        rating = -1 if number == wrong else rng.choice([1, 1, 1, 0])
        siblings = [
            {"text": sentence(30), "rating": rng.choice([-1, 0, 1]), "flagged": False}
            for _ in range(rng.choice([0] * 9 + [3]))
        ]
        human = {"text": text, "rating": None, "source": "human", "flagged": False} if rng.random() < 0.002 else None
        labeled.append(
            {
                "completions": [{"text": text, "rating": rating, "flagged": False}, *siblings],
                "human_completion": human,
                "chosen_completion": None if number == wrong else 0,
            }
        )
    question = {
        "problem": problem,
        "ground_truth_solution": solution,
        "ground_truth_answer": "5",
        "pre_generated_steps": steps,
        "pre_generated_answer": "7",
        "pre_generated_verifier_score": rng.random(),
    }
    return {
        "labeler": "cc88bf76-df08-4041-be67-3464279cb3b1",
        "timestamp": "2022-11-22T16:51:29.980606",
        "generation": rng.randrange(10),
        "is_quality_control_question": rng.random() < 0.05,
        "is_initial_screening_question": False,
        "question": question,
        "label": {
            "steps": labeled,
            "total_time": rng.randrange(10**6),
            "finish_reason": "solution" if wrong is None else "found_error",
        },
    }


def write_scored_samples(path: Path, lines: int) -> None:
    """A file of `lines` in the shape of scored-test-samples.jsonl, about 1.6 KB each, over 500 problems."""
    rng = random.Random(0)
    bodies = [_scored_body(rng) for _ in range(2_000)]  # the texts repeat, the scores do not
    per_problem = -(-lines // PROBLEMS)
    with path.open("w", encoding="utf-8") as stream:
        for line in range(lines):
            problem = line // per_problem
            correct = rng.random() < (problem + 1) / (PROBLEMS + 1)
            head = {
                "problem": f"problem {problem}",
                "unique_id": f"test/algebra/{problem}.json",
                "level": 1 + problem % 5,
                "answer": None if rng.random() < 0.01 else "5" if correct else str(rng.randrange(30, 60)),
                "is_correct": correct,
                "orm_score": rng.random(),
                "prm_score": rng.random(),
            }
            stream.write(json.dumps(head)[:-1] + bodies[line % len(bodies)])


def _scored_body(rng: random.Random) -> str:
    """The end of a line: texts and probabilities of the steps."""
    steps = ["a step of about as many characters as the steps of the published samples have, "] * rng.randint(6, 12)
    probabilities = [{"1": rng.random(), "0": rng.random() / 10, "-1": rng.random() / 10} for _ in steps]
    return ", " + json.dumps({"subject": "Algebra", "steps": steps, "rating_probs": probabilities})[1:] + "\n"


def published_procedure(
    scores: np.ndarray, correct: np.ndarray, answered: np.ndarray, ns: tuple[int, ...], trials: int, seed: int = 0
) -> np.ndarray:
    """Accuracy [trials, len(ns)] as OpenAI's evaluator estimates it, written from its description: in each trial the
    places of a problem are shuffled, the first n are drawn, the unanswered dropped, and the best-scored of the rest is
    graded."""
    rng = np.random.default_rng(seed)
    hits = np.zeros((trials, len(ns)))
    places = scores.shape[1]
    for trial in range(trials):
        for row in range(len(scores)):
            order = rng.permutation(places)
            for column, n in enumerate(ns):
                sample = order[:n]
                sample = sample[answered[row, sample]]
                if len(sample):
                    hits[trial, column] += correct[row, sample[np.argmax(scores[row, sample])]]
    return hits / len(scores)


def arrays(problems: int, places: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, verdicts and the mask of answered places [problems, places], as various as the published ones."""
    rng = np.random.default_rng(seed)
    correct = rng.random((problems, places)) < rng.beta(0.8, 1.2, (problems, 1))
    scores = 1 / (1 + np.exp(-(rng.normal(0, 1.5, correct.shape) + np.where(correct, 1.0, -1.0))))
    answered = rng.random(correct.shape) < 0.877  # 815,631 of 930,000
    return np.where(answered, scores, np.nan), correct & answered, answered
