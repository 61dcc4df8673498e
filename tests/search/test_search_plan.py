"""The plan of searches, what whole samples cost, and recorded searches as an online policy meets them."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stepscale.errors import InputError
from stepscale.search.plan import RevisionSearchPlan, SearchPlan, check_samples
from stepscale.studies.search.recorded import recorded_prices, recorded_run
from stepscale.studies.search.sample_costs import sample_costs

BEAM = {"method": "beam", "width": 4}
LOOKAHEAD = {"method": "lookahead", "k": 1}


def plan(**changes) -> SearchPlan:
    block = {"problems": 10, "problems_per_shard": 5, "budgets": [4, 16], "strategies": [BEAM, LOOKAHEAD]}
    return SearchPlan.model_validate({**block, **changes})


def test_every_strategy_is_run_at_every_budget_with_the_n_that_the_budget_allows() -> None:
    runs = [(name, budget, options.n, options.budget) for name, budget, options in plan().runs]
    assert runs == [
        ("beam, M = 4", 4, 4, 4),
        ("lookahead k = 1, M = sqrt(N)", 4, 2, 4),
        ("beam, M = 4", 16, 16, 16),
        ("lookahead k = 1, M = sqrt(N)", 16, 8, 16),
    ]


@pytest.mark.parametrize("budgets", [[16, 4], [4, 16, 16], [], [0, 4]])
def test_budgets_that_do_not_rise_are_one_clear_line(budgets: list[int]) -> None:
    with pytest.raises(ValueError, match="must rise and begin at 1"):
        plan(budgets=budgets)


def test_strategies_that_are_one_search_at_a_budget_are_searched_and_counted_once_there() -> None:
    beams = [{"method": "beam", "width": "sqrt"}, BEAM]
    search_plan = plan(budgets=[4, 16, 64], strategies=[*beams, {"method": "dvts", "width": 4}, LOOKAHEAD])
    searched = [(name, budget) for name, budget, _ in search_plan.searches]
    at = {budget: [name for name, budget_of in searched if budget_of == budget] for budget in (4, 16, 64)}
    sqrt, four, dvts, ahead = "beam, M = sqrt(N)", "beam, M = 4", "DVTS, M = 4", "lookahead k = 1, M = sqrt(N)"
    assert at == {4: [sqrt, four, ahead], 16: [sqrt, dvts, ahead], 64: [sqrt, four, dvts, ahead]}
    assert search_plan.settings("beam") == {4: [sqrt, four], 16: [sqrt], 64: [sqrt, four]}
    assert search_plan.settings("lookahead") == {4: [ahead], 16: [ahead], 64: [ahead]}
    two_searches = plan(strategies=[BEAM, {**BEAM, "width": "sqrt", "choose": "best"}], budgets=[16])
    assert len(two_searches.searches) == 2  # the same candidates, chosen among in another way


def test_strategies_that_differ_in_leaving_out_copies_alone_are_told_apart_and_others_keep_their_short_names() -> None:
    filtered = {**BEAM, "filter_duplicates": True}
    both = plan(strategies=[BEAM, filtered, {**LOOKAHEAD, "filter_duplicates": True}], budgets=[16])
    names = ["beam, M = 4, copies kept", "beam, M = 4", "lookahead k = 1, M = sqrt(N)"]
    assert [name for name, _, _ in both.runs] == names and both.filtering == tuple(names[1:])
    assert len({options.search_key for _, _, options in both.runs}) == 3
    assert both.settings("beam") == {16: names[:2]}
    for alone in ([BEAM], [filtered], [filtered, {**BEAM, "width": 2}]):
        search_plan = plan(strategies=alone)
        assert [name for name, _ in search_plan.named] == [options.display_name() for options in search_plan.strategies]
    assert plan().filtering == ()
    over = RevisionSearchPlan.model_validate({"after": 4, "budgets": [8], "strategies": [BEAM, filtered]})
    assert [name for name, _, _ in over.runs] == [
        "PRM beam, M = 4, copies kept over revisions",
        "PRM beam, M = 4 over revisions",
    ]
    with pytest.raises(ValidationError, match="two strategies"):
        plan(strategies=[{**BEAM, "rounds": 9}, filtered])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": [{**BEAM, "n": 8}]}, "no n of its own"),
        ({"strategies": [{"method": "weighted"}]}, "measured without search"),
        ({"strategies": [BEAM, {**BEAM, "aggregation": "min"}]}, "two strategies"),
        ({"strategies": [BEAM, {**BEAM, "width": 2, "aggregation": "min"}]}, "the same aggregation"),
        ({"strategies": [BEAM, {**BEAM, "width": 2, "neutral_is": "negative"}]}, "the same aggregation"),
        ({"budgets": [1]}, "needs a budget above 1"),
        ({"budgets": [3, 9]}, "lookahead k = 1.* spends 2 of a budget of 3"),
        ({"budgets": []}, "budgets"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(changes, message) -> None:
    with pytest.raises(ValidationError, match=message):
        plan(**changes)


def test_searches_over_revisions_are_compared_by_one_rule() -> None:
    two = [{"method": "weighted", "aggregation": "last"}, {**BEAM, "aggregation": "product"}]
    with pytest.raises(ValidationError, match="the same aggregation"):
        RevisionSearchPlan.model_validate({"after": 4, "budgets": [8], "strategies": two})


def test_a_problem_without_samples_costs_nothing_of_them() -> None:
    samples = pd.DataFrame(
        {
            "problem_id": ["p"],
            "sample_id": [0],
            "steps": [["a"]],
            "step_ends": [[1]],
            "tokens": [[1, 2]],
            "finish": ["solution"],
        }
    )
    costs = sample_costs({"p": 3, "none": 5}, samples, [1], 10, 20).set_index("problem_id")
    assert costs.loc["p", ["decode_tokens", "verify_tokens"]].tolist() == [1, 5]
    assert costs.loc["none", ["prefill_tokens", "decode_tokens", "verify_tokens"]].tolist() == [5, 0, 0]


def test_searches_need_as_many_samples_to_be_compared_with() -> None:
    check_samples(plan(), 16, "draw more")
    with pytest.raises(InputError, match=r"tree_search.budgets: 16 is above the 15 samples .* lower it or draw more"):
        check_samples(plan(), 15, "draw more")


def test_samples_cost_what_the_mean_over_all_choices_of_n_costs() -> None:
    """Three samples share their first step; the last is cut off, so it is drawn but never read by the verifier."""
    steps = [["a", "b"], ["a", "c"], ["a", "b"], ["a"]]
    ends = [[1, 4], [1, 3], [1, 4], [1]]
    samples = pd.DataFrame(
        {
            "problem_id": "p",
            "sample_id": range(4),
            "steps": steps,
            "step_ends": ends,
            "tokens": [[1, 2, 3, 4, 5, 9], [1, 2, 3, 7, 9], [1, 2, 3, 4, 5, 9], [1, 2, 8]],
            "finish": ["solution", "solution", "solution", "length"],
        }
    )
    lengths, prompt = {("a",): 2, ("a", "b"): 3, ("a", "c"): 2}, 7

    def read(chosen) -> int:
        beginnings = {tuple(steps[i][: k + 1]) for i in chosen if i < 3 for k in range(len(steps[i]))}
        return prompt * bool(beginnings) + sum(lengths[beginning] for beginning in beginnings)

    def written(chosen) -> int:
        return len({tuple(samples["tokens"][i][: k + 1]) for i in chosen for k in range(len(samples["tokens"][i]) - 1)})

    costs = sample_costs({"p": prompt}, samples, [1, 2, 4], generator=10, verifier=20).set_index("n")
    twice = samples.assign(
        read_ends=[[2 * end for end in budget_of] for budget_of in ends]
    )  # a verifier of two tokens for one
    other = sample_costs({"p": prompt}, twice, [4], 10, 20, {"p": 9})["verify_tokens"].item()
    assert other == 9 + (1 + 2 * 1) + 2 * 3 + 2 * 2  # the prompt, "a", "b" and "c"
    for n in (1, 2, 4):
        expected = np.mean([read(chosen) for chosen in combinations(range(4), n)])
        assert costs.loc[n, "verify_tokens"] == pytest.approx(expected)
        mean_price = np.mean([written(chosen) for chosen in combinations(range(4), n)])
        assert costs.loc[n, "decode_tokens"] == pytest.approx(mean_price)
        assert costs.loc[n, "generator_flops"] == pytest.approx(20 * (prompt + costs.loc[n, "decode_tokens"]))
        assert costs.loc[n, "verifier_flops"] == pytest.approx(40 * expected)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), max_size=5), min_size=3, max_size=6))
def test_a_beginning_that_samples_share_is_passed_through_the_generator_once(sequences) -> None:
    samples = pd.DataFrame({"problem_id": "p", "tokens": sequences, "finish": "length", "steps": "", "step_ends": ""})
    got = sample_costs({"p": 1}, samples, [1, 2, 3], 1, 1)["decode_tokens"]
    for n, tokens in zip([1, 2, 3], got, strict=True):
        trees = [
            {tuple(budget_of[: k + 1]) for budget_of in chosen for k in range(len(budget_of) - 1)}
            for chosen in combinations(sequences, n)
        ]
        assert tokens == pytest.approx(np.mean([len(tree) for tree in trees]))


def test_a_recorded_search_keeps_its_slots_and_lets_only_scored_answers_win() -> None:
    rows = pd.DataFrame(
        {
            "problem_id": ["b", "b", "a"],
            "strategy": "s",
            "slot": [0, 1, 0],
            "answer": ["1", None, "2"],
            "score": [0.5, None, 0.25],
            "is_correct": [True, None, False],
        }
    )
    run = recorded_run(rows, "s", ["a", "b"], 4)
    assert run.mask.tolist() == [[True, False], [True, False]]
    assert run.scores.tolist() == [[0.25, 0.0], [0.5, 0.0]]
    assert run.correct.tolist() == [[False, False], [True, False]]
    assert run.cost.tolist() == [4.0, 4.0]
    with pytest.raises(InputError, match="not run on all"):
        recorded_run(rows, "s", ["a", "c"], 4)


def test_recorded_samples_and_searches_are_priced_in_flops_of_both_models() -> None:
    costs = pd.DataFrame(
        [["a", 1, 10.0, 5.0], ["a", 2, 14.0, 8.0], ["b", 1, 20.0, 5.0], ["b", 2, 30.0, 6.0]],
        columns=["problem_id", "n", "generator_flops", "verifier_flops"],
    )
    searches = pd.DataFrame(
        {"problem_id": ["a", "b"], "strategy": "s", "generator_flops": [1.0, 2.0], "verifier_flops": [3.0, 4.0]}
    )
    got = recorded_prices(costs, searches, ["b", "a"], (1, 2, 4), ["s"])
    assert got.samples.tolist() == [[25, 36, 72], [15, 22, 44]]  # four were not priced: twice what two cost
    assert got.runs.tolist() == [[6], [4]]
    few = recorded_prices(costs[costs["n"] == 2], searches, ["a"], (1, 2), [])
    assert few.samples.tolist() == [[22, 22]] and few.runs.shape == (1, 0)


def test_a_budget_that_no_machine_can_hold_is_refused() -> None:
    for budget, message in (
        (10**30, r"budgets\.0\n  must be below 2\^63"),
        (10**9, "at most 1,048,576 generations per problem"),
    ):
        with pytest.raises(ValidationError, match=message):
            plan(budgets=[budget], strategies=[BEAM])
