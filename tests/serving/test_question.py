"""What may be asked, and the one line that says why something may not."""

import numpy as np
import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.serving.question import PolicyQuestion, read_question, read_questions


@pytest.mark.parametrize("budget", [16, 16.0, np.int64(16), np.float64(16)])
def test_a_budget_is_a_whole_number_however_a_table_holds_it(budget):
    assert read_question(" 1+1 ", budget) == PolicyQuestion("1+1", 16)


@pytest.mark.parametrize(
    ("problem", "budget", "reason"),
    [
        (None, 16, "problem is missing"),
        ("1+\ud800", 16, "lone surrogate"),
        ("1\0+1", 16, "NUL character"),
        ("1+1", 10**30, "at most 1,048,576 generations per problem"),
        ("1+1", 1e30, "at most 1,048,576 generations per problem"),
        (float("nan"), 16, "problem is missing"),
        ("", 16, "problem is empty"),
        (" \n", 16, "problem is empty"),
        (5, 16, "problem must be a text, not int"),
        ({"a": 1}, 16, "problem must be a text, not dict"),
        ("1" * 20_001, 16, "problem is too long: 20001 characters"),
        ("1+1", None, "budget is missing"),
        ("1+1", float("nan"), "budget is missing"),
        ("1+1", 0, "budget must be a whole number of generations, 1 or more, not 0"),
        ("1+1", -4, "not -4"),
        ("1+1", 1.5, "not 1.5"),
        ("1+1", float("inf"), "not inf"),
        ("1+1", "16", "1 or more, not '16'"),
        ("1+1", np.int64(0), "1 or more, not 0"),
        ("1+1", "many\nmore" * 20, "budget must be a whole number"),
        ("1+1", True, "not True"),
        ("1+1", np.bool_(True), "not True"),
        ("1+1", [16], "budget must be a whole number"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(problem, budget, reason):
    with pytest.raises(InputError) as caught:
        read_question(problem, budget)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_a_column_that_stands_twice_is_refused():
    table = pd.DataFrame([["1+1", 2, 6]], columns=["problem", "budget", "budget"])
    with pytest.raises(InputError, match="names 'budget' more than once; give each column once"):
        read_questions(table, 8)
