"""Selection: the paper's 80/20 by hand, and what holds of every strategy on any pool."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.supervision.selection import Blend, Convincing, Strategy, Uncertain, Uniform, candidates, chosen, without

STRATEGIES: list[Strategy] = [
    Uniform(),
    Convincing(),
    Convincing(wrong_share=1),
    Convincing(wrong_share=0),
    Convincing(wrong_share=0.37),
    Convincing(wrong_share=1, scope="global"),
    Convincing(scope="global"),
    Uncertain(),
    Uncertain(scope="global"),
    Blend(),
    Blend(of=Uncertain(), uniform_share=0.2),
    Blend(of=Convincing(scope="global"), uniform_share=0.3),
    Blend(uniform_share=1),
]


def pool_of(rows: list[tuple[str, int, bool, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["problem_id", "sample_id", "is_correct", "score", "doubt"])


def keys(frame: pd.DataFrame) -> set[tuple[str, int]]:
    return set(frame[["problem_id", "sample_id"]].itertuples(index=False, name=None))


def ids(frame: pd.DataFrame) -> list[int]:
    return sorted(frame["sample_id"])


@st.composite
def pools(draw: st.DrawFn) -> pd.DataFrame:
    level = st.sampled_from([0.0, 0.25, 0.5, 1.0])  # few, so that ties are many
    sample = st.tuples(st.booleans(), level, level)
    problems = draw(st.lists(st.lists(sample, min_size=1, max_size=9), min_size=1, max_size=4))
    return pool_of([(f"p{p}", s, *sample) for p, samples in enumerate(problems) for s, sample in enumerate(samples)])


def test_four_of_five_are_the_most_convincing_wrong_ones_and_the_fifth_the_best_of_what_remains() -> None:
    right = [("p", i, True, 0.9 - i / 100, 0.0) for i in range(5)]
    wrong = [("p", 10 + i, False, 0.8 - i / 10, 0.0) for i in range(7)]
    pool = pool_of([*right, *wrong])
    assert ids(Convincing().select(pool, 5, seed=0)) == [0, 10, 11, 12, 13]
    assert ids(Convincing().select(pool, 10, seed=0)) == [0, 1, 2, *range(10, 17)]  # eight wanted, seven there
    assert ids(Convincing(wrong_share=1).select(pool, 5, seed=0)) == [10, 11, 12, 13, 14]
    assert ids(Convincing(wrong_share=0).select(pool, 5, seed=0)) == [0, 1, 2, 3, 4]


def test_what_remains_may_be_wrong_too() -> None:
    pool = pool_of([("p", 0, True, 0.1, 0.0), *(("p", 1 + i, False, 0.9 - i / 10, 0.0) for i in range(5))])
    assert ids(Convincing().select(pool, 5, seed=0)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7])
def test_the_share_is_met_over_all_problems_even_of_one_sample_each(size: int) -> None:
    """Right answers score higher, so what is not kept for wrong ones is right."""
    problems = 400
    pool = pool_of([(f"p{p}", i, i < 10, 0.9 if i < 10 else 0.1, 0.0) for p in range(problems) for i in range(20)])
    got = Convincing().select(pool, size, seed=0)
    wrong = (got["sample_id"] >= 10).groupby(got["problem_id"]).sum()
    assert set(wrong) <= {int(0.8 * size + 1e-9), int(0.8 * size + 1e-9) + 1}, "rounded down or up, never further"
    if size == 5:
        assert set(wrong) == {4}, "a whole number is met in every problem"
    assert abs(wrong.mean() / size - 0.8) < 4 * 0.5 / size / problems**0.5  # four standard errors of a rounding


def test_missing_wrong_answers_leave_their_places_to_the_right_ones() -> None:
    pool = pool_of([("p", i, i > 0, 0.5 + i / 10, 0.0) for i in range(5)])
    assert ids(Convincing().select(pool, 3, seed=0)) == [0, 3, 4]


def test_a_global_choice_takes_the_most_convincing_wherever_they_are() -> None:
    pool = pool_of([(p, i, False, (0.9 if p == "a" else 0.1) - i / 100, 0.0) for p in "ab" for i in range(6)])
    assert keys(Convincing(wrong_share=1, scope="global").select(pool, 2, 0)) == {("a", i) for i in range(4)}
    assert keys(Convincing(wrong_share=1).select(pool, 2, 0)) == {(p, i) for p in "ab" for i in range(2)}


def test_a_blend_adds_a_random_share_to_what_the_selector_chose() -> None:
    pool = pool_of([("p", i, False, 1 - i / 40, 0.0) for i in range(40)])
    got = Blend(of=Convincing(wrong_share=1), uniform_share=0.5).select(pool, 10, seed=3)
    assert {0, 1, 2, 3, 4} <= set(got["sample_id"]) and len(got) == 10
    assert set(got["sample_id"]) != set(range(10))
    assert ids(without(pool, got)) == sorted(set(range(40)) - set(got["sample_id"]))


def test_uncertainty_takes_the_solution_with_the_most_doubtful_step() -> None:
    solutions = table([["a", "b"], ["c"], ["d", "e"]])
    scores = scored(solutions, [[0.0, 0.9], [0.45], [0.02, 0.01]])
    assert ids(Uncertain().select(candidates(solutions, scores), 1, seed=0)) == [1]


FEW_AND_MANY = pool_of(
    [("p0", i, False, score, 0.0) for i, score in enumerate([0.0, 0.0, 0.25])]
    + [("p1", i, False, 0.25 if i else 0.0, 0.0) for i in range(6)]
)


@settings(deadline=None, max_examples=60)
@given(pools(), st.integers(1, 10), st.integers(0, 3), st.sampled_from(STRATEGIES))
@example(FEW_AND_MANY, 3, 0, Blend(of=Convincing(scope="global"), uniform_share=0.3))
def test_every_strategy_labels_as_many_and_grows_by_adding(
    pool: pd.DataFrame, k: int, seed: int, strategy: Strategy
) -> None:
    got = strategy.select(pool, k, seed)
    assert len(got) == pool["problem_id"].value_counts().clip(upper=k).sum()
    assert keys(got) <= keys(pool) and not got.duplicated().any()
    assert keys(got) <= keys(strategy.select(pool, k + 1, seed))


@settings(deadline=None, max_examples=40)
@given(pools(), st.integers(1, 6), st.sampled_from(STRATEGIES))
def test_the_order_of_the_pool_does_not_matter(pool: pd.DataFrame, k: int, strategy: Strategy) -> None:
    shuffled = pool.sample(frac=1, random_state=k)
    pd.testing.assert_frame_equal(strategy.select(pool, k, 5), strategy.select(shuffled, k, 5))


@settings(deadline=None, max_examples=40)
@given(pools(), st.integers(1, 9), st.floats(0, 1))
def test_no_wrong_answer_left_out_is_more_convincing_than_one_taken(pool: pd.DataFrame, k: int, share: float) -> None:
    selected_keys = keys(Convincing(wrong_share=share).select(pool, k, 1))
    wrong = pool[~pool["is_correct"]]
    for problem, rows in wrong.groupby("problem_id"):
        mine = [(problem, sample) in selected_keys for sample in rows["sample_id"]]
        scores = rows["score"].to_numpy()
        if any(mine) and not all(mine):
            assert scores[np.array(mine)].min() >= scores[~np.array(mine)].max()
        n_convincing = min(int(share * k + 1e-9), len(rows))
        assert sum(mine) >= n_convincing


def test_another_seed_is_another_uniform_choice() -> None:
    pool = pool_of([("p", i, False, 0.0, 0.0) for i in range(40)])
    assert ids(Uniform().select(pool, 8, 0)) != ids(Uniform().select(pool, 8, 1))


def table(steps: list[list[str]], answers: list[str | None] | None = None) -> pd.DataFrame:
    n = len(steps)
    return pd.DataFrame(
        {
            "problem_id": ["p"] * n,
            "sample_id": range(n),
            "steps": steps,
            "answer": answers or ["1"] * n,
            "is_correct": pd.array([False] * n, dtype="boolean"),
        }
    )


def scored(solutions: pd.DataFrame, negative: list[list[float]]) -> pd.DataFrame:
    return solutions[["problem_id", "sample_id"]].assign(
        verifier="v", negative=negative, neutral=[[0.0] * len(steps) for steps in negative]
    )


def test_identical_texts_and_samples_without_answer_are_no_candidates() -> None:
    solutions = table([["a"], ["a"], ["b"], []], ["1", "1", None, "1"])
    assert ids(candidates(solutions)) == [0]


def test_a_candidates_score_is_the_product_of_its_steps() -> None:
    solutions = table([["a", "b"]])
    pool = candidates(solutions, scored(solutions, [[0.5, 0.2]]))
    assert pool["score"].tolist() == pytest.approx([0.4]) and pool["doubt"].tolist() == pytest.approx([1.0])


def test_scores_of_other_solutions_are_refused() -> None:
    solutions = table([["a"], ["b"]])
    with pytest.raises(InputError, match="row for row"):
        candidates(solutions, scored(solutions.iloc[::-1], [[0.1], [0.2]]))


def test_chosen_rows_keep_their_order() -> None:
    solutions = table([["a"], ["b"], ["c"]]).iloc[::-1]
    assert list(chosen(solutions, pd.DataFrame({"problem_id": ["p", "p"], "sample_id": [0, 2]}))["sample_id"]) == [2, 0]
