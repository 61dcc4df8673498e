"""The worlds of the map: hands as a generator, a PRM learned from labels, revisions, and one world measured."""

from random import Random

import numpy as np
import pytest
from pydantic import ValidationError

from stepscale.cost import Ledger
from stepscale.formats.checking import check
from stepscale.formats.ratings import NEGATIVE
from stepscale.generation.contract import Request, Sampling
from stepscale.lab.labeler import rate_steps
from stepscale.parameters.world_map import WorldMapBlock
from stepscale.resume import Recipe
from stepscale.studies.world_map.learned_prm import learn_prm
from stepscale.studies.world_map.measure import measure_map, rule_on_samples
from stepscale.studies.world_map.revising import revise
from stepscale.studies.world_map.strategies import STRATEGIES, measure_world, solution_auroc
from stepscale.studies.world_map.tables import OUTCOMES, TABLES, TESTS
from stepscale.studies.world_map.worlds import (
    END,
    HandGenerator,
    MapWorld,
    draw_problem,
    held_out_worlds,
    worlds_of,
)
from stepscale.verifiers.contract import Trajectory

WORLD = MapWorld(labels=300, flipped=0.0, slips=2.0, misconceptions=0.2, level=1)
OPTIONS = WorldMapBlock.model_validate(
    {
        "grid": {"labels": [50, 300], "flipped": [0.0], "slips": [2.0], "misconceptions": [0.0, 0.2], "levels": [1]},
        "problems": 5,
        "budgets": [4, 8],
        "held_out": 2,
    }
)
SAMPLING = Sampling(max_new_tokens=40)


def problem() -> str:
    return draw_problem(WORLD, Random(3))


def test_a_grid_has_every_combination_and_worlds_off_it_lie_between_its_ends() -> None:
    assert len(worlds_of(OPTIONS.grid)) == 4 and len({world.name for world in worlds_of(OPTIONS.grid)}) == 4
    worlds = held_out_worlds(OPTIONS.grid, 5, seed=1)
    assert worlds == held_out_worlds(OPTIONS.grid, 5, seed=1) != held_out_worlds(OPTIONS.grid, 5, seed=2)
    assert all(50 <= world.labels <= 300 and 0 <= world.misconceptions <= 0.2 for world in worlds)
    assert not set(worlds) & set(worlds_of(OPTIONS.grid))


def test_a_hand_writes_step_by_step_what_it_would_write_at_once_and_goes_on_from_any_prefix() -> None:
    generator, ledger = HandGenerator(MapWorld(1, 0, 0, 0, 2).habits), Ledger()
    prompt = generator.encode_prompt(problem())
    [whole] = generator.generate([Request(prompt, 5)], SAMPLING, "solution", ledger)
    assert whole.ended == "solution" and whole.tokens[-1] == END
    assert (
        whole.step_ends == tuple(range(len(whole.tokens) - 1)) and generator.decode(whole.tokens).count("Answer") == 1
    )
    prefix = prompt
    for seed in range(40):
        [step] = generator.generate([Request(prefix, seed)], SAMPLING, "step", ledger)
        prefix += step.tokens
        if step.ended == "solution":
            break
    steps = generator.decode(prefix[1:]).split("\n")
    assert step.tokens == (END,) and NEGATIVE not in rate_steps(problem(), steps) and steps[-1].startswith("Answer")


def test_a_solution_that_is_too_long_is_cut_off() -> None:
    generator = HandGenerator(WORLD.habits)
    [cut] = generator.generate(
        [Request(generator.encode_prompt(problem()), 1)], Sampling(max_new_tokens=1), "solution", Ledger()
    )
    assert cut.ended == "length" and len(cut.tokens) == 1


def test_a_prm_of_many_labels_tells_wrong_steps_better_than_one_of_flipped_labels() -> None:
    def gap(labels: int, flipped: float) -> float:
        world = MapWorld(labels, flipped, 2.0, 0.2, 1)
        prm, rng, right, wrong = learn_prm(world, 0), Random(9), list[float](), list[float]()
        for seed in range(60):
            text = draw_problem(world, rng)
            generator = HandGenerator(world.habits)
            prompt = generator.encode_prompt(text)
            [one] = generator.generate([Request(prompt, seed)], SAMPLING, "solution", Ledger())
            steps = tuple(generator.decode(one.tokens).split("\n"))
            [scores] = prm.score([Trajectory(text, steps)], Ledger())
            assert len(scores.negative) == len(steps) and (scores.negative >= 0).all() and (scores.negative <= 1).all()
            for rating, negative in zip(rate_steps(text, steps), scores.negative, strict=False):
                (wrong if rating == NEGATIVE else right).append(float(negative))
        return float(np.mean(wrong) - np.mean(right))

    assert gap(4000, 0.0) > 0.1 and gap(4000, 0.0) > gap(4000, 0.45)


