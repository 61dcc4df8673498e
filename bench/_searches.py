"""Why beam search gains little in the lab: the same searches with the run's PRM and with the labeler that is always right.

    python bench/_searches.py data     # the folder of a finished run

On 250 training problems of another seed, none of them a problem of the run: accuracy of best-of-N weighted and of beam
search with and without copies among its beams, neutral as positive or as negative, and on how many problems a search
ended without an answer.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from stepscale.cost import Ledger
from stepscale.generation.contract import Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.grading import grade_many
from stepscale.lab.labeler import rate_steps
from stepscale.lab.problems import make_problems
from stepscale.search.methods import read_options, search
from stepscale.search.results import Problem
from stepscale.verifiers.contract import StepScores, Trajectory, Verifier
from stepscale.verifiers.scoring import ModelVerifier

PROMPT = "<s>{problem}\n"
SAMPLING = Sampling(temperature=0.4, top_p=1.0, max_new_tokens=200)
METHODS = (
    {"method": "weighted"},
    {"method": "beam", "width": 4},
    {"method": "beam", "width": 4, "filter_duplicates": True},
)


class Labeler:
    """The lab's labeler as a verifier: all but sure, and right."""

    name, parameters = "labeler", 1

    def score(self, trajectories: list[Trajectory], ledger: Ledger) -> list[StepScores]:
        return [self._scored(trajectory) for trajectory in trajectories]

    @staticmethod
    def _scored(trajectory: Trajectory) -> StepScores:
        ratings = np.full(len(trajectory.steps), -1)
        rated = rate_steps(trajectory.problem, trajectory.steps)  # up to the first wrong step
        ratings[: len(rated)] = rated
        wrong = np.cumsum(ratings < 0) > 0
        negative = np.where(wrong, 0.98, 0.02).astype(np.float32)
        return StepScores(negative, np.where((ratings == 0) & ~wrong, 0.9, 0.0).astype(np.float32))


def problems(data: Path) -> pd.DataFrame:
    problem_texts = set(pd.read_parquet(data / "03_primary" / "problems.parquet")["problem"])
    fresh = make_problems(500, "train", 777)
    return fresh[~fresh["problem"].isin(problem_texts)].head(250)


def main(data: Path) -> None:
    table = problems(data)
    questions = [Problem(i, text) for i, text in zip(table["problem_id"], table["problem"], strict=True)]
    lab = LocalGenerator.load(data / "06_models" / "generator", prompt_template=PROMPT)
    for n in (4, 16):
        for method in METHODS:
            name = f"{method['method']}{', no copies' if 'filter_duplicates' in method else ''}"
            for neutral in ("positive", "negative"):
                prm: Verifier = ModelVerifier(data / "06_models" / "prm", "prm")
                for verifier in (prm, Labeler()):
                    lab.clear_cache()
                    options = read_options({**method, "n": n, "aggregation": "product", "neutral_is": neutral})
                    results = search(
                        questions,
                        lab,
                        verifier,
                        options,
                        SAMPLING,
                        run_seed=0,
                        ledger=Ledger(),
                        problems_at_once=len(questions),
                    )
                    right = np.mean(grade_many([result.answer for result in results], list(table["answer"])))
                    none = sum(result.answer is None for result in results)
                    print(f"N={n} {name:16} {verifier.name:8} neutral {neutral}: {right:.3f}, no answer on {none}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
