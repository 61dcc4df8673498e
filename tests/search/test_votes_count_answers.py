"""Votes count answers, not spellings, by the grading rules of the run: in searches, in chains, in what is made of samples."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from search_fakes import FakeGenerator, scripted, some_problems, valued

from stepscale.estimators.online_policy import Action, OnlinePolicy
from stepscale.generation.contract import Sampling
from stepscale.parameters import ReportBlock, SearchBlock
from stepscale.revisions.chain_selection import flat, hierarchical
from stepscale.revisions.grid import pool_lengths, ratio_results
from stepscale.search.answer_selection import choose
from stepscale.search.methods import read_options, search
from stepscale.search.online import search_online
from stepscale.search.results import Candidate
from stepscale.studies.best_of_n.measure import score_splits
from stepscale.studies.strategies.samples import SEARCH, scored_grid, tabulate_samples

HALVES = ("\\frac{1}{2}", "1/2", "0.5")  # one answer by any rules
PERCENT = ("50\\%", "0.5")  # one answer by the lenient rules alone
SAMPLING = Sampling(max_new_tokens=100)
COUNTS = {"per_problem": 4, "problems_per_shard": 10}


def candidates(*answers: str) -> list[Candidate]:
    return [
        Candidate(slot, 0, ("x",), (), (), "solution", answer, (), 0.5 + slot / 100, None)
        for slot, answer in enumerate(answers)
    ]


@pytest.mark.parametrize("how", ["majority", "weighted"])
@pytest.mark.parametrize("seed", range(5))
def test_three_spellings_of_a_half_outvote_two_of_seven(how, seed) -> None:
    choice = choose(candidates("7", "7", *HALVES), how, seed)
    assert (choice.answer, choice.candidate) == ("0.5", 4)
    assert choice.confidence == pytest.approx(0.6, abs=0.02)


def test_huge_scores_choose_as_small_ones_do() -> None:
    small = candidates("7", "7", "8")
    huge = [replace(candidate, score=candidate.score * 1.7e308) for candidate in small]
    assert choose(huge, "weighted", 0) == replace(choose(small, "weighted", 0), confidence=pytest.approx(1.01 / 1.53))


def test_the_rules_of_the_run_decide_which_answers_are_one() -> None:
    pool = candidates("7", "7", *PERCENT, "0.5")
    assert choose(pool, "majority", 0, "lenient").confidence == pytest.approx(0.6)
    assert choose(pool, "majority", 0, "prm800k").confidence == pytest.approx(0.4)
    assert choose(candidates("7", "7", *HALVES), "majority", 0, rules=None).answer == "7"


def test_searches_and_the_online_policy_vote_by_the_rules_that_they_are_given() -> None:
    lines = {"": [f"{i}\n\\boxed{{{answer}}}$" for i, answer in enumerate(("7", "7", "0.5", "0.5", "50\\%"))]}
    options = read_options({"method": "majority", "n": 5})
    for rules, confidence in (("lenient", 0.6), ("prm800k", 0.4)):
        [result] = search(
            some_problems(1), FakeGenerator(scripted(lines)), None, options, SAMPLING, run_seed=0, rules=rules
        )
        assert result.confidence == pytest.approx(confidence)
    scores = {str(i): 0.5 for i in range(5)} | {"\\boxed{7}": 0.5, "\\boxed{0.5}": 0.5, "\\boxed{50\\%}": 0.5}
    policy = OnlinePolicy(probes=5, sure=2.0, borders=(), actions=(Action(samples=5),))
    for rules, confidence in (("lenient", 0.3), ("prm800k", 0.2)):
        generator = FakeGenerator(scripted(lines))
        [result] = search_online(
            some_problems(1), generator, valued(scores), policy, {}, SAMPLING, run_seed=0, rules=rules
        )
        assert result.confidence == pytest.approx(confidence)


def test_chains_of_revisions_vote_by_answers() -> None:
    chains = [candidates("7"), candidates("7"), *(candidates(half) for half in HALVES)]
    assert flat(chains, "majority", 0).answer in HALVES
    assert hierarchical(chains, 0).answer in HALVES


def test_ratios_of_revisions_vote_by_the_rules_of_the_run() -> None:
    places = [(chain, position) for chain, length in enumerate(pool_lengths(4)) for position in range(length)]
    answers = ["7", "7", "0.5", "50\\%"]  # of the first attempts
    rows = [
        {
            "problem_id": "p",
            "chain": chain,
            "position": position,
            "steps": ["x"],
            "finish": "solution",
            "answer": "9" if position else answers[chain],
            "is_correct": not position and chain > 1,
            "score": 0.6 if chain > 1 else 0.5,
            "tokens_computed": 5,
            "flops": 70.0,
            "generator_tokens": 3,
            "generator_flops": 30.0,
            **dict.fromkeys(("write_place", "read_place"), place),
            **dict.fromkeys(("write_tokens", "read_tokens"), 4),
            **dict.fromkeys(("write_shared", "read_shared"), 0),
        }
        for place, (chain, position) in enumerate(places)
    ]
    for rules, accuracy in (("lenient", 1.0), ("prm800k", 0.0)):
        table = ratio_results(pd.DataFrame(rows), [4], rules=rules).set_index("strategy")
        assert table.loc["parallel", "accuracy"] == accuracy


def recorded() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Ten problems of four samples, two of which are one answer by the lenient rules."""
    key = pd.DataFrame([(f"p{i}", k) for i in range(10) for k in range(4)], columns=["problem_id", "sample_id"])
    problems = pd.DataFrame({"problem_id": key["problem_id"].unique(), "problem": "?", "answer": "0.5", "level": 1})
    solutions = key.assign(
        steps=[["a"]] * len(key),
        answer=["7", "8", *PERCENT] * 10,
        is_correct=[False, False, True, True] * 10,
        finish="solution",
        mean_logprob=-1.0,
    )
    prm, orm = (
        key.assign(verifier=name, negative=[[0.5]] * len(key), neutral=[[0.0]] * len(key)) for name in ("prm", "orm")
    )
    return problems.assign(split="test"), solutions, prm, orm


@pytest.mark.parametrize(("rules", "n_answers"), [("lenient", 3), ("prm800k", 4)])
def test_recorded_samples_vote_by_the_rules_of_the_run(rules, n_answers) -> None:
    problems, solutions, prm, orm = recorded()
    block = SearchBlock.model_validate({"samples": COUNTS, "heldout_samples": COUNTS, "grading_rules": rules})
    report = ReportBlock(budgets=(1, 2, 4), bootstrap=100)
    of_splits = score_splits(problems, solutions, prm, orm, report, block)["test"].grid
    table = tabulate_samples(
        problems, solutions, prm, report.score_aggregation, report.score_aggregation, block.grading_rules
    )
    of_studies = scored_grid(table, list(problems["problem_id"]), SEARCH).grid
    for grid in (of_splits, of_studies):
        assert {len(set(row)) for row in np.asarray(grid.answers)} == {n_answers}
