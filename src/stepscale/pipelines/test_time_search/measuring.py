"""Search against the PRM: accuracy of every strategy at every budget, tables, claims B1-B3, and its part of the report."""

import pandas as pd
from kedro.pipeline import Node

from stepscale.parameters import ReportBlock, SearchBlock, SearchSettings
from stepscale.pipelines.curve_logging import log_search_curves
from stepscale.search.plan import SearchPlan
from stepscale.studies.difficulty.measure import measure_difficulty
from stepscale.studies.search.figures import methods_part, search_part
from stepscale.studies.search.later_methods import compare_methods
from stepscale.studies.search.measure import measure_online_policy, measure_search
from stepscale.studies.search.signs import measure_signs
from stepscale.studies.strategies.accuracy import results_of, search_accuracy, searched_budgets
from stepscale.studies.strategies.samples import SEARCH, scored_grid
from stepscale.studies.strategies.samples import tabulate_samples as scored_samples_table

_HOW = {"config": "params:report", "seed": "params:seed"}
_PLAN = {"plan": "params:tree_search"}


def nodes() -> list[Node]:
    """Tabulate, measure, log and show."""
    return [
        *_tabulate(),
        *_measure(),
        Node(log_search_curves, inputs={"tables": "search_tables"}, outputs=None, name="log_search_curves"),
        Node(
            search_part,
            inputs={
                "tables": "search_tables",
                "online": "online_policy",
                "signs": "search_signs",
                "difficulty": "search_difficulty_tables",
                "claims": "search_claims",
                **_PLAN,
            },
            outputs="search_part",
            name="show_search",
        ),
        Node(
            methods_part,
            inputs={"comparison": "method_comparison"},
            outputs="later_methods_part",
            name="show_later_methods",
        ),
    ]


def _tabulate() -> list[Node]:
    return [
        Node(
            tabulate_samples,
            inputs={
                "problems": "test_problems",
                "solutions": "test_solutions",
                "prm_scores": "prm_scores",
                "config": "params:report",
                "search": "params:search",
                **_PLAN,
            },
            outputs="scored_samples",
            name="tabulate_samples",
        ),
        Node(
            tabulate_searches,
            inputs={"samples": "scored_samples", "searches": "search_results", "costs": "sample_costs", **_PLAN},
            outputs="search_accuracy",
            name="tabulate_searches",
        ),
    ]


def _measure() -> list[Node]:
    measured = {"samples": "scored_samples", "accuracy": "search_accuracy"}
    return [
        Node(
            measure_search,
            inputs={**measured, **_PLAN, **_HOW},
            outputs={"tables": "search_tables", "claims": "search_claims"},
            name="measure_search",
        ),
        Node(
            compare_online_policy,
            inputs={**measured, "candidates": "search_candidates", "settings": "params:search_settings"},
            outputs="online_policy",
            name="measure_online_policy",
        ),
        Node(
            measure_signs,
            inputs={
                "solutions": "test_solutions",
                "samples": "scored_samples",
                "candidates": "search_candidates",
                **_PLAN,
                **_HOW,
            },
            outputs="search_signs",
            name="measure_signs",
        ),
        Node(
            compare_methods,
            inputs={**measured, "solutions": "test_solutions", **_HOW},
            outputs="method_comparison",
            name="compare_methods",
        ),
        Node(
            measure_search_difficulty,
            inputs={**measured, "question": "question_difficulty", **_HOW},
            outputs="search_difficulty_tables",
            name="measure_search_difficulty",
        ),
    ]


def tabulate_samples(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    config: ReportBlock,
    search: SearchBlock,
    plan: SearchPlan,
) -> pd.DataFrame:
    """The scored samples of the test problems, by the report's aggregation and by the searches'; other studies read it too.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        prm_scores: Step scores of the PRM, a row per sample.
        config: How step scores become one score in the report.
        search: The grading rules.
        plan: How step scores become one score in searches.
    """
    return scored_samples_table(
        problems, solutions, prm_scores, config.score_aggregation, plan.score_aggregation, search.grading_rules
    )


def tabulate_searches(
    samples: pd.DataFrame, searches: pd.DataFrame, costs: pd.DataFrame, plan: SearchPlan
) -> pd.DataFrame:
    """Accuracy of every search, best-of-N and vote at every budget, problem by problem.

    Args:
        samples: Samples, a row per sample.
        searches: Results of the searches, a row per problem and search.
        costs: What N samples cost, a row per problem and N.
        plan: Which searches were run.
    """
    scored = scored_grid(samples, list(searches["problem_id"].unique()), SEARCH)
    return search_accuracy(scored, searches, costs, plan)


def compare_online_policy(
    samples: pd.DataFrame,
    accuracy: pd.DataFrame,
    candidates: pd.DataFrame,
    settings: SearchSettings,
) -> pd.DataFrame:
    """The policy that pays for its probes beside the others, with the run's grading rules.

    Args:
        samples: Samples, a row per sample.
        accuracy: Accuracy of every strategy at every budget, a row per problem.
        candidates: Candidates of the searches, a row per candidate.
        settings: Searches, grading rules, budgets, resamples, and the seed.
    """
    plan, report, rules = settings.tree_search, settings.report, settings.search.grading_rules
    return measure_online_policy(samples, accuracy, candidates, plan, report, settings.seed, rules)


def measure_search_difficulty(
    samples: pd.DataFrame, accuracy: pd.DataFrame, question: pd.DataFrame, config: ReportBlock, seed: int
) -> dict[str, pd.DataFrame]:
    """Ways to estimate difficulty, by what a search for each bin is worth.

    Args:
        samples: Scored samples of the test problems.
        accuracy: Accuracy of every strategy at every budget, a row per problem.
        question: Easiness that is predicted from each problem's text.
        config: Resamples, and how many probes are drawn.
        seed: Decides bins and resamples.
    """
    results = results_of(searched_budgets(accuracy))
    return measure_difficulty(results, scored_grid(samples, results.ids, SEARCH), question, config, seed)
