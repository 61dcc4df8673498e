"""What holds for any generator, verifier and options: budgets, slots, exact counts, independence of the batch."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_fakes import FakeGenerator, FakeVerifier, random_generator, random_verifier, some_problems

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Sampling
from stepscale.search.metering import apportion
from stepscale.search.methods import read_options, search
from stepscale.search.results import Problem, SearchResult
from stepscale.search.table import candidates_table, results_table, search_candidates, search_results
from stepscale.verifiers.aggregation import aggregate
from stepscale.verifiers.contract import StepScores

trees = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["beam", "lookahead", "dvts"]),
        "n": st.integers(1, 13),
        "width": st.one_of(st.just("sqrt"), st.integers(1, 6)),
        "rounds": st.integers(1, 6),
        "k": st.integers(0, 3),
        "aggregation": st.sampled_from(["last", "min", "product", "mean"]),
        "choose": st.sampled_from(["best", "weighted", "majority"]),
        "filter_duplicates": st.booleans(),
    }
)
worlds = st.integers(0, 10**6)


def options_of(options: dict):
    if options["method"] == "beam":
        options = {name: value for name, value in options.items() if name != "k"}
    elif options["method"] == "lookahead":
        options = {**options, "k": max(1, options["k"])}
    return read_options(options)


def find(options, world: int, problems: int = 2, p_long: float = 0.1, ledger: Ledger | None = None, at_once: int = 64):
    generator, verifier = random_generator(world, p_long=p_long), random_verifier(world)
    results = search(
        some_problems(problems),
        generator,
        verifier,
        options,
        Sampling(max_new_tokens=60),
        run_seed=world,
        ledger=ledger or Ledger(),
        problems_at_once=at_once,
    )
    return results, generator, verifier


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"method": "beam", "n": 16, "width": "sqrt"}, {"method": "beam", "n": 16, "width": 4}),
        ({"method": "dvts", "n": 4, "width": 4}, {"method": "beam", "n": 4, "width": 4}),
        ({"method": "dvts", "n": 3, "width": 5}, {"method": "beam", "n": 3, "width": 4}),
        ({"method": "lookahead", "n": 2, "k": 1, "width": 4}, {"method": "lookahead", "n": 2, "k": 1, "width": "sqrt"}),
        ({"method": "lookahead", "n": 4, "k": 2, "width": 4}, {"method": "dvts", "n": 4, "k": 2, "width": "sqrt"}),
    ],
)
def test_methods_of_one_search_key_find_the_same_and_others_do_not_share_it(one, other):
    first, second = read_options(one), read_options(other)
    alike = one["n"] != 4 or other.get("width") != "sqrt"  # of four slots in subtrees of two: another search
    assert (first.search_key == second.search_key) == alike and first.strategy != second.strategy
    for world in range(8):
        got = [find(options, world)[0] for options in (first, second)]
        outcomes = [[(r.answer, r.candidates, r.budget, r.ledger.flops()) for r in results] for results in got]
        assert (outcomes[0] == outcomes[1]) or not alike


@settings(max_examples=60, deadline=None)
@given(trees, worlds)
def test_the_budget_is_never_exceeded(option_fields, world):
    options = options_of(option_fields)
    results, generator, _ = find(options, world)
    k = getattr(options, "k", 0)
    for requests in generator.rounds():
        assert all(
            sum(r.prefix[:9] == generator.encode_prompt(f"problem {i}")[:9] for r in requests) <= options.n
            for i in range(2)
        )
    assert len(generator.rounds()) == max(result.rounds for result in results) <= options.rounds
    assert all(len(requests) <= 2 * options.n for requests in generator.rollouts())
    assert len(generator.rollouts()) <= k * options.rounds
    assert options.budget == options.n * (k + 1)
    for _, sampling, _ in generator.calls:
        assert 1 <= sampling.max_new_tokens <= 60


@settings(max_examples=60, deadline=None)
@given(trees, worlds)
def test_every_slot_ends_as_one_candidate_and_only_able_ones_win(option_fields, world):
    options = options_of(option_fields)
    results, generator, verifier = find(options, world)
    for i, result in enumerate(results):
        assert [c.slot for c in result.candidates] == list(range(options.n))
        for candidate in result.candidates:
            check_candidate(candidate, options, generator, verifier, f"problem {i}")
        check_choice(result, options.answer_selection)


def check_candidate(candidate, options, generator, verifier, problem):
    text = generator.decode(candidate.tokens)
    assert [line for line in text.split("\n") if line] == list(candidate.steps)
    assert len(candidate.tokens) <= 60 and len(candidate.step_ends) == len(candidate.steps)
    starts = [0, *(end + 1 for end in candidate.step_ends)]
    for step, start, end in zip(candidate.steps, starts, candidate.step_ends, strict=False):
        assert generator.decode(candidate.tokens[start : end + 1]).strip() == step
    assert (candidate.finish == "solution") == (chr(candidate.tokens[-1]) == "$")
    assert candidate.finish == "solution" or candidate.answer is None
    assert candidate.finish != "rounds" or len(candidate.steps) == options.rounds
    if candidate.score is not None:
        right = [verifier.right(problem, candidate.steps[: j + 1]) for j in range(len(candidate.steps))]
        wrong = [np.float32(1) - np.float32(p) for p in right]
        expected = aggregate([wrong], [np.zeros(len(wrong))], options.aggregation)[0]
        assert candidate.score == pytest.approx(expected, abs=1e-6)
        assert candidate.step_scores == pytest.approx(right, abs=1e-6)


def check_choice(result: SearchResult, how: str):
    able = [c for c in result.candidates if c.answer is not None and (how == "majority" or c.score is not None)]
    assert (result.answer is None) == (not able)
    if able:
        votes: dict[str, float] = {}
        for c in able:
            weight = 1.0 if how == "majority" else c.score
            votes[c.answer] = max(votes.get(c.answer, 0), weight) if how == "best" else votes.get(c.answer, 0) + weight
        assert votes[result.answer] == pytest.approx(max(votes.values()))
        chosen = result.candidates[result.chosen]
        assert chosen in able and chosen.answer == result.answer
        assert 0 <= result.confidence <= 1 + 1e-9


@settings(max_examples=40, deadline=None)
@given(trees, worlds)
def test_the_results_own_ledgers_add_up_to_what_was_counted(options, world):
    ledger = Ledger()
    results, generator, verifier = find(options_of(options), world, problems=3, ledger=ledger)
    requests = [request for _, _, call in generator.calls for request in call]
    assert ledger.models["gen"].prefill == sum(len(request.prefix) for request in requests)
    if verifier.calls:
        read = sum(len(t.problem) + sum(map(len, t.steps)) for call in verifier.calls for t in call)
        assert ledger.models["prm"].verify == read
    for name, cost in ledger.models.items():
        parts = [result.ledger.models[name] for result in results]
        for count in ("prefill", "decode", "verify", "context_sum"):
            assert sum(getattr(part, count) for part in parts) == getattr(cost, count)
        assert sum(part.seconds for part in parts) == pytest.approx(cost.seconds)
        assert {part.parameters for part in parts} == {cost.parameters}


@settings(max_examples=40, deadline=None)
@given(trees, worlds)
def test_a_result_does_not_depend_on_the_other_problems(options, world):
    batch, _, _ = find(options_of(options), world, problems=3)
    alone, _, _ = find(options_of(options), world, problems=3, at_once=1)
    for a, b in zip(batch, alone, strict=True):
        assert (a.candidates, a.answer, a.chosen, a.rounds) == (b.candidates, b.answer, b.chosen, b.rounds)


def test_another_seed_gives_other_candidates_and_the_same_one_the_same():
    options = read_options({"method": "beam", "n": 8})
    (a, *_), (b, *_), (c, *_) = (find(options, world)[0] for world in (1, 1, 2))
    assert a.candidates == b.candidates != c.candidates


@pytest.mark.parametrize("n", [1, 3, 8])
def test_the_first_n_of_more_samples_are_the_samples_of_n(n):
    few, many = (find(read_options({"method": "weighted", "n": size}), 5)[0][0].candidates for size in (n, 8))
    assert few == many[:n]


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_a_whole_is_split_without_remainder_and_in_proportion(whole, weights):
    parts = apportion(whole, weights)
    assert sum(parts) == whole and min(parts) >= 0
    if sum(weights):
        assert all(
            abs(part - whole * weight / sum(weights)) < 1.001 for part, weight in zip(parts, weights, strict=True)
        )


def test_costs_are_split_by_what_each_problem_needed():
    # the second problem's steps are ten times as long: it drew, and the verifier read, about ten times as much
    def say(text: str, number: int, seed: int, temperature: float) -> str:
        return ("x" if text.startswith("a") else "x" * 10) * 4 + f"{seed % 7}$"

    results = search(
        [Problem("1", "a"), Problem("2", "b")],
        FakeGenerator(say),
        random_verifier(0),
        read_options({"method": "weighted", "n": 4}),
        Sampling(max_new_tokens=80),
        run_seed=0,
        ledger=Ledger(),
    )
    small, large = (result.ledger.models for result in results)
    assert large["gen"].decode > 5 * small["gen"].decode and large["prm"].verify > 5 * small["prm"].verify
    assert large["gen"].prefill == small["gen"].prefill


@settings(max_examples=8, deadline=None)
@given(trees, worlds)
def test_tables_hold_what_was_found_and_survive_parquet(tmp_path_factory, options, world):
    results, _, _ = find(options_of(options), world)
    golds = {"p0": "1", "p1": "2"}
    rows, candidates = results_table(results, world, golds), candidates_table(results, world, golds)
    assert rows["n_finished"].tolist() == [sum(c.finish == "solution" for c in r.candidates) for r in results]
    assert rows["is_correct"].tolist() == [r.answer == golds[r.problem_id] for r in results]
    assert rows["decode_tokens"].tolist() == [r.ledger.models["gen"].decode for r in results]
    assert rows["generator_flops"].tolist() == [
        20.0 * (r.ledger.models["gen"].prefill + r.ledger.models["gen"].decode) for r in results
    ]
    folder = tmp_path_factory.mktemp("tables")
    for frame, check in ((rows, search_results), (candidates, search_candidates)):
        frame.to_parquet(folder / "t.parquet")
        again = check(pd.read_parquet(folder / "t.parquet"))
        pd.testing.assert_frame_equal(again, frame)


def test_a_missing_gold_answer_is_one_line():
    results, _, _ = find(read_options({"method": "beam", "n": 2}), 0)
    with pytest.raises(InputError, match="p1 has no gold answer"):
        results_table(results, 0, {"p0": "1"})


ONE = np.full(1, 0.5, np.float32)  # a score of one step


@pytest.mark.parametrize(
    "wrong",
    [
        StepScores(np.zeros(0, np.float32), np.zeros(0, np.float32)),
        StepScores(np.full(1, np.nan, np.float32), ONE),
        StepScores(ONE, np.full(1, np.nan, np.float32)),
        StepScores(ONE, np.zeros(0, np.float32)),
        StepScores(ONE, np.zeros(9, np.float32)),
        StepScores(ONE, None),
        StepScores([0.5], [0.5]),
        StepScores(ONE[None], ONE[None]),
        StepScores(ONE[0], ONE[0]),
        StepScores(np.array(["a"]), ONE),
        StepScores(np.array([None]), ONE),
        0.5,
        None,
    ],
)
@pytest.mark.parametrize("method", [{"method": "beam"}, {"method": "weighted"}, {"method": "lookahead", "k": 1}])
def test_a_verifier_that_does_not_score_every_step_is_told_so(wrong, method):
    with pytest.raises(InputError, match=r"verifier prm: .*every step needs a finite one"):
        _searched_with(lambda trajectories: [wrong for _ in trajectories], method)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda trajectories: [],
        lambda trajectories: [StepScores(ONE, ONE)] * 9,
        lambda trajectories: None,
        lambda trajectories: iter(trajectories),
    ],
)
def test_a_verifier_that_does_not_score_every_solution_is_told_so(wrong):
    with pytest.raises(InputError, match=r"verifier prm: .* to 2 requests; .*one answer per request"):
        _searched_with(wrong, {"method": "beam"})


def _searched_with(score, method):
    class Wrong(FakeVerifier):
        def score(self, trajectories, ledger):
            return score(trajectories)

    generator = FakeGenerator(lambda *_: "\\boxed{1}$")
    options = read_options({**method, "n": 2})
    return search(some_problems(1), generator, Wrong(lambda *_: 0.5), options, Sampling(), run_seed=0)


def test_a_generator_that_does_not_answer_every_request_is_told_so():
    class Lazy(FakeGenerator):
        def generate(self, requests, sampling, until, ledger):
            return super().generate(requests, sampling, until, ledger)[1:]

    options, say = read_options({"method": "majority", "n": 3}), FakeGenerator(lambda *_: "1$").say
    with pytest.raises(InputError, match="generator gen: 2 answers to 3 requests"):
        search(some_problems(1), Lazy(say), None, options, Sampling(), run_seed=0)


@pytest.mark.parametrize("at_once", [0, -1, 1.5, None])
def test_a_number_of_problems_at_once_that_searches_none_is_refused(at_once):
    options, generator = read_options({"method": "majority", "n": 3}), random_generator(0)
    with pytest.raises(InputError, match="problems_at_once must be"):
        search(some_problems(1), generator, None, options, Sampling(), run_seed=0, problems_at_once=at_once)
