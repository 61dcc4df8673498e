"""Nodes of the data loop: train selectors, choose, label, look at their health, again (Lightman et al. 2023, 4.2).

A run of the loop is a strategy and a seed; all go round together, in tables with columns ``strategy`` and ``seed``. Runs that
have labelled the same samples share one training. To choose and to label are nodes of their own, so that people can label
between two commands; ``loop.labeler`` says who rates.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.errors import InputError
from stepscale.labeling.contract import Labeler
from stepscale.parameters import LoopSettings
from stepscale.pipelines.active_learning.labelers import open_for_loop
from stepscale.pipelines.cells import Job, Measures, run_cells, with_problems
from stepscale.seeds import seed_for
from stepscale.supervision.arms import Arm, Cell
from stepscale.supervision.experiment import LabelledPool, TestSamples
from stepscale.supervision.loop_options import LoopOptions, LoopStrategy
from stepscale.supervision.selection import KEY, Uniform, candidates, chosen, without

logger = logging.getLogger(__name__)

RUN = ["strategy", "seed"]
KEYS = [*RUN, *KEY, "round", "score"]
SCORES = [*RUN, *KEY, "is_correct", "score", "doubt"]
ASKED = [*KEY, "problem", "steps", "answer", "solution", "final_answer", "round", "score"]


def begin(
    problems: pd.DataFrame, solutions: pd.DataFrame, loop: LoopOptions, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Round 0, one random sample per problem: keys, and what is to be labelled, which is those and the audit."""
    pool = pool_of(problems, solutions, loop)
    keys, to_label = [], []
    for repeat in range(seed, seed + loop.seeds):
        aside = audit(candidates(pool), loop, repeat)
        first = Uniform().select(without(candidates(pool), aside), 1, repeat).assign(seed=repeat, round=0, score=None)
        keys += [first.assign(strategy=strategy.name) for strategy in loop.strategies]
        to_label += [aside, first[KEY]]
    table = pd.concat(keys, ignore_index=True)[KEYS].astype({"score": "float64"})
    return table, _asked(problems, chosen(pool, pd.concat(to_label)), table)


