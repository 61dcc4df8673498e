"""Nodes of the data loop: choose, look at the selectors' health, gather; to train and to label are the files beside it.

The loop is train selectors, choose, label, look at their health, again (Lightman et al. 2023, 4.2). A run of it is a strategy
and a seed; all go round together, in tables with columns ``strategy`` and ``seed``.
"""

import logging
from collections.abc import Iterator
from typing import TypedDict

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.seeds import seed_for
from stepscale.supervision.loop_options import LoopOptions, LoopStrategy
from stepscale.supervision.selection import Uniform, candidates, chosen, without

logger = logging.getLogger(__name__)

RUN = ["strategy", "seed"]
KEYS = [*RUN, *SOLUTION_KEY, "round", "score"]
ASKED = [*SOLUTION_KEY, "problem", "steps", "answer", "solution", "final_answer", "round", "score"]


class ChosenSamples(TypedDict):
    """Keys of the samples of all rounds so far, and those samples that are to be labeled next."""

    keys: pd.DataFrame
    asked: pd.DataFrame


class LoopLabels(TypedDict):
    """Solutions that the loop had labeled, their step labels, and the round and score of each."""

    solutions: pd.DataFrame
    step_labels: pd.DataFrame
    rounds: pd.DataFrame


def begin(problems: pd.DataFrame, solutions: pd.DataFrame, loop: LoopOptions, seed: int) -> ChosenSamples:
    """Round 0, one random sample per problem: keys, and what is to be labeled, which is those and the audit.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        loop: Strategies, seeds, and how much is set aside.
        seed: The run's seed.
    """
    pool = pool_of(problems, solutions, loop)
    keys, to_label = [], []
    for repeat in range(seed, seed + loop.seeds):
        aside = audit(candidates(pool), loop, repeat)
        first = Uniform().select(without(candidates(pool), aside), 1, repeat).assign(seed=repeat, round=0, score=None)
        keys += [first.assign(strategy=strategy.name) for strategy in loop.strategies]
        to_label += [aside, first[SOLUTION_KEY]]
    table = pd.concat(keys, ignore_index=True)[KEYS].astype({"score": "float64"})
    return {"keys": table, "asked": _request_rows(problems, chosen(pool, pd.concat(to_label)), table)}


