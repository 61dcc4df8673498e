"""The trainings of the supervision experiment: one per arm, number of labels and seed, and what each of them learns from.

In: a pool of samples and selectors' scores of it. Out: which samples each cell trains on, nested, and the examples it learns
from. Arms of one selection train on identical samples. Knows nothing about training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.supervision.arms import PAPER_ARMS, Arm, Experiment
from stepscale.supervision.outcomes import judged_by_steps
from stepscale.supervision.points import SELECTOR
from stepscale.supervision.selection import Strategy, Uniform, candidates, chosen
from stepscale.verifiers.examples import Example, orm_examples, prm_examples


@dataclass(frozen=True)
class Cell:
    """One training of the experiment.

    Attributes:
        arm: What it learns from, and how that is chosen.
        per_problem: Labeled samples per problem.
        seed: Of the repeat.
    """

    arm: Arm
    per_problem: int
    seed: int

    @property
    def name(self) -> str:
        """A name that can be a file name: process-active-learning-00016-seed-0."""
        words = "".join(c.lower() if c.isalnum() else " " for c in self.arm.name).split()
        return f"{'-'.join(words)}-{self.per_problem:05}-seed-{self.seed}"


def plan(experiment: Experiment, run_seed: int = 0) -> list[Cell]:
    """Every cell, seed by seed and smaller ones first, so that an experiment cut short has whole repeats.

    Args:
        experiment: Arms, sizes and seeds.
        run_seed: The seed of the run, which is the first repeat's.
    """
    return [
        Cell(arm, size, seed)
        for seed in range(run_seed, run_seed + experiment.seeds)
        for size in experiment.sizes
        for arm in experiment.arms
        if size in arm.trained_at(experiment.sizes)
    ]


def nested(strategy: Strategy, pool: pd.DataFrame, sizes: Sequence[int], seed: int) -> pd.DataFrame:
    """What a strategy chooses at every size; each choice is part of the next larger one.

    Args:
        strategy: Chooses samples of each problem.
        pool: Candidates.
        sizes: Samples per problem.
        seed: Decides what is chosen at random.

    Returns:
        problem_id, sample_id, per_problem: the smallest of ``sizes`` at which the sample is chosen. It belongs to all larger
        ones, so the labels of the largest choice serve all.

    Raises:
        InputError: The pool holds fewer than the largest size for every problem.
    """
    available = int(pool["problem_id"].value_counts().max()) if len(pool) else 0
    if available < max(sizes):
        raise InputError(
            f"the pool holds at most {available} distinct answered samples per problem, {max(sizes)} are to be labeled; "
            "sample a larger pool or choose smaller sizes"
        )
    parts = [strategy.select(pool, size, seed).assign(per_problem=size) for size in sorted(sizes)]
    return pd.concat(parts, ignore_index=True).drop_duplicates(SOLUTION_KEY, ignore_index=True)


def select_all(
    experiment: Experiment, solutions: pd.DataFrame, selector_scores: Mapping[int, pd.DataFrame], run_seed: int = 0
) -> pd.DataFrame:
    """What every arm trains on, and what the selector did.

    Args:
        experiment: Arms, sizes and seeds.
        solutions: The pool.
        selector_scores: By seed, the selector's scores of ``solutions``, row for row; arms that choose uniformly need none.
        run_seed: The seed of the run.

    Returns:
        arm, seed, problem_id, sample_id, per_problem (see ``nested``).

    Raises:
        InputError: Another arm's are missing, or the pool is too small.
    """
    plain = candidates(solutions)
    parts = []
    for seed in range(run_seed, run_seed + experiment.seeds):
        scored = candidates(solutions, selector_scores[seed]) if seed in selector_scores else None
        parts.append(selector_samples(plain, seed))
        for arm in experiment.arms:
            pool = plain if isinstance(arm.selection, Uniform) else scored
            if pool is None:
                raise InputError(
                    f"arm {arm.name!r} chooses by a selector's scores, and seed {seed} has none; score the pool"
                )
            parts.append(nested(arm.selection, pool, experiment.sizes, seed).assign(arm=arm.name, seed=seed))
    return pd.concat(parts, ignore_index=True)[["arm", "seed", *SOLUTION_KEY, "per_problem"]]


def selector_cell(seed: int) -> Cell:
    """PRM_selector (Lightman et al. 2023, 4.2): the cell of the process arm with one labeled sample per problem.

    Args:
        seed: Of its training.
    """
    return Cell(PAPER_ARMS[0], 1, seed)


def selector_samples(pool: pd.DataFrame, seed: int) -> pd.DataFrame:
    """What PRM_selector learns from, as rows of ``select_all``.

    Args:
        pool: Candidates.
        seed: Of the repeat.
    """
    selected = nested(Uniform(), pool, [1], seed).assign(arm=SELECTOR, seed=seed)
    return selected[["arm", "seed", *SOLUTION_KEY, "per_problem"]]


def labeled_counts(cell: Cell, selections: pd.DataFrame) -> tuple[int, int]:
    """Samples that were labeled for a cell.

    Args:
        cell: The training.
        selections: As ``select_all`` gives them.

    Returns:
        Those it trains on, and further ones that its selector learned from.
    """
    of_seed = selections[selections["seed"] == cell.seed]
    of_arm = of_seed[(of_seed["arm"] == cell.arm.name) & (of_seed["per_problem"] <= cell.per_problem)]
    labeled = set(of_arm[SOLUTION_KEY].itertuples(index=False, name=None))
    if isinstance(cell.arm.selection, Uniform):
        return len(labeled), 0
    selector = of_seed[of_seed["arm"] == SELECTOR]
    return len(labeled), len(set(selector[SOLUTION_KEY].itertuples(index=False, name=None)) - labeled)


def training_samples(cell: Cell, solutions: pd.DataFrame, selections: pd.DataFrame) -> pd.DataFrame:
    """The solutions that a cell trains on.

    Args:
        cell: The training.
        solutions: The pool.
        selections: As ``select_all`` gives them.

    Raises:
        InputError: There are no cells.
    """
    of_cell = (selections["arm"] == cell.arm.name) & (selections["seed"] == cell.seed)
    samples = chosen(solutions, selections[of_cell & (selections["per_problem"] <= cell.per_problem)])
    if samples.empty:
        raise InputError(f"{cell.name}: no sample is selected for it; select for this arm and seed first")
    return samples


def training_examples(
    arm: Arm, problems: pd.DataFrame, samples: pd.DataFrame, step_labels: pd.DataFrame
) -> list[Example]:
    """What an arm learns from ``samples``: their step labels, the labeler's verdict, or whether the final answer is right.

    Args:
        arm: Which of the three it is.
        problems: Texts by problem_id.
        samples: Solutions with ``is_correct`` of their final answers.
        step_labels: Of one labeler.
    """
    if arm.supervision == "outcome_by_answer":
        return orm_examples(problems, samples)
    labels = chosen(step_labels, samples)
    if arm.kind != "orm":
        return prm_examples(problems, labels, soft=arm.supervision == "values")
    return orm_examples(problems, judged_by_steps(samples, labels))
