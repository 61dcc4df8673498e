"""The labeled data set to pass on: all labels of the pool, and after them those of the loop's rounds."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import pandas as pd

from stepscale.formats.tables import SOLUTION_KEY
from stepscale.labeling.options import ByFile, LoopLabeler, PoolLabeler
from stepscale.labeling.people import People, read_people
from stepscale.parameters import GeneratorBlock, PoolBlock, ReleaseSettings
from stepscale.pipelines.active_learning.nodes import LabeledSolutions
from stepscale.studies.verifiers.people import people_facts
from stepscale.supervision.loop_options import LoopOptions

if TYPE_CHECKING:
    from stepscale.formats.prm800k.release import CardFacts

logger = logging.getLogger(__name__)

_PROGRAMS = {
    "symbolic": "the lab's symbolic labeler",
    "prm_large": "PRM_large",
    "rollouts": "rollouts of the generator",
}
_MAX_NAMED_LABELERS = 5  # names of labelers; more are counted


class WrittenRelease(TypedDict):
    """A release's folder, and how much it holds, a row per round."""

    folder: Path
    counts: pd.DataFrame


def release_pool(
    problems: pd.DataFrame, solutions: pd.DataFrame, step_labels: pd.DataFrame, settings: ReleaseSettings
) -> WrittenRelease:
    """The labeled pool as a folder in PRM800K's format with its data card, and how much it holds.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        step_labels: Step labels of the pool, a row per rated step.
        settings: What the data card says about the run.
    """
    no_rounds = pd.DataFrame(columns=[*SOLUTION_KEY, "round", "score"])
    card = _card(problems, step_labels, step_labels.head(0), settings)
    return _write(problems, solutions, step_labels, no_rounds, card)


def add_loop(
    pool_solutions: pd.DataFrame,
    step_labels: pd.DataFrame,
    loop_solutions: pd.DataFrame,
    loop_step_labels: pd.DataFrame,
) -> LabeledSolutions:
    """Solutions and step labels of the pool, and after them those of the loop, whose sample numbers follow the pool's.

    Args:
        pool_solutions: Solutions of the labeled pool, a row per sample.
        step_labels: Step labels of the pool, a row per rated step.
        loop_solutions: Solutions that the data loop had labeled.
        loop_step_labels: Step labels of the data loop.
    """
    return {
        "solutions": pd.concat([pool_solutions, loop_solutions], ignore_index=True),
        "step_labels": pd.concat([step_labels, loop_step_labels], ignore_index=True),
    }


def release_with_loop(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    step_labels: pd.DataFrame,
    rounds: pd.DataFrame,
    settings: ReleaseSettings,
) -> WrittenRelease:
    """The same of the pool and of what the data loop labeled.

    Generation 0 is the pool, drawn at random; generation r what the loop's first strategy chose in round r, with the
    selector's score.

    Args:
        problems: The problems table.
        solutions: Those of the pool, then those of the loop (``add_loop``).
        step_labels: The same.
        rounds: problem_id, sample_id, round and score of the loop's samples.
        settings: What the card tells.
    """
    looped = _rows_of(step_labels, rounds)
    pooled = step_labels.merge(looped[SOLUTION_KEY].drop_duplicates(), on=SOLUTION_KEY, how="left", indicator="in")
    pooled = pooled[pooled.pop("in") == "left_only"]
    return _write(problems, solutions, step_labels, rounds, _card(problems, pooled, looped, settings))


def _card(problems: pd.DataFrame, pooled: pd.DataFrame, looped: pd.DataFrame, settings: ReleaseSettings) -> "CardFacts":
    from stepscale.formats.prm800k.release import CardFacts

    pool, loop = settings.pool, settings.loop
    first = "as it was given" if pool.labeler.kind == "given" else "at random"
    later = "" if looped.empty else f"; then {loop.strategies[0].name}"
    return CardFacts(
        title=settings.release.title,
        problems=_describe_problems(problems, pd.concat([pooled, looped])),
        generator=_describe_generator(settings.generator, pool, not looped.empty),
        labeler=_describe_labelers(pooled, looped, pool, loop),
        selection=f"generation 0 {first}{later}",
        seeds={"run": settings.seed},
        license=settings.release.license,
        more=people_facts(people_of(settings)),
    )


