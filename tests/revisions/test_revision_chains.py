"""Chains, their selection and the grid of ratios, on a generator whose every answer is known."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_fakes import END, FakeGenerator, FakeVerifier, some_problems, uniform

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.estimators.compute_optimal import compute_optimal
from stepscale.estimators.strategy_results import strategy_results
from stepscale.generation.contract import Sampling
from stepscale.revisions.chain_selection import flat, hierarchical
from stepscale.revisions.chains import Attempt, ProblemChains, run_chains, score_chains
from stepscale.revisions.grid import pool_lengths, ratio_results, split_name, splits
from stepscale.revisions.prompt import RevisionLayout
from stepscale.revisions.search import search_revisions
from stepscale.revisions.table import chains_table
from stepscale.search.beam import Beam
from stepscale.search.results import Candidate, Problem

LAYOUT = RevisionLayout(attempt="[{attempt}]\n", ask="?")
SAMPLING = Sampling(max_new_tokens=60)


def counting(fails=()) -> FakeGenerator:
    """Says how many attempts it was shown and the last of these: "2 after 1"; cut off where ``fails`` says so."""

    def say(text: str, number: int, seed: int, temperature: float) -> str:
        n = text.count("[")
        if (n, number) in fails:
            return "x" * 100
        return f"so\n\\boxed{{{n}}}{END}"

    return FakeGenerator(say)


def hashed(world: int = 0) -> FakeGenerator:
    def say(text: str, number: int, seed: int, temperature: float) -> str:
        return f"\\boxed{{{int(3 * uniform(world, text, seed))}}}{END}"

    return FakeGenerator(say)


def run(generator, lengths, n=2, layout=LAYOUT, **options):
    ledger = Ledger()
    got = run_chains(some_problems(n), generator, lengths, layout, SAMPLING, run_seed=0, ledger=ledger, **options)
    return got, ledger


def test_a_chain_goes_beyond_the_context_with_the_latest_attempts_in_it() -> None:
    [chains], _ = run(counting(), [7], n=1)
    [chain] = chains.chains
    assert [attempt.context for attempt in chain] == [
        (),
        (0,),
        (0, 1),
        (0, 1, 2),
        (0, 1, 2, 3),
        (1, 2, 3, 4),
        (2, 3, 4, 5),
    ]
    assert chain[0].prompt == "problem 0"
    assert chain[2].prompt == "problem 0\n[so\n\\boxed{0}]\n[so\n\\boxed{1}]\n?"
    assert [attempt.candidate.answer for attempt in chain] == ["0", "1", "2", "3", "4", "4", "4"]
    assert [attempt.candidate.slot for attempt in chain] == list(range(7))


def test_all_chains_of_all_problems_take_a_position_in_one_call() -> None:
    generator = counting()
    run(generator, [4, 2, 1], n=3)
    assert [len(requests) for _, _, requests in generator.calls] == [9, 6, 3, 3]
    seeds = [request.seed for _, _, requests in generator.calls for request in requests]
    assert len(set(seeds)) == len(seeds)


def test_a_cut_off_attempt_stays_in_its_chain_and_is_not_shown() -> None:
    [chains], _ = run(counting(fails={(1, 0)}), [4], n=1)
    [chain] = chains.chains
    assert [attempt.candidate.finish for attempt in chain] == ["solution", "length", "length", "length"]
    assert [attempt.context for attempt in chain] == [(), (0,), (0,), (0,)]
    assert chain[1].candidate.answer is None


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 50))
def test_the_beginning_of_a_chain_is_the_shorter_chain_whatever_is_beside_it(lengths, world) -> None:
    long, _ = run(hashed(world), [5] * len(lengths), n=3)
    short, _ = run(hashed(world), lengths, n=3, problems_at_once=1)
    for a, b in zip(long, short, strict=True):
        for chain, (whole, part) in enumerate(zip(a.chains, b.chains, strict=True)):
            assert [x.candidate for x in whole[: lengths[chain]]] == [x.candidate for x in part]
            assert [x.prompt for x in whole[: lengths[chain]]] == [x.prompt for x in part]


def test_every_token_is_counted_once_in_the_attempts_the_problems_and_the_whole() -> None:
    verifier = FakeVerifier(lambda problem, steps: 0.5)
    generator = hashed()
    got, ledger = run(generator, [4, 2, 2], n=3)
    got = score_chains(got, generator, verifier, True, "last", ledger)
    table = chains_table(got, "gen")
    assert ledger.tokens == table["tokens_computed"].sum() == sum(chains.ledger.tokens for chains in got)
    assert ledger.flops() == pytest.approx(table["flops"].sum())
    assert set(ledger.models) == {"gen", "prm"}
    assert (table["tokens_computed"] > 0).all()
    read = sum(cost.verify for cost in ledger.models.values())
    assert table["tokens_computed"].sum() - table["generator_tokens"].sum() == read > 0


def test_the_verifier_reads_the_history_or_only_the_problem() -> None:
    for history in (True, False):
        verifier = FakeVerifier(lambda problem, steps: 0.25)
        got, ledger = run(counting(fails={(2, 0)}), [4], n=1)
        scored = score_chains(got, counting(), verifier, history, "last", ledger)
        read = [trajectory.problem for trajectory in verifier.calls[0]]
        assert read == [a.prompt if history else "problem 0" for a in got[0].chains[0][:2]]
        scores = [attempt.candidate.score for attempt in scored[0].chains[0]]
        assert scores == [0.25, 0.25, None, None]


@pytest.mark.parametrize(("how", "score"), [("last", 0.9), ("product", 0.36), ("min", 0.4)])
def test_attempts_are_scored_by_the_aggregation_asked_for(how, score) -> None:
    verifier = FakeVerifier(lambda problem, steps: 0.9 if len(steps) > 1 else 0.4)
    steps = ("half", "\\boxed{1}")
    candidate = Candidate(
        slot=0,
        subtree=0,
        steps=steps,
        tokens=(1, 2),
        step_ends=(0, 1),
        finish="solution",
        answer="1",
        step_scores=(),
        score=None,
        mean_logprob=None,
    )
    chains = ProblemChains(Problem("p", "problem"), ((Attempt("problem", (1,), (), candidate, Ledger()),),))
    [scored] = score_chains([chains], counting(), verifier, False, how, Ledger())
    assert scored.chains[0][0].candidate.score == pytest.approx(score)


def test_the_table_is_a_solutions_table_with_a_row_an_attempt() -> None:
    from stepscale.formats import tables

    got, _ = run(counting(), [3, 1])
    table = tables.solutions(chains_table(got, "gen"))
    assert list(table["sample_id"]) == [0, 1, 2, 3] * 2
    assert list(table["chain"]) == [0, 0, 0, 1] * 2 and list(table["position"]) == [0, 1, 2, 0] * 2
    assert list(table["context"].iloc[2]) == [0, 1]


def test_mistakes_are_told() -> None:
    with pytest.raises(InputError, match="lengths of 1 or more"):
        run(counting(), [])
    twice = [*some_problems(1), *some_problems(1)]
    with pytest.raises(InputError, match="same problem_id"):
        run_chains(twice, counting(), [1], LAYOUT, SAMPLING, run_seed=0, ledger=Ledger())


def attempt_of(answer: str | None, score: float | None, finish: str = "solution") -> Candidate:
    return Candidate(0, 0, ("x",), (), (), finish, answer, (), score, None)  # type: ignore[arg-type]


def test_hierarchical_selection_by_hand() -> None:
    chains = [
        [
            attempt_of("7", 0.4),
            attempt_of("7", 0.3),
            attempt_of("5", 0.6),
        ],  # 7 has 0.7 against 0.6, and stands with 0.4
        [attempt_of("5", 0.9), attempt_of("2", 0.1)],  # 5 stands with 0.9
        [attempt_of("7", 0.45)],  # 7 stands with 0.45
    ]
    won = hierarchical(chains, 0)
    assert (won.answer, won.chain, won.position) == ("5", 1, 0)  # 0.9 against 0.4 + 0.45
    assert won.confidence == pytest.approx(0.9 / 1.75)
    pooled = flat(chains, "majority", 0)
    assert (pooled.answer, pooled.confidence) == ("7", pytest.approx(0.5))
    assert (pooled.chain, pooled.position) == (2, 0)  # the best-scored of the answer
    assert flat(chains, "weighted", 0).answer == "5"  # 1.5 against 1.15


def test_hierarchical_and_flat_are_the_same_for_chains_of_one() -> None:
    rng = np.random.default_rng(0)
    for seed in range(50):
        chains = [[attempt_of(str(rng.integers(3)), float(rng.random()))] for _ in range(6)]
        assert hierarchical(chains, seed).answer == flat(chains, "weighted", seed).answer


def test_cut_off_and_unanswered_attempts_never_win() -> None:
    chains = [[attempt_of("1", 0.9, "length"), attempt_of(None, 0.8)], [attempt_of("3", 0.1)], []]
    assert hierarchical(chains, 0).answer == "3"
    assert hierarchical([[attempt_of(None, 0.9)], []], 0).answer is None
    assert flat([[attempt_of(None, 0.9)]], "majority", 0).answer is None


def test_splits_of_a_budget_and_the_pool_that_holds_them() -> None:
    assert splits(4) == [(1, 4), (2, 2), (4, 1)]
    assert pool_lengths(8) == [8, 4, 2, 2, 1, 1, 1, 1]
    for budget in (1, 2, 16, 64):
        lengths = pool_lengths(budget)
        assert sum(lengths) == budget * (1 + np.log2(budget) / 2)
        for sequential, parallel in splits(budget):
            assert sum(length >= sequential for length in lengths) >= parallel
    assert [split_name(*s) for s in splits(16)] == ["parallel", "1:4", "1:1", "4:1", "sequential"]
    with pytest.raises(InputError, match="a power of 2, not 6"):
        splits(6)


def pool(n_problems: int, budget: int, right) -> pd.DataFrame:
    """A graded, scored table; ``right(problem, chain, position)``. Wrong answers score less and differ; nothing is shared."""
    all_rows = []
    for i in range(n_problems):
        rows: list[dict[str, Any]] = []
        for chain, length in enumerate(pool_lengths(budget)):
            for position in range(length):
                good = bool(right(i, chain, position))
                rows.append(
                    {
                        "problem_id": f"p{i}",
                        "chain": chain,
                        "position": position,
                        "steps": ["x"],
                        "finish": "solution",
                        "answer": "1" if good else f"w{chain}-{position}",
                        "is_correct": good,
                        "score": 0.9 if good else 0.2,
                        "tokens_computed": 5,
                        "flops": 70.0,
                        "generator_tokens": 3,
                        "generator_flops": 30.0,  # by the pool's ledger
                        "write_place": len(rows),
                        "write_tokens": 6 + position,
                        "write_shared": 0,
                        "read_place": len(rows),
                        "read_tokens": 4,
                        "read_shared": 0,
                    }
                )
        all_rows += rows
    return pd.DataFrame(all_rows)


def test_ratios_by_hand() -> None:
    table = ratio_results(pool(1, 4, lambda i, chain, position: position == 2), [1, 2, 4])
    by = {(row.budget, row.strategy): row for row in table.itertuples()}
    assert by[4, "sequential"].accuracy == 1.0  # only the third attempt of a chain is right
    assert by[4, "parallel"].accuracy == by[4, "1:1"].accuracy == by[2, "sequential"].accuracy == 0.0
    assert by[1, "parallel"].groups == 4 and by[2, "sequential"].groups == 2 and by[4, "sequential"].groups == 1
    assert by[4, "sequential"].tokens == 10 + 11 + 12 + 13 and by[4, "1:1"].tokens == 2 * (10 + 11)
    assert by[4, "parallel"].flops == 4 * (60 + 80) and by[4, "parallel"].generator_flops == 240


def test_a_vote_does_not_pay_for_a_verifier() -> None:
    table = ratio_results(pool(1, 4, lambda i, chain, position: position == 2), [4], "majority").set_index("strategy")
    assert table.loc["parallel", ["tokens", "flops", "generator_flops"]].tolist() == [4 * 6, 240, 240]


def test_smaller_budgets_are_averaged_over_disjoint_groups() -> None:
    table = ratio_results(pool(1, 4, lambda i, chain, position: chain == 3), [1, 2, 4])
    by = {(row.budget, row.strategy): row.accuracy for row in table.itertuples()}
    assert by[1, "parallel"] == 0.25  # one of four chains
    assert by[2, "parallel"] == 0.5  # one of two pairs
    assert by[4, "parallel"] == 1.0


def test_majority_is_flat_over_all_attempts() -> None:
    chains = pool(1, 4, lambda i, chain, position: chain == 1)  # two right attempts, in one chain of two
    by = {(r.budget, r.strategy): r.accuracy for r in ratio_results(chains, [4], "majority").itertuples()}
    assert by[4, "1:1"] == 1.0  # 2 votes of 4 against singles


def test_ratios_feed_the_compute_optimal_policy() -> None:
    chains = pool(20, 4, lambda i, chain, position: position == 3 if i < 10 else chain == 3)
    results = strategy_results(ratio_results(chains, [1, 2, 4]), ["tokens", "flops"])
    got = compute_optimal(results, np.repeat([1, 2], 10))
    at_four = got.chosen[got.chosen["budget"] == 4]
    assert list(at_four["strategy"]) == ["sequential", "sequential", "parallel", "parallel"]
    assert got.curve.accuracy[-1] == 1.0
    assert results.curve("parallel").accuracy[-1] == 0.5


def test_a_pool_that_is_too_small_or_not_graded_is_refused() -> None:
    chains = pool(1, 4, lambda *_: True)
    with pytest.raises(InputError, match="no 8 chains of 1 attempts; sample longer chains"):
        ratio_results(chains, [8])
    with pytest.raises(InputError, match="graded"):
        ratio_results(chains.assign(is_correct=None), [4])


@pytest.mark.parametrize("history", [True, False])
def test_search_goes_on_after_a_chain_and_pays_for_both(history: bool) -> None:
    verifier = FakeVerifier(lambda problem, steps: 0.5)
    generator = counting()
    got, chain_ledger = run(generator, [2], n=2)
    ledger = Ledger()
    results = search_revisions(
        got, generator, verifier, Beam(n=4, width=2), LAYOUT, SAMPLING, history=history, run_seed=0, ledger=ledger
    )
    assert [result.answer for result in results] == ["2", "2"]  # every candidate saw both attempts
    assert all(result.budget == 4 + 2 and result.strategy.endswith("after=2") for result in results)
    assert sum(result.ledger.tokens for result in results) == chain_ledger.tokens + ledger.tokens
    read = {trajectory.problem for call in verifier.calls for trajectory in call}
    earlier_attempts = "\n[so\n\\boxed{0}]\n[so\n\\boxed{1}]\n?"
    assert read == {f"problem {i}{earlier_attempts if history else ''}" for i in range(2)}


def test_search_over_revisions_needs_one_chain_a_problem() -> None:
    got, _ = run(counting(), [1, 1])
    with pytest.raises(InputError, match="one chain per problem, not 2"):
        search_revisions(
            got,
            counting(),
            FakeVerifier(lambda *_: 0.5),
            Beam(n=2, width=2),
            LAYOUT,
            SAMPLING,
            history=True,
            run_seed=0,
            ledger=Ledger(),
        )
