"""One world measured: every strategy at every budget, problem by problem.

Majority, best-of-N weighted and best-of-N come from the same samples in closed form. Beam search runs on the same problems
against the same PRM. Revisions vote over chains of attempts, weighted by the PRM.
"""

from collections.abc import Sequence
from random import Random

import numpy as np
import pandas as pd

from stepscale.cost import Ledger
from stepscale.estimators.arrays import Floats
from stepscale.estimators.closed_form import best_of_n_per_problem
from stepscale.estimators.voting import majority_per_problem, weighted_per_problem
from stepscale.generation.contract import Sampling
from stepscale.lab.wording import read_story
from stepscale.parameters.world_map import WorldMapBlock
from stepscale.resume.plan import Made
from stepscale.search.beam import Beam
from stepscale.search.methods import search
from stepscale.search.results import Problem
from stepscale.seeds import seed_for
from stepscale.studies.world_map.learned_prm import LearnedPRM, learn_prm
from stepscale.studies.world_map.revising import revise
from stepscale.studies.world_map.worlds import HandGenerator, MapWorld, draw_problem
from stepscale.verifiers.aggregation import aggregate
from stepscale.verifiers.contract import Trajectory

MAJORITY, WEIGHTED, BEST, BEAM, REVISIONS = "majority", "best-of-N weighted", "best-of-N", "beam search", "revisions"
STRATEGIES = (MAJORITY, WEIGHTED, BEST, BEAM, REVISIONS)
_MAX_STEPS = 40
_WIDTH = 4  # of beam search (Snell et al. 2024, 5.3)
Solutions = list[list[tuple[str, ...]]]  # [problems][samples] steps of each


def measure_world(world: MapWorld, options: WorldMapBlock, seed: int) -> Made:
    """Rows (strategy, n, problem) with its accuracy; and what the world is like, by its samples.

    Args:
        world: Its settings.
        options: Problems, samples and budgets.
        seed: Of the run.
    """
    # 1. problems of the world, a PRM that learned in it, and samples that it judged
    rng = Random(seed_for(seed, "map-problems", world.name))
    problems = [draw_problem(world, rng) for _ in range(options.problems)]
    golds = [str(read_story(problem).amounts[read_story(problem).asked_name]) for problem in problems]
    prm = learn_prm(world, seed)
    samples = _samples(problems, world, max(options.budgets), seed)
    answers, right, scores = _judged(problems, golds, samples, prm)
    # 2. what every strategy reaches
    budgets = options.budgets
    accuracy = {
        MAJORITY: majority_per_problem(answers, right, budgets, seed=seed).per_problem,
        WEIGHTED: weighted_per_problem(answers, scores, right, budgets, seed=seed).per_problem,
        BEST: best_of_n_per_problem(scores, right, budgets),
        BEAM: _beams(problems, golds, world, prm, budgets, seed),
        REVISIONS: _revisions(problems, golds, world, prm, options, seed),
    }
    tables = [
        pd.DataFrame({"strategy": name, "n": n, "problem": range(len(problems)), "accuracy": values[:, i]})
        for name, values in accuracy.items()
        for i, n in enumerate(budgets)
    ]
    # 3. what the world is like
    about = {
        "labels": world.labels,
        "flipped": world.flipped,
        "slips": world.slips,
        "misconceptions": world.misconceptions,
        "level": world.level,
        "pass_at_1": float(right.mean()),
        "auroc": solution_auroc(scores, right),
        "steps": float(np.mean([len(sample) for of_one in samples for sample in of_one])),
    }
    return Made(pd.concat(tables, ignore_index=True).assign(world=world.name, **about))


def solution_auroc(scores: Floats, right: Floats) -> float:
    """How well scores tell right solutions from wrong ones, all problems together; 0.5 where there is one kind alone.

    Args:
        scores: Of solutions [problems, samples].
        right: Their correctness [problems, samples].
    """
    from sklearn.metrics import roc_auc_score

    flat = right.ravel() > 0.5
    return float(roc_auc_score(flat, scores.ravel())) if 0 < flat.sum() < len(flat) else 0.5


def _samples(problems: Sequence[str], world: MapWorld, count: int, seed: int) -> Solutions:
    from stepscale.lab.hands import Hand

    return [
        [
            tuple(Hand(Random(seed_for(seed, f"map {world.name}", problem, j)), world.habits).solve(problem))
            for j in range(count)
        ]
        for problem in problems
    ]


def _judged(
    problems: Sequence[str], golds: Sequence[str], solutions: Solutions, prm: LearnedPRM
) -> tuple[np.ndarray, Floats, Floats]:
    """Answers, whether they are right, and the PRM's scores [problems, samples]."""
    trajectories = [
        Trajectory(problem, steps) for problem, of_one in zip(problems, solutions, strict=True) for steps in of_one
    ]
    read = prm.score(trajectories, Ledger())
    scores = aggregate([score.negative for score in read], [score.neutral for score in read], "product")
    answers = np.array([[steps[-1].removeprefix("Answer: ") for steps in of_one] for of_one in solutions], object)
    right = (answers == np.array(golds, object)[:, None]).astype(float)
    return answers, right, scores.reshape(right.shape)


def _beams(
    problems: Sequence[str], golds: Sequence[str], world: MapWorld, prm: LearnedPRM, budgets: Sequence[int], seed: int
) -> Floats:
    """1 where beam search answers right [problems, budgets]."""
    questions = [Problem(f"{world.name} {i}", text) for i, text in enumerate(problems)]
    generator, sampling = HandGenerator(world.habits), Sampling(max_new_tokens=_MAX_STEPS)
    columns = []
    for n in budgets:
        options = Beam(n=n, width=_WIDTH, aggregation="product", filter_duplicates=True)
        results = search(questions, generator, prm, options, sampling, run_seed=seed, problems_at_once=len(questions))
        columns.append([result.answer == gold for result, gold in zip(results, golds, strict=True)])
    return np.array(columns, float).T


def _revisions(
    problems: Sequence[str],
    golds: Sequence[str],
    world: MapWorld,
    prm: LearnedPRM,
    options: WorldMapBlock,
    seed: int,
) -> Floats:
    """Accuracy of a vote over the attempts of N / attempts chains, weighted by the PRM [problems, budgets]."""
    chains = max(options.budgets) // options.attempts
    attempts = [
        [
            attempt
            for chain in range(chains)
            for attempt in revise(
                problem, world, options, Random(seed_for(seed, f"chain {world.name}", problem, chain))
            )
        ]
        for problem in problems
    ]
    answers, right, scores = _judged(problems, golds, attempts, prm)
    columns = [
        weighted_per_problem(answers[:, :n], scores[:, :n], right[:, :n], [n], seed=seed).per_problem[:, 0]
        for n in options.budgets
    ]
    return np.stack(columns, axis=1)