def _request_rows(problems: pd.DataFrame, samples: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Samples as people need them to label them, the selector's most convincing first, and as the labeling node takes them.

    The score of a sample that several strategies chose is the first one's.
    """
    round_ = int(keys["round"].max())
    scores = keys.loc[keys["round"] == round_, [*SOLUTION_KEY, "score"]].drop_duplicates(SOLUTION_KEY)
    rows = samples.rename(columns={"answer": "final_answer"}).merge(scores, on=SOLUTION_KEY, how="left")
    texts = problems.reindex(columns=["problem_id", "problem", "answer", "solution"])
    rows = rows.merge(texts, on="problem_id").assign(round=round_)
    return rows.sort_values("score", ascending=False, kind="stable", ignore_index=True)[ASKED]


def pool_of(problems: pd.DataFrame, solutions: pd.DataFrame, loop: LoopOptions) -> pd.DataFrame:
    """Distinct answered solutions of the loop's training problems.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        loop: How many problems the pool is of.
    """
    train = problems[problems["split"] == "train"].head(loop.problems)
    samples = solutions[solutions["problem_id"].isin(set(train["problem_id"]))]
    return chosen(samples, candidates(samples)).sort_values(SOLUTION_KEY, ignore_index=True)


def audit(pool: pd.DataFrame, loop: LoopOptions, seed: int) -> pd.DataFrame:
    """Keys of the samples set aside to judge every selector of this seed by.

    Args:
        pool: The pool's solutions.
        loop: Settings of the loop.
        seed: Decides which samples are set aside.
    """
    return Uniform().select(pool, loop.audit, seed_for(seed, "audit"))


def choose(scores: pd.DataFrame, keys: pd.DataFrame, loop: LoopOptions) -> pd.DataFrame:
    """The keys of all rounds so far, with what each run labels next and the score that it had; never an audited sample.

    Args:
        scores: Verifier scores, a row per sample.
        keys: Samples chosen so far, a row per run, round and sample.
        loop: Strategies, and samples per problem in a round.

    Raises:
        InputError: A strategy finds no sample that is not labeled yet.
    """
    from stepscale.supervision.loop import next_round

    round_, parts = int(keys["round"].max()) + 1, [keys]
    for strategy, seed, pool in _runs(loop, scores):
        of_run = keys[(keys["strategy"] == strategy.name) & (keys["seed"] == seed)]
        remaining = without(pool, audit(pool, loop, seed))
        selected = next_round(remaining, of_run, strategy.selection, loop.per_problem, round_, seed)
        if selected.empty:
            raise InputError(
                f"loop: round {round_} of {strategy.name!r} (seed {seed}) finds no sample that is not labeled yet; lower "
                "loop.per_problem or raise experiment.pool.samples.per_problem"
            )
        scored = selected.merge(pool[[*SOLUTION_KEY, "score"]], on=SOLUTION_KEY)
        parts.append(scored.assign(strategy=strategy.name, seed=seed)[KEYS])
    return pd.concat(parts, ignore_index=True)


def _runs(loop: LoopOptions, scores: pd.DataFrame) -> Iterator[tuple[LoopStrategy, int, pd.DataFrame]]:
    for strategy in loop.strategies:
        for seed, pool in scores[scores["strategy"] == strategy.name].groupby("seed", sort=True):
            yield strategy, int(str(seed)), pool.drop(columns=RUN).reset_index(drop=True)


def choose_and_ask(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    scores: pd.DataFrame,
    keys: pd.DataFrame,
    labels: pd.DataFrame,
    loop: LoopOptions,
) -> ChosenSamples:
    """The keys as ``choose`` gives them, and those of their samples that have no label yet, to be labeled.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        scores: Verifier scores, a row per sample.
        keys: Samples chosen so far, a row per run, round and sample.
        labels: Step labels, a row per rated step.
        loop: Strategies, and samples per problem in a round.
    """
    all_keys = choose(scores, keys, loop)
    unlabeled = without(all_keys[SOLUTION_KEY].drop_duplicates(), labels[SOLUTION_KEY].drop_duplicates())
    return {"keys": all_keys, "asked": _request_rows(problems, chosen(solutions, unlabeled), all_keys)}


def health(
    scores: pd.DataFrame, keys: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, loop: LoopOptions
) -> pd.DataFrame:
    """A row per run and sample: what its selector believed of this round's samples and the audit's, and what labels say.

    Args:
        scores: Verifier scores, a row per sample.
        keys: Samples chosen so far, a row per run, round and sample.
        solutions: Solutions, a row per solution.
        labels: Step labels, a row per rated step.
        loop: Strategies, seeds, and how much is set aside.
    """
    from stepscale.supervision.loop import HEALTH, round_health

    round_, parts = int(keys["round"].max()), []
    for strategy, seed, pool in _runs(loop, scores):
        of_run = keys[(keys["strategy"] == strategy.name) & (keys["seed"] == seed) & (keys["round"] == round_)]
        believed = round_health(pool, of_run, solutions, labels, audit(pool, loop, seed))
        parts.append(believed.assign(strategy=strategy.name, seed=seed, round=round_)[[*RUN, "round", *HEALTH]])
    return pd.concat(parts, ignore_index=True)


def gather_rounds(**rounds: pd.DataFrame) -> pd.DataFrame:
    """Tables of all rounds as one, in the order of the rounds."""
    return pd.concat(list(rounds.values()), ignore_index=True)


def collect_labels(
    pool_solutions: pd.DataFrame,
    experiment_solutions: pd.DataFrame,
    keys: pd.DataFrame,
    labels: pd.DataFrame,
    loop: LoopOptions,
    seed: int,
) -> LoopLabels:
    """What the first strategy labeled in the run's seed, beside the labeled pool: solutions, step labels, rounds.

    Sample numbers follow those of the pool, for both number a problem's samples from 0. Rounds have the columns problem_id,
    sample_id, round and score, the score by which the round chose.

    Args:
        pool_solutions: Solutions of the labeled pool, a row per sample.
        experiment_solutions: Solutions of the experiment's problems, a row per sample.
        keys: Samples chosen so far, a row per run, round and sample.
        labels: Step labels, a row per rated step.
        loop: Its strategies: the first one's labels are released.
        seed: The run's seed.
    """
    shift = int(pool_solutions["sample_id"].max()) + 1
    first = keys[(keys["strategy"] == loop.strategies[0].name) & (keys["seed"] == seed)]
    rounds = first[[*SOLUTION_KEY, "round", "score"]].reset_index(drop=True)
    tables = (chosen(experiment_solutions, rounds), chosen(labels, rounds), rounds)
    solutions, step_labels, rounds = (
        table.assign(sample_id=table["sample_id"] + shift).reset_index(drop=True) for table in tables
    )
    return {"solutions": solutions, "step_labels": step_labels, "rounds": rounds}
