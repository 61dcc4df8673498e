"""The rule of thumb on given scored samples: what it advises for each verifier there, and what the advice is worth.

Samples tell votes and best-of-N alone, so it is the rule among these. Beam search and revisions would have to be run.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from stepscale.formats.contract import Tables
from stepscale.formats.graded import graded
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.grading import Rules
from stepscale.studies.samples.scored_selections import judges_steps
from stepscale.studies.strategies.samples import tabulate_samples
from stepscale.studies.world_map.measure import advised, rule_on_samples
from stepscale.verifiers.aggregation import Aggregation, ScoreAggregation


@dataclass(frozen=True)
class Tried:
    """The rule tried with one verifier's scores.

    Attributes:
        verifier: Its name.
        case: What the rule asks for, by feature.
        chosen: The strategy that it advises, by N.
        tests: As ``TESTS`` declares them: the rule's accuracy less that of each strategy; no rows where N is above the samples.
    """

    verifier: str
    case: dict[str, float]
    chosen: dict[int, str]
    tests: pd.DataFrame


def try_on_given(
    rule: pd.DataFrame,
    tables: Tables,
    budgets: tuple[int, ...],
    aggregation: Aggregation,
    rules: Rules,
    resamples: int,
    seed: int,
) -> Iterator[Tried]:
    """The rule with each verifier of steps that scored the samples.

    Args:
        rule: ``RULE``, fitted on the grid.
        tables: Problems, samples and scores.
        budgets: N; those above the samples are left out.
        aggregation: Step scores to a solution's score.
        rules: Grading rules.
        resamples: Bootstrap resamples of problems.
        seed: Of the resamples.
    """
    score_aggregation = ScoreAggregation(aggregation, "positive")
    problems, solutions = tables.problems.assign(split="test"), graded(tables.problems, tables.solutions, rules)
    for verifier in judges_steps(tables.scores):
        scores = tables.scores[tables.scores["verifier"] == verifier].assign(verifier="prm")
        samples = tabulate_samples(problems, solutions, scores, score_aggregation, score_aggregation, rules)
        lengths = scores.assign(n_steps=scores["negative"].map(len))[["problem_id", "sample_id", "n_steps"]]
        with_steps = samples.merge(lengths, on=SOLUTION_KEY, how="left")
        case, chosen = advised(rule, with_steps, budgets)
        tests = rule_on_samples(rule, with_steps, budgets, resamples, seed).get("tests", pd.DataFrame())
        yield Tried(verifier, case, chosen, tests)