def _asked(problems: pd.DataFrame, samples: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Samples as people need them to label them, the selector's most convincing first, and as the labeling node takes them.

    The score of a sample that several strategies chose is the first one's.
    """
    round_ = int(keys["round"].max())
    scores = keys.loc[keys["round"] == round_, [*KEY, "score"]].drop_duplicates(KEY)
    asked = samples.rename(columns={"answer": "final_answer"}).merge(scores, on=KEY, how="left")
    texts = problems.reindex(columns=["problem_id", "problem", "answer", "solution"])
    asked = asked.merge(texts, on="problem_id").assign(round=round_)
    return asked.sort_values("score", ascending=False, kind="stable", ignore_index=True)[ASKED]


def pool_of(problems: pd.DataFrame, solutions: pd.DataFrame, loop: LoopOptions) -> pd.DataFrame:
    """Distinct answered solutions of the loop's training problems."""
    train = problems[problems["split"] == "train"].head(loop.problems)
    samples = solutions[solutions["problem_id"].isin(set(train["problem_id"]))]
    return chosen(samples, candidates(samples)).sort_values(KEY, ignore_index=True)


def audit(pool: pd.DataFrame, loop: LoopOptions, seed: int) -> pd.DataFrame:
    """Keys of the samples set aside to judge every selector of this seed by."""
    return Uniform().select(pool, loop.audit, seed_for(seed, "audit"))


def train_first_selectors(
    problems: pd.DataFrame, solutions: pd.DataFrame, keys: pd.DataFrame, labels: pd.DataFrame, settings: LoopSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Selectors of round 1, which have learned from round 0: as ``train_selectors``, with none before."""
    return train_selectors(problems, solutions, keys, labels, pd.DataFrame(columns=SCORES), settings)


def train_selectors(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    keys: pd.DataFrame,
    labels: pd.DataFrame,
    before: pd.DataFrame,
    settings: LoopSettings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train on all labels so far: scores of the pool by which the round chooses, and points on the test samples.

    ``before``: the last round's scores, which a strategy uses again whose selector is trained once.
    """
    loop = settings.loop
    pool = pool_of(problems, solutions, loop)
    whole_pool = with_problems(problems, pool)
    runs = list(_shared(keys))
    reused = [before[(before["seed"] == seed) & before["strategy"].isin(_once(loop, names))] for seed, names, _ in runs]
    fresh = [
        [name for name in names if name not in set(earlier["strategy"])]
        for (_, names, _), earlier in zip(runs, reused, strict=True)
    ]
    jobs = [
        _job(problems, solutions, of_run, labels, loop, seed, shared, whole_pool if names else None)
        for (seed, shared, of_run), names in zip(runs, fresh, strict=True)
    ]
    scores, points = reused, []
    results = run_cells(jobs, _measures(problems, solutions, settings))
    for (seed, names, _), new, (measured, scored, _) in zip(runs, fresh, results, strict=True):
        points += [measured.assign(arm=name) for name in names]
        if scored is not None:
            by_key = candidates(pool, scored).assign(seed=seed)
            scores += [by_key.assign(strategy=name)[SCORES] for name in new]
    return pd.concat([part for part in scores if len(part)], ignore_index=True), pd.concat(points, ignore_index=True)


def measure_last(
    problems: pd.DataFrame, solutions: pd.DataFrame, keys: pd.DataFrame, labels: pd.DataFrame, settings: LoopSettings
) -> pd.DataFrame:
    """Points of the verifiers that learned from the labels of all rounds."""
    runs = list(_shared(keys))
    jobs = [_job(problems, solutions, of_run, labels, settings.loop, seed, shared) for seed, shared, of_run in runs]
    results = run_cells(jobs, _measures(problems, solutions, settings))
    parts = [
        result.points.assign(arm=name) for (_, names, _), result in zip(runs, results, strict=True) for name in names
    ]
    return pd.concat(parts, ignore_index=True)


def _once(loop: LoopOptions, names: list[str]) -> set[str]:
    return {strategy.name for strategy in loop.strategies if strategy.name in names and not strategy.retrained}


def _shared(keys: pd.DataFrame) -> Iterator[tuple[int, list[str], pd.DataFrame]]:
    """(seed, strategies, their samples) of runs that have labelled the same."""
    for seed, of_seed in keys.groupby("seed", sort=False):
        same: dict[frozenset[Any], list[str]] = {}
        for name, of_run in of_seed.groupby("strategy", sort=False):
            same.setdefault(frozenset(of_run[KEY].itertuples(index=False, name=None)), []).append(str(name))
        for names in same.values():
            yield int(str(seed)), names, of_seed[of_seed["strategy"] == names[0]]


def _job(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    keys: pd.DataFrame,
    labels: pd.DataFrame,
    loop: LoopOptions,
    seed: int,
    strategies: list[str],
    scores: TestSamples | None = None,
) -> Job:
    """A training on all samples of ``keys``, which these strategies have labelled alike."""
    round_ = int(keys["round"].max()) + 1
    name = f"loop round {round_}, {' and '.join(strategies)}"
    cell = Cell(Arm(name=name, supervision="steps"), 1 + (round_ - 1) * loop.per_problem, seed)
    samples = chosen(solutions, keys)
    asked = problems[problems["problem_id"].isin(samples["problem_id"])]
    rated = chosen(labels, samples)  # people may leave some out; its selectors learned from these, and no others
    labelled = len(rated[KEY].drop_duplicates()) / max(1, samples["problem_id"].nunique())
    return Job(cell, LabelledPool(asked, samples, rated), (labelled, 0.0), scores)


def _measures(problems: pd.DataFrame, solutions: pd.DataFrame, settings: LoopSettings) -> Measures:
    """The test problems' first samples, as many as the largest budget takes."""
    loop = settings.loop
    test = set(problems.loc[problems["split"] == "test", "problem_id"])
    tested = solutions[solutions["problem_id"].isin(test) & (solutions["sample_id"] < max(loop.budgets))]
    return Measures(settings.verifiers, with_problems(problems, tested), loop.budgets, loop.least_steps)


def choose(scores: pd.DataFrame, keys: pd.DataFrame, loop: LoopOptions) -> pd.DataFrame:
    """The keys of all rounds so far, with what each run labels next and the score that it had; never an audited sample."""
    from stepscale.supervision.loop import next_round

    round_, parts = int(keys["round"].max()) + 1, [keys]
    for strategy, seed, pool in _runs(loop, scores):
        of_run = keys[(keys["strategy"] == strategy.name) & (keys["seed"] == seed)]
        left = without(pool, audit(pool, loop, seed))
        new = next_round(left, of_run, strategy.selection, loop.per_problem, round_, seed)
        if new.empty:
            raise InputError(
                f"loop: round {round_} of {strategy.name!r} (seed {seed}) finds no sample that is not labelled yet; lower "
                "loop.per_problem or raise experiment.pool.samples.per_problem"
            )
        parts.append(new.merge(pool[[*KEY, "score"]], on=KEY).assign(strategy=strategy.name, seed=seed)[KEYS])
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
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The keys as ``choose`` gives them, and those of their samples that have no label yet, to be labelled."""
    all_keys = choose(scores, keys, loop)
    new = without(all_keys[KEY].drop_duplicates(), labels[KEY].drop_duplicates())
    return all_keys, _asked(problems, chosen(solutions, new), all_keys)


def label_beginning(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    asked: pd.DataFrame,
    generator_model: Path,
    settings: LoopSettings,
) -> pd.DataFrame:
    """The step labels of round 0, by the lab, by people, or by rollouts of the generator."""
    return _label(problems, solutions, asked, None, open_for_loop(generator_model, settings))


def label(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    asked: pd.DataFrame,
    labels: pd.DataFrame,
    generator_model: Path,
    settings: LoopSettings,
) -> pd.DataFrame:
    """The step labels so far with those of the samples ``asked`` for; none is labelled twice."""
    if asked.empty:
        return labels
    return _label(problems, solutions, asked, labels, open_for_loop(generator_model, settings))


def label_beginning_by_prm(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    asked: pd.DataFrame,
    large_prm_model: Path,
    settings: LoopSettings,
) -> pd.DataFrame:
    """The step labels of round 0, by PRM_large."""
    return _label(problems, solutions, asked, None, _large_prm(large_prm_model, settings))


def label_by_prm(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    asked: pd.DataFrame,
    labels: pd.DataFrame,
    large_prm_model: Path,
    settings: LoopSettings,
) -> pd.DataFrame:
    """As ``label``, by PRM_large."""
    if asked.empty:
        return labels
    return _label(problems, solutions, asked, labels, _large_prm(large_prm_model, settings))


def _large_prm(folder: Path, settings: LoopSettings) -> Labeler:
    from stepscale.labeling.by_verifier import VerifierLabeler
    from stepscale.labeling.options import ByLargePRM
    from stepscale.verifiers.scoring import ModelVerifier

    labeler = settings.loop.labeler
    if not isinstance(labeler, ByLargePRM):
        raise InputError(
            f"loop.labeler: {labeler.kind} labels in the pipeline data_loop; run it in the place of data_loop_by_prm, or set "
            "loop.labeler to prm_large"
        )
    verifier = ModelVerifier(folder, labeler.kind, **settings.verifiers.placement.model_dump())
    return VerifierLabeler(verifier, labeler.threshold)


def _label(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    asked: pd.DataFrame,
    labels: pd.DataFrame | None,
    labeler: Labeler,
) -> pd.DataFrame:
    from stepscale.cost import Ledger

    ledger, samples = Ledger(), chosen(solutions, asked).reset_index(drop=True)
    new = _one_voice(labeler.label(problems, samples, ledger))
    n_labelled = len(new[KEY].drop_duplicates())
    logger.info(
        "the loop: %s labelled %d of %d more samples, %d steps, %d tokens read or written",
        labeler.name,
        n_labelled,
        len(samples),
        len(new),
        ledger.tokens,
    )
    return new if labels is None else pd.concat([labels, new], ignore_index=True)


def _one_voice(labels: pd.DataFrame) -> pd.DataFrame:
    """Of several people who labelled a solution the first: a sample counts as one label, and its verdict is one labeler's."""
    names = labels["labeler"].fillna("")
    first = names.groupby([labels[name] for name in KEY]).transform("first")
    return labels[names == first]


def health(
    scores: pd.DataFrame, keys: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, loop: LoopOptions
) -> pd.DataFrame:
    """A row per run and sample: what its selector believed of this round's samples and the audit's, and what labels say."""
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
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What the first strategy labelled in the run's seed, beside the labelled pool: solutions, step labels, rounds.

    Sample numbers follow those of the pool, for both number a problem's samples from 0. Rounds have the columns problem_id,
    sample_id, round and score, the score by which the round chose.
    """
    shift = int(pool_solutions["sample_id"].max()) + 1
    first = keys[(keys["strategy"] == loop.strategies[0].name) & (keys["seed"] == seed)]
    rounds = first[[*KEY, "round", "score"]].reset_index(drop=True)
    tables = (chosen(experiment_solutions, rounds), chosen(labels, rounds), rounds)
    solutions, step_labels, rounds = (
        table.assign(sample_id=table["sample_id"] + shift).reset_index(drop=True) for table in tables
    )
    return solutions, step_labels, rounds