def test_labels_of_one_kind_alone_make_a_prm_that_says_the_same_of_every_step() -> None:
    prm = learn_prm(MapWorld(3, 0.0, 0.0, 0.0, 1), 0)
    [scores] = prm.score([Trajectory(problem(), ("nonsense", "Answer: 1"))], Ledger())
    assert scores.negative.tolist() == [0, 0]
    assert [len(one.negative) for one in prm.score([Trajectory(problem(), ())], Ledger())] == [0]


def test_a_reviser_that_notices_all_and_sees_no_ghosts_repairs_every_attempt_in_the_end() -> None:
    sharp = OPTIONS.model_copy(update={"notices": 1.0, "false_alarms": 0.0, "attempts": 30})
    blind = OPTIONS.model_copy(update={"notices": 0.0, "false_alarms": 0.0})
    for seed in range(5):
        attempts = revise(problem(), WORLD, sharp, Random(seed))
        assert len(attempts) == 30 and NEGATIVE not in rate_steps(problem(), attempts[-1])
        assert len(set(revise(problem(), WORLD, blind, Random(seed)))) == 1


def test_a_world_is_measured_for_every_strategy_budget_and_problem_and_the_same_again() -> None:
    rows = measure_world(WORLD, OPTIONS, 0).table
    assert len(rows) == len(STRATEGIES) * 2 * 5 and set(rows["strategy"]) == set(STRATEGIES)
    assert rows.equals(measure_world(WORLD, OPTIONS, 0).table)
    check(rows.assign(held_out=False), OUTCOMES)


def test_the_map_has_a_winner_for_every_world_a_rule_and_tests_of_it() -> None:
    import pandas as pd

    from stepscale.pipelines.world_map.nodes import explore_worlds
    from stepscale.studies.world_map.figures import map_part

    plan = explore_worlds(OPTIONS, 0)
    assert len({piece.recipe.key for piece in plan.pieces}) == len(plan.pieces) == 6
    assert isinstance(plan.pieces[0].recipe, Recipe)
    outcomes = pd.concat([piece.make().table for piece in plan.pieces], ignore_index=True)
    tables = measure_map(outcomes, OPTIONS, 100, 0)
    for name, table in tables.items():
        check(table, TABLES[name])
    assert len(tables["winners"]) == 4 * 2 and (tables["winners"]["lead"] >= 0).all()
    ideal = tables["tests"].set_index("against").loc["the best strategy of each world"]
    assert len(ideal) == 3 and (ideal["difference"] <= 0).all() and (ideal["n_worlds"] == 2).all()
    assert not set(tables["rule"].query("among == 'without a reviser'")["strategy"]) & {"revisions"}
    part = map_part(tables, {})
    counts = part.tables[0].rows[0]
    assert counts["worlds"] == "4" and sum(int(v) for k, v in counts.items() if k.endswith(("pays", "enough"))) == 4
    assert counts["majority is enough"] == "4" and not tables["winners"]["over_optimizes"].any(), (
        "5 problems settle nothing"
    )
    assert len(part.figures) == 1 and len(part.tables[1].rows) == 4 and "Rules of thumb" in part.text


def test_the_rule_that_samples_can_tell_is_tried_on_them() -> None:
    import pandas as pd

    rule = pd.DataFrame(
        {
            "node": [0, 1, 2],
            "feature": ["auroc", None, None],
            "threshold": [0.7, np.nan, np.nan],
            "left": [1, -1, -1],
            "right": [2, -1, -1],
            "strategy": ["best-of-N weighted", "majority", "best-of-N weighted"],
            "among": ["votes and best-of-N"] * 3,
            "n_cases": [2, 1, 1],
        }
    )
    rng = np.random.default_rng(0)
    rows = [
        {
            "problem_id": f"p{i}",
            "sample_id": j,
            "answer": "1" if right else str(2 + j),
            "is_correct": right,
            "score": 0.9 if right else 0.1,
            "search_score": 0.5,
            "n_steps": 3,
        }
        for i in range(6)
        for j, right in enumerate(rng.random(8) < 0.4)
    ]
    samples = pd.DataFrame(rows).astype({"is_correct": "boolean"})
    tests = check(rule_on_samples(rule, samples, [4, 64], 100, 0)["tests"], TESTS).set_index("against")
    assert tests.loc["best-of-N weighted", "difference"] == 0
    assert rule_on_samples(rule, samples.assign(score=pd.NA), [4], 100, 0) == {}
    assert rule_on_samples(rule, samples, [64], 100, 0) == {}


def test_budgets_that_make_no_whole_chains_are_refused() -> None:
    with pytest.raises(ValidationError, match="not a multiple of attempts"):
        WorldMapBlock.model_validate(OPTIONS.model_dump() | {"budgets": [2, 4]})


@pytest.mark.parametrize("right", [[1, 1, 1], [0, 0, 0], []])
def test_solutions_of_one_kind_are_told_apart_no_better_than_by_chance(right: list[int]) -> None:
    assert solution_auroc(np.linspace(0, 1, len(right)), np.array(right, float)) == 0.5
