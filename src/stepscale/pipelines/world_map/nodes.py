"""Nodes of the map of worlds: each world is a piece of work, so a killed run continues where it stopped."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

import pandas as pd

from stepscale.formats.tables import SOLUTION_KEY
from stepscale.parameters import ReportBlock, WorldMapBlock
from stepscale.report.part import Part
from stepscale.resume import Made, Piece, Recipe, ShardPlan
from stepscale.studies.world_map.figures import map_part
from stepscale.studies.world_map.measure import measure_map, rule_on_samples
from stepscale.studies.world_map.strategies import measure_world
from stepscale.studies.world_map.worlds import MapWorld, held_out_worlds, worlds_of


def explore_worlds(options: WorldMapBlock, seed: int) -> ShardPlan:
    """Every strategy in every world of the grid and in the held-out worlds, a piece per world.

    Args:
        options: The grid of worlds, and how each is measured.
        seed: Of the run.
    """
    worlds = [(world, False) for world in worlds_of(options.grid)]
    worlds += [(world, True) for world in held_out_worlds(options.grid, options.held_out, seed)]
    pieces = []
    for number, (world, held_out) in enumerate(worlds):
        measured = options.model_dump(exclude={"grid", "held_out", "depth"})
        recipe = Recipe.of(explore_world, inputs={}, settings=[asdict(world), held_out, measured], seed=seed)
        make = partial(explore_world, world, held_out, options, seed)
        pieces.append(Piece(f"world-{number:05d}", recipe, make))
    return ShardPlan("exploring worlds", tuple(pieces), unit="worlds")


def explore_world(world: MapWorld, held_out: bool, options: WorldMapBlock, seed: int) -> Made:
    """One world's outcomes.

    Args:
        world: Its settings.
        held_out: Whether it lies off the grid.
        options: How it is measured.
        seed: Of the run.
    """
    return Made(measure_world(world, options, seed).table.assign(held_out=held_out))


def draw_map(outcomes: pd.DataFrame, options: WorldMapBlock, report: ReportBlock, seed: int) -> dict[str, pd.DataFrame]:
    """Winners, curves, the rule of thumb and its tests off the grid.

    Args:
        outcomes: Rows of all worlds.
        options: The grid of worlds.
        report: Resamples of the intervals.
        seed: Decides them.

    Returns:
        Tables by name.
    """
    return measure_map(outcomes, options, report.bootstrap, seed)


def try_rule(
    tables: Mapping[str, pd.DataFrame],
    samples: pd.DataFrame,
    solutions: pd.DataFrame,
    options: WorldMapBlock,
    report: ReportBlock,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """The rule on the run's scored samples, which may be given samples.

    Args:
        tables: Tables of the map, the rule among them.
        samples: Scored samples of the test problems.
        solutions: Test solutions, with their steps.
        options: The budgets at which the rule is tried.
        report: Resamples of the intervals.
        seed: Decides them.

    Returns:
        Tables by name.
    """
    lengths = solutions.assign(n_steps=solutions["steps"].map(len))[["problem_id", "sample_id", "n_steps"]]
    with_steps = samples.merge(lengths, on=SOLUTION_KEY, how="left")
    return rule_on_samples(tables["rule"], with_steps, options.budgets, report.bootstrap, seed)


def show_map(tables: Mapping[str, pd.DataFrame], on_samples: Mapping[str, pd.DataFrame]) -> Part:
    """The map's part of the report.

    Args:
        tables: Tables of the map.
        on_samples: Tables of the rule on the run's samples.
    """
    return map_part(tables, on_samples)
