"""What late attempts of a chain were shown, counted by hand."""

import pandas as pd
import pytest

from stepscale.studies.revisions.shown_attempts import COLUMNS, late_attempts, shown_attempts


def chain(problem: str, number: int, answers: str, n_shown: list[int]) -> pd.DataFrame:
    """A row an attempt: "." is one without an answer; ``n_shown``: how many earlier ones it was shown."""
    return pd.DataFrame(
        {
            "problem_id": problem,
            "chain": number,
            "position": i,
            "answer": None if mark == "." else mark,
            "context": list(range(n)),
        }
        for i, (mark, n) in enumerate(zip(answers, n_shown, strict=True))
    )


CHAINS = pd.concat(
    [
        chain("a", 0, "11111", [0, 1, 2, 2, 1]),
        chain("a", 1, "111", [0, 1, 2]),
        chain("b", 0, "1.11", [0, 1, 1, 2]),
        chain("b", 1, "...", [0, 0, 0]),
    ],
    ignore_index=True,
)


def test_late_is_an_attempt_after_as_many_answered_ones_as_may_be_shown() -> None:
    late = late_attempts(CHAINS, 2)
    assert list(late.itertuples(index=False, name=None)) == [
        ("a", 2, 2),
        ("a", 3, 2),
        ("a", 4, 1),
        ("a", 2, 2),
        ("b", 3, 2),
    ]
    shuffled = late_attempts(CHAINS.sample(frac=1, random_state=0), 2)
    assert sorted(shuffled.itertuples(index=False)) == sorted(late.itertuples(index=False))


def test_means_are_over_attempts_by_position_and_by_bin() -> None:
    got = shown_attempts(CHAINS, 2, {"a": 1, "b": 2}, resamples=200)
    assert list(got.columns) == COLUMNS
    by = got.set_index(["bin", got["position"].fillna(-1)])
    assert by.loc[(0, -1), ["shown", "all_shown", "n_attempts", "n_problems"]].tolist() == pytest.approx(
        [9 / 5, 0.8, 5, 2]
    )
    assert by.loc[(0, 4), ["shown", "all_shown", "n_attempts", "n_problems"]].tolist() == [1, 0, 1, 1]
    assert by.loc[(1, -1), ["shown", "all_shown"]].tolist() == pytest.approx([7 / 4, 3 / 4])
    assert by.loc[(2, -1), "all_shown"] == 1 and len(got) == 1 + 3 + 2
    assert by.loc[(0, -1), "all_low"] < 0.8 < by.loc[(0, -1), "all_high"], "problems are drawn, not attempts"
    assert (got["low"] <= got["shown"]).all() and (got["shown"] <= got["high"]).all()


def test_chains_too_short_for_a_late_attempt_have_no_row() -> None:
    assert shown_attempts(CHAINS, 9, {"a": 1, "b": 2}, resamples=100).empty
