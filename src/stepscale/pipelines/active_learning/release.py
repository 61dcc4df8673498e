"""The labelled data set to pass on: all labels of the pool, and after them those of the loop's rounds."""

import logging
from pathlib import Path

import pandas as pd

from stepscale.labeling.options import LoopLabeler, PoolLabeler, ReleaseOptions
from stepscale.parameters import GeneratorBlock, PoolBlock
from stepscale.supervision.loop_options import LoopOptions
from stepscale.supervision.selection import KEY

logger = logging.getLogger(__name__)

_PROGRAMS = {
    "symbolic": "the lab's symbolic labeler",
    "prm_large": "PRM_large",
    "rollouts": "rollouts of the generator",
}
_FEW = 5  # names of labelers; more are counted


def release_labels(
    problems: pd.DataFrame,
    pool_solutions: pd.DataFrame,
    step_labels: pd.DataFrame,
    experiment_solutions: pd.DataFrame,
    loop_keys: pd.DataFrame,
    loop_labels: pd.DataFrame,
    generator: GeneratorBlock,
    pool: PoolBlock,
    loop: LoopOptions | None,
    release: ReleaseOptions | None,
    seed: int,
) -> tuple[Path, pd.DataFrame]:
    """A folder in PRM800K's format with its data card, and what it holds by round; empty where nothing is to be released.

    Generation 0 is the pool, drawn at random; generation r what the loop's first strategy chose in round r, with the
    selector's score. The rounds' sample_ids follow those of the pool, for both number a problem's samples from 0.
    """
    from stepscale.formats.contract import Tables
    from stepscale.formats.prm800k.release import CardFacts, write_release
    from stepscale.scratch import scratch_folder

    folder = scratch_folder("release")
    if release is None:
        return folder, pd.DataFrame()
    keys = _first_strategy(loop_keys, loop, seed)
    shift = int(pool_solutions["sample_id"].max()) + 1 if len(pool_solutions) else 0
    chosen = [
        _of(table, keys).assign(sample_id=lambda t: t["sample_id"] + shift)
        for table in (experiment_solutions, loop_labels)
    ]
    solutions = pd.concat([pool_solutions, chosen[0]], ignore_index=True)
    labels = pd.concat([step_labels, chosen[1]], ignore_index=True)
    solutions = _of(solutions, labels)
    named = list(zip(keys["problem_id"], (int(sample) + shift for sample in keys["sample_id"]), strict=True))
    scores = {key: float(score) for key, score in zip(named, keys["score"], strict=True) if pd.notna(score)}
    facts = CardFacts(
        title=release.title,
        problems=_told_of_problems(problems, labels),
        generator=_told_of_generator(generator, pool, looped=len(keys) > 0),
        labeler=_told_of_labelers(step_labels, chosen[1], pool, loop),
        selection=f"generation 0 {'as it was given' if pool.labeler.kind == 'given' else 'at random'}"
        + (f"; then {loop.strategies[0].name}" if loop and len(keys) else ""),
        seeds={"run": seed},
        licence=release.licence,
    )
    problems = problems[problems["problem_id"].isin(set(labels["problem_id"]))]
    rounds = dict(zip(named, keys["round"].astype(int), strict=True))
    counts = write_release(
        Tables(problems=problems, solutions=solutions, step_labels=labels), folder, facts, rounds, scores
    )
    logger.info("release: %d solutions, by round:\n%s", len(solutions), counts.to_string())
    return folder, counts


def _first_strategy(keys: pd.DataFrame, loop: LoopOptions | None, seed: int) -> pd.DataFrame:
    """What the loop's first strategy labelled in the run's own seed."""
    return keys[(keys["strategy"] == loop.strategies[0].name) & (keys["seed"] == seed)] if loop else keys.head(0)


def _told_of_labelers(pooled: pd.DataFrame, looped: pd.DataFrame, pool: PoolBlock, loop: LoopOptions | None) -> str:
    """Who labelled which rounds, with the names that stand in the records, for the card."""
    first = _told_of_labeler(pooled, pool.labeler)
    if loop is None or looped.empty:
        return first
    later = _told_of_labeler(looped, loop.labeler)
    return first if later == first else f"generation 0: {first}; later ones: {later}"


def _told_of_labeler(labels: pd.DataFrame, option: PoolLabeler | LoopLabeler) -> str:
    """By the names in the rows: rounds may have had another labeler than the option that stands now."""
    names = sorted(labels["labeler"].dropna().unique())
    told = _PROGRAMS | {option.kind: option.told}
    parts = [f"{told[name]} (`{name}`)" for name in names if name in _PROGRAMS]
    people = [f"`{name}`" for name in names if name not in _PROGRAMS]
    if people or labels["labeler"].isna().any():
        words = "people" if option.kind in _PROGRAMS else option.told
        few = ", ".join(people) if len(people) <= _FEW else f"{len(people):,} labelers"
        parts.append(f"{words} ({few})" if people else words)
    return " and ".join(parts) or option.told


def _told_of_problems(problems: pd.DataFrame, labels: pd.DataFrame) -> str:
    """How many problems are labelled, and whether any of them is a test problem, for the card."""
    labelled = set(labels["problem_id"])
    if labelled & set(problems.loc[problems["split"] == "test", "problem_id"]):
        return f"{len(labelled):,}, test problems among them"
    return f"{len(labelled):,} of {len(problems):,}, none of them a test problem"


def _told_of_generator(generator: GeneratorBlock, pool: PoolBlock, looped: bool) -> str:
    """The base, what was done to it, and how it was sampled, for the card; given solutions are of others."""
    made = "fine-tuned" if generator.fine_tuning else "as it is"
    drawn = generator.sampling
    own = f"{generator.base}, {made}; temperature {drawn.temperature:g}, top-p {drawn.top_p:g}"
    if pool.labeler.kind != "given":
        return own
    given = "that of the data that was given"
    return f"generation 0: {given}; later ones: {own}" if looped else given


def _of(table: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """The rows of the solutions that ``keys`` name."""
    wanted = pd.MultiIndex.from_frame(keys[KEY].drop_duplicates())
    return table[pd.MultiIndex.from_frame(table[KEY]).isin(wanted)].reset_index(drop=True)
