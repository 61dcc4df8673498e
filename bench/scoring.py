"""Speed of scoring: a PRM made from the lab's base model reads the base's own solutions, every step of each.

- ``score_vs_one_by_one``: 16 problems x 64 samples, as best-of-N has them, against one forward pass of the transformers model a
  solution. Scores must agree to 1e-5, or the bench fails. Solutions are drawn as the lab draws them;
  ``score_vs_one_by_one_at_temperature_0.4`` reads solutions drawn at temperature 0.4, which share more.
- ``score_without_sharing_vs_one_by_one``: as many problems as solutions, so nothing is shared: what batching alone gives.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench._lab import BASE, PROMPT, SAMPLING, SAMPLINGS, generate, generator, requests, row, seconds, texts
from stepscale.cost import Ledger
from stepscale.engine.encoding import TextFormat
from stepscale.engine.loading import load_token_classifier, load_tokenizer, save
from stepscale.generation.contract import Sampling
from stepscale.generation.sampling import read_steps
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.saved import SavedVerifier
from stepscale.verifiers.scoring import ModelVerifier

RUNS = 3
PROBLEMS, SAMPLES, UNSHARED = 16, 64, 400
TOLERANCE = 1e-5


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """The rows of this bench: medians of paired runs, solutions a second."""
    with tempfile.TemporaryDirectory() as folder:
        prm = _prm(Path(folder))
        model = load_token_classifier(prm)
        work = {"score_without_sharing_vs_one_by_one": _solutions(UNSHARED, 1, SAMPLING)} | {
            f"score_vs_one_by_one{end}": _solutions(PROBLEMS, SAMPLES, sampling) for end, sampling in SAMPLINGS.items()
        }
        return [_paired(name, prm, model, solutions, runs) for name, solutions in work.items()]


def _paired(name: str, prm: Path, model: Any, solutions: list[Trajectory], runs: int) -> dict[str, Any]:
    ours, rival = [], []
    for _ in range(runs):
        verifier, scores, expected = ModelVerifier(prm, device="cpu"), list[StepScores](), list[StepScores]()
        ours.append(len(solutions) / seconds(lambda v=verifier, s=scores: s.extend(v.score(solutions, Ledger()))))
        encoded = verifier.encoder.encode((solution.problem, solution.steps) for solution in solutions)
        rival.append(
            len(solutions) / seconds(lambda w=expected, e=encoded: w.extend(_alone(model, text) for text in e))
        )
        for mine, theirs in zip(scores, expected, strict=True):
            np.testing.assert_allclose(mine.negative, theirs.negative, atol=TOLERANCE)
            np.testing.assert_allclose(mine.neutral, theirs.neutral, atol=TOLERANCE)
    return row(name, ours, rival, "solutions/s")


def _alone(model: Any, text: Any) -> StepScores:
    """One forward pass for one solution; its tokens are given, which spares the rival the tokenizer."""
    with torch.inference_mode():
        share = model(input_ids=torch.tensor([text.ids])).logits[0, text.step_ends].softmax(-1).numpy()
    return StepScores(share[:, 0], share[:, 1])


def _prm(folder: Path) -> Path:
    """The base with a head of random weights: scoring costs the same whatever the head says."""
    torch.manual_seed(0)
    tokenizer = load_tokenizer(BASE)
    save(load_token_classifier(BASE, num_labels=3), tokenizer, folder)
    layout = TextFormat(prompt=PROMPT.replace("<s>", "<judge>"))
    SavedVerifier(kind="prm", labels=("negative", "neutral", "positive"), layout=layout).write(folder)
    return folder


def _solutions(n_problems: int, samples: int, sampling: Sampling) -> list[Trajectory]:
    lab, problem_texts = generator(), texts(n_problems)
    continuations = generate(lab, requests(lab, problem_texts, samples), sampling=sampling)
    steps = [tuple(read_steps(lab, continuation)[0]) for continuation in continuations]
    return [Trajectory(problem_texts[i // samples], written) for i, written in enumerate(steps) if written]


if __name__ == "__main__":
    for line in run():
        print(line)