def people_of(settings: ReleaseSettings) -> list[People]:
    """Who labeled in each file of people's labels that the pool or the loop names and that is there.

    Args:
        settings: The labelers of the pool and of the loop.
    """
    labelers = [labeler for labeler in (settings.pool.labeler, settings.loop.labeler) if isinstance(labeler, ByFile)]
    by_path = {labeler.path: labeler for labeler in labelers if Path(labeler.path).exists()}
    return [read_people(labeler) for labeler in by_path.values()]


def _write(
    problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, rounds: pd.DataFrame, card: "CardFacts"
) -> WrittenRelease:
    from stepscale.formats.contract import Tables
    from stepscale.formats.prm800k.release import write_release
    from stepscale.scratch import scratch_folder

    folder = scratch_folder("release")
    keys = list(zip(rounds["problem_id"], map(int, rounds["sample_id"]), strict=True))
    numbers = dict(zip(keys, map(int, rounds["round"]), strict=True))
    scores = {key: float(score) for key, score in zip(keys, rounds["score"], strict=True) if pd.notna(score)}
    tables = Tables(
        problems=problems[problems["problem_id"].isin(set(labels["problem_id"]))],
        solutions=_rows_of(solutions, labels),
        step_labels=labels,
    )
    counts = write_release(tables, folder, card, numbers, scores)
    logger.info("release: %d solutions, by round:\n%s", len(tables.solutions), counts.to_string())
    return {"folder": folder, "counts": counts}


def _describe_labelers(pooled: pd.DataFrame, looped: pd.DataFrame, pool: PoolBlock, loop: LoopOptions) -> str:
    """Who labeled which rounds, with the names that stand in the records, for the card."""
    first = _describe_labeler(pooled, pool.labeler)
    if looped.empty:
        return first
    later = _describe_labeler(looped, loop.labeler)
    return first if later == first else f"generation 0: {first}; later ones: {later}"


def _describe_labeler(labels: pd.DataFrame, option: PoolLabeler | LoopLabeler) -> str:
    """By the names in the rows: rounds may have had another labeler than the option that stands now."""
    names = sorted(labels["labeler"].dropna().unique())
    descriptions = _PROGRAMS | {option.kind: option.description}
    parts = [f"{descriptions[name]} (`{name}`)" for name in names if name in _PROGRAMS]
    people = [f"`{name}`" for name in names if name not in _PROGRAMS]
    if people or labels["labeler"].isna().any():
        words = "people" if option.kind in _PROGRAMS else option.description
        few = ", ".join(people) if len(people) <= _MAX_NAMED_LABELERS else f"{len(people):,} labelers"
        parts.append(f"{words} ({few})" if people else words)
    return " and ".join(parts) or option.description


def _describe_problems(problems: pd.DataFrame, labels: pd.DataFrame) -> str:
    """How many problems are labeled, and whether any of them is a test problem, for the card."""
    labeled = set(labels["problem_id"])
    if labeled & set(problems.loc[problems["split"] == "test", "problem_id"]):
        return f"{len(labeled):,}, test problems among them"
    return f"{len(labeled):,} of {len(problems):,}, none of them a test problem"


def _describe_generator(generator: GeneratorBlock, pool: PoolBlock, looped: bool) -> str:
    """The base, what was done to it, and how it was sampled, for the card; given solutions are of others."""
    origin = "as it is" if generator.is_taken_as_it_is else "fine-tuned"
    sampling = generator.sampling
    of_the_run = f"{generator.base}, {origin}; temperature {sampling.temperature:g}, top-p {sampling.top_p:g}"
    if pool.labeler.kind != "given":
        return of_the_run
    of_given_data = "that of the data that was given"
    return f"generation 0: {of_given_data}; later ones: {of_the_run}" if looped else of_given_data


def _rows_of(table: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """The rows of the solutions that ``keys`` name."""
    named = pd.MultiIndex.from_frame(keys[SOLUTION_KEY].drop_duplicates())
    return table[pd.MultiIndex.from_frame(table[SOLUTION_KEY]).isin(named)].reset_index(drop=True)
