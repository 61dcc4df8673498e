"""Answers and verdicts filled in where they can be, and the shares that are still without one."""

import logging

import pandas as pd
import pytest

from stepscale.formats.graded import absent_shares, graded, report_missing, warn_of_places_without_a_sample

PROBLEMS = pd.DataFrame({"problem_id": ["a", "b"], "answer": ["1/2", None]})


def solutions(answers: list[str | None], verdicts: list[bool | None], finish: str | None = "solution") -> pd.DataFrame:
    frame = pd.DataFrame({"answer": pd.Series(answers, dtype="str"), "is_correct": pd.array(verdicts, "boolean")})
    return frame.assign(problem_id=["a", "a", "b"], steps=[["\\boxed{0.5}"], ["no"], ["\\boxed{1}"]], finish=finish)


def listed(column: pd.Series) -> list[object]:
    return column.astype(object).where(column.notna(), None).tolist()


def test_answers_come_from_texts_where_the_file_has_neither_answer_nor_verdict() -> None:
    done = graded(PROBLEMS, solutions([None] * 3, [None] * 3))
    assert listed(done["answer"])[::2] == ["0.5", "1"] and listed(done["is_correct"])[::2] == [True, None]


def test_verdicts_of_the_file_count_and_what_is_absent_is_graded() -> None:
    done = graded(PROBLEMS, solutions(["3", "0.5", "1"], [True, None, None]))
    assert listed(done["is_correct"]) == [True, True, None], "of b no gold answer is known"
    assert listed(graded(PROBLEMS, solutions([None, "2", "1"], [None, None, True]))["is_correct"]) == [
        False,
        False,
        True,
    ]


def test_a_sample_that_was_cut_off_has_no_answer_and_is_wrong() -> None:
    done = graded(PROBLEMS, solutions(["0.5", "1", "1"], [True, None, None], finish="length"))
    assert listed(done["answer"]) == [None] * 3 and listed(done["is_correct"]) == [False] * 3


@pytest.mark.parametrize("finish", ["content_filter", "max_tokens", "abort", "rejected", "rounds"])
def test_a_sample_that_did_not_end_by_itself_has_no_answer_whoever_says_so(finish: str) -> None:
    done = graded(PROBLEMS, solutions(["0.5", "1", "1"], [True, None, None], finish=finish))
    assert listed(done["answer"]) == [None] * 3 and listed(done["is_correct"]) == [False] * 3


def test_shares_are_said_in_the_log_and_warned_of_above_five_percent(caplog: pytest.LogCaptureFixture) -> None:
    whole = pd.DataFrame({"answer": ["1"] * 100, "is_correct": pd.array([True] * 100, "boolean")})
    for absent, level in ((5, logging.INFO), (6, logging.WARNING)):
        caplog.clear()
        some = whole.assign(answer=whole["answer"].mask(whole.index < absent))
        with caplog.at_level(logging.INFO):
            shares = report_missing("theirs.jsonl", some)
        assert shares == absent_shares(some) == (absent / 100, 0.0)
        (record,) = caplog.records
        assert record.levelno == level
        assert record.message.startswith(
            f"theirs.jsonl: {absent}.0 % of the samples are without an answer and 0.0 % without"
        )
    assert absent_shares(whole.head(0)) == (0.0, 0.0)


def test_a_blank_answer_is_none_for_samples_and_for_problems() -> None:
    done = graded(PROBLEMS, solutions(["", " ", "\n"], [None] * 3))
    assert listed(done["answer"])[::2] == ["0.5", "1"] and listed(done["is_correct"])[::2] == [True, None]
    done = graded(PROBLEMS, solutions(["0.5", " ", "2"], [None] * 3))
    assert listed(done["answer"]) == ["0.5", None, "2"] and listed(done["is_correct"]) == [True, False, None]
    blank_gold = PROBLEMS.assign(answer=[" ", ""])
    assert listed(graded(blank_gold, solutions(["1", "2", "3"], [None] * 3))["is_correct"]) == [None] * 3


def test_answers_come_from_texts_where_the_file_has_verdicts_alone() -> None:
    done = graded(PROBLEMS, solutions([None] * 3, [True, False, True]))
    assert listed(done["answer"])[::2] == ["0.5", "1"] and listed(done["is_correct"]) == [True, False, True]


def test_places_without_a_sample_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    even = pd.DataFrame({"problem_id": ["a", "a", "b", "b"], "sample_id": [0, 1, 0, 1]})
    warn_of_places_without_a_sample("theirs.jsonl", even)
    assert not caplog.records
    for uneven in (even.head(3), even.assign(sample_id=[0, 1, 0, 2])):
        caplog.clear()
        warn_of_places_without_a_sample("theirs.jsonl", uneven)
        (record,) = caplog.records
        assert "theirs.jsonl: problems have" in record.message and "without a sample count as wrong" in record.message
