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
from stepscale.parameters import GeneratorBlock, VerifierBlock
from stepscale.pipelines.cells import Job, Measures, asked_of, run_cells
from stepscale.seeds import seed_for
from stepscale.supervision.arms import Arm, Cell
from stepscale.supervision.experiment import LabelledPool, TestSamples
from stepscale.supervision.loop_options import LoopOptions, LoopStrategy
from stepscale.supervision.points import COLUMNS
from stepscale.supervision.selection import KEY, Uniform, candidates, chosen, without

logger = logging.getLogger(__name__)

RUN = ["strategy", "seed"]
KEYS = [*RUN, *KEY, "round", "score"]
SCORES = [*RUN, *KEY, "is_correct", "score", "doubt"]
ASKED = [*KEY, "problem", "steps"]


def begin(
    problems: pd.DataFrame, solutions: pd.DataFrame, loop: LoopOptions | None, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Round 0, one random sample a problem: (keys, what is to be labelled, which is those and the audit, scores: none yet)."""
    no_scores = pd.DataFrame(columns=SCORES)
    if loop is None:
        return pd.DataFrame(columns=KEYS), pd.DataFrame(columns=ASKED), no_scores
    pool = pool_of(problems, solutions, loop)
    keys, wanted = [], []
    for repeat in range(seed, seed + loop.seeds):
        aside = audit(candidates(pool), loop, repeat)
        first = Uniform().select(without(candidates(pool), aside), 1, repeat).assign(seed=repeat, round=0, score=None)
        keys += [first.assign(strategy=strategy.name) for strategy in loop.strategies]
        wanted += [aside, first[KEY]]
    table = pd.concat(keys, ignore_index=True)[KEYS].astype({"score": "float64"})
    return table, _asked(problems, chosen(pool, pd.concat(wanted))), no_scores


def _asked(problems: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Samples as people need them to label them, and as the labelling node takes them."""
    return samples.merge(problems[["problem_id", "problem"]], on="problem_id")[ASKED]


def pool_of(problems: pd.DataFrame, solutions: pd.DataFrame, loop: LoopOptions) -> pd.DataFrame:
    """Distinct answered solutions of the loop's training problems."""
    train = problems[problems["split"] == "train"].head(loop.problems)
    own = solutions[solutions["problem_id"].isin(set(train["problem_id"]))]
    return chosen(own, candidates(own)).sort_values(KEY, ignore_index=True)


def audit(pool: pd.DataFrame, loop: LoopOptions, seed: int) -> pd.DataFrame:
    """Keys of the samples set aside to judge every selector of this seed by."""
    return Uniform().select(pool, loop.audit, seed_for(seed, "audit"))


def train_selectors(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    keys: pd.DataFrame,
    labels: pd.DataFrame,
    before: pd.DataFrame,
    verifiers: VerifierBlock,
    loop: LoopOptions | None,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train on all labels so far: (scores of the pool by which the round chooses, points on the test samples).

    ``before``: the last round's scores, which a strategy keeps whose selector is trained once.
    """
    if loop is None:
        return pd.DataFrame(columns=SCORES), pd.DataFrame(columns=list(COLUMNS))
    pool = pool_of(problems, solutions, loop)
    asked = asked_of(problems, pool)
    runs = list(_shared(keys))
    kept = [before[(before["seed"] == seed) & before["strategy"].isin(_once(loop, names))] for seed, names, _ in runs]
    fresh = [
        [name for name in names if name not in set(own["strategy"])]
        for (_, names, _), own in zip(runs, kept, strict=True)
    ]
    jobs = [
        _job(problems, solutions, own, labels, loop, seed, shared, asked if names else None)
        for (seed, shared, own), names in zip(runs, fresh, strict=True)
    ]
    scores, points = kept, []
    found = run_cells(jobs, _measures(problems, solutions, verifiers, loop))
    for (seed, names, _), new, (measured, scored, _) in zip(runs, fresh, found, strict=True):
        points += [measured.assign(arm=name) for name in names]
        if scored is not None:
            by_key = candidates(pool, scored).assign(seed=seed)
            scores += [by_key.assign(strategy=name)[SCORES] for name in new]
    return pd.concat([part for part in scores if len(part)], ignore_index=True), pd.concat(points, ignore_index=True)


def measure_last(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    keys: pd.DataFrame,
    labels: pd.DataFrame,
    verifiers: VerifierBlock,
    loop: LoopOptions | None,
    seed: int,
) -> pd.DataFrame:
    """Points of the verifiers that learned from the labels of all rounds."""
    if loop is None:
        return pd.DataFrame(columns=list(COLUMNS))
    runs = list(_shared(keys))
    jobs = [_job(problems, solutions, own, labels, loop, seed, shared) for seed, shared, own in runs]
    found = run_cells(jobs, _measures(problems, solutions, verifiers, loop))
    parts = [own.points.assign(arm=name) for (_, names, _), own in zip(runs, found, strict=True) for name in names]
    return pd.concat(parts, ignore_index=True)


def _once(loop: LoopOptions, names: list[str]) -> set[str]:
    return {strategy.name for strategy in loop.strategies if strategy.name in names and not strategy.retrained}


def _shared(keys: pd.DataFrame) -> Iterator[tuple[int, list[str], pd.DataFrame]]:
    """(seed, strategies, their samples) of runs that have labelled the same."""
    for seed, of_seed in keys.groupby("seed", sort=False):
        same: dict[frozenset[Any], list[str]] = {}
        for name, own in of_seed.groupby("strategy", sort=False):
            same.setdefault(frozenset(own[KEY].itertuples(index=False, name=None)), []).append(str(name))
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


def _measures(problems: pd.DataFrame, solutions: pd.DataFrame, verifiers: VerifierBlock, loop: LoopOptions) -> Measures:
    """The test problems' first samples, as many as the largest budget takes."""
    test = set(problems.loc[problems["split"] == "test", "problem_id"])
    tested = solutions[solutions["problem_id"].isin(test) & (solutions["sample_id"] < max(loop.budgets))]
    return Measures(verifiers, asked_of(problems, tested), loop.budgets, loop.least_steps)


def choose(scores: pd.DataFrame, keys: pd.DataFrame, loop: LoopOptions | None) -> pd.DataFrame:
    """The keys of all rounds so far, with what each run labels next and the score that it had; never an audited sample."""
    from stepscale.supervision.loop import next_round

    if loop is None:
        return keys
    round_, parts = int(keys["round"].max()) + 1, [keys]
    for strategy, seed, pool in _runs(loop, scores):
        own = keys[(keys["strategy"] == strategy.name) & (keys["seed"] == seed)]
        left = without(pool, audit(pool, loop, seed))
        found = next_round(left, own, strategy.selection, loop.per_problem, round_, seed)
        if found.empty:
            raise InputError(
                f"loop: round {round_} of {strategy.name!r} (seed {seed}) finds no sample that is not labelled yet; lower "
                "loop.per_problem or raise experiment.pool.samples.per_problem"
            )
        parts.append(found.merge(pool[[*KEY, "score"]], on=KEY).assign(strategy=strategy.name, seed=seed)[KEYS])
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
    loop: LoopOptions | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The keys as ``choose`` gives them, and those of their samples that have no label yet, to be labelled."""
    if loop is None:
        return keys, pd.DataFrame(columns=ASKED)
    found = choose(scores, keys, loop)
    new = without(found[KEY].drop_duplicates(), labels[KEY].drop_duplicates())
    return found, _asked(problems, chosen(solutions, new))


def label_beginning(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    asked: pd.DataFrame,
    generator_model: Path,
    prm: Path | None,
    large_prm: Path | None,
    generator: GeneratorBlock,
    verifiers: VerifierBlock,
    loop: LoopOptions | None,
    seed: int,
) -> pd.DataFrame:
    """The step labels of round 0: as ``label``, with none before."""
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import STEP_LABELS

    made_of = (generator_model, prm, large_prm, generator, verifiers, loop, seed)
    return label(problems, solutions, asked, empty(STEP_LABELS), *made_of)


def label(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    asked: pd.DataFrame,
    labels: pd.DataFrame,
    generator_model: Path,
    prm: Path | None,
    large_prm: Path | None,
    generator: GeneratorBlock,
    verifiers: VerifierBlock,
    loop: LoopOptions | None,
    seed: int,
) -> pd.DataFrame:
    """The step labels so far with those of the samples ``asked`` for; none is labelled twice.

    ``prm``, ``large_prm``: as an earlier run left them, None where there are none (conf/base/catalog_loop.yml). The PRM of
    this very run may come after the loop, so the loop cannot wait for it: ``hooks`` refuses a run that would train it.
    """
    from stepscale.cost import Ledger
    from stepscale.pipelines.active_learning.labelers import Means, open_for_loop

    if loop is None or asked.empty:
        return labels
    labeler = open_for_loop(loop.labeler, Means(generator_model, prm, large_prm, generator, verifiers, seed))
    ledger, new = Ledger(), chosen(solutions, asked).reset_index(drop=True)
    found = _one_voice(labeler.label(problems, new, ledger))
    n_labelled = len(found[KEY].drop_duplicates())
    logger.info(
        "the loop: %s labelled %d of %d more samples, %d steps, %d tokens read or written",
        labeler.name,
        n_labelled,
        len(new),
        len(found),
        ledger.tokens,
    )
    return pd.concat([labels, found], ignore_index=True)


def _one_voice(labels: pd.DataFrame) -> pd.DataFrame:
    """Of several people who labelled a solution the first: a sample counts as one label, and its verdict is one labeler's."""
    names = labels["labeler"].fillna("")
    first = names.groupby([labels[name] for name in KEY]).transform("first")
    return labels[names == first]


def health(
    scores: pd.DataFrame, keys: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, loop: LoopOptions | None
) -> pd.DataFrame:
    """A row a run and sample: what its selector believed of this round's samples and of the audit's, and what the labels say."""
    from stepscale.supervision.loop import HEALTH, round_health

    if loop is None:
        return pd.DataFrame(columns=[*RUN, "round", *HEALTH])
    round_, parts = int(keys["round"].max()), []
    for strategy, seed, pool in _runs(loop, scores):
        own = keys[(keys["strategy"] == strategy.name) & (keys["seed"] == seed) & (keys["round"] == round_)]
        found = round_health(pool, own, solutions, labels, audit(pool, loop, seed))
        parts.append(found.assign(strategy=strategy.name, seed=seed, round=round_)[[*RUN, "round", *HEALTH]])
    return pd.concat(parts, ignore_index=True)


def gather_rounds(*parts: pd.DataFrame) -> pd.DataFrame:
    """Tables of all rounds as one."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]
