"""The policy's confidence, fitted on validation problems, means what it says on others."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from search_fakes import random_generator, random_verifier

from stepscale.serving.answering import Answerer
from stepscale.serving.confidence import ConfidenceMap
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.question import PolicyQuestion
from stepscale.studies.policy.asked_confidence import ask, asked_problems, calibrated, calibration_errors

SETTINGS = {
    "seed": 0,
    "prompt": "{problem}\n",
    "aggregation": "product",
    "chosen_on": 10,
    "sampling": {"temperature": 1.0, "top_p": 1.0, "max_new_tokens": 60},
    "runs": {},
    "budgets": [
        {"budget": n, "policy": {"probes": n, "sure": 0.0, "borders": [], "actions": [{"samples": n}]}}
        for n in (1, 4, 256)
    ],
}


def problems(valid: int, test: int) -> pd.DataFrame:
    splits = ["train", *["valid"] * valid, *["test"] * test]
    return pd.DataFrame(
        {
            "problem_id": [f"p{i}" for i in range(len(splits))],
            "problem": [f"problem {i}" for i in range(len(splits))],
            "answer": [str(i % 3) for i in range(len(splits))],
            "split": splits,
        }
    )


def overconfident(n: int) -> pd.DataFrame:
    """Confidences u of which the share u ** 2 is right."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(size=n)
    split = np.where(np.arange(n) % 2, "test", "valid")
    rows = {"confidence": confidence, "right": rng.uniform(size=n) < confidence**2, "split": split}
    return pd.DataFrame({"problem_id": [f"p{i}" for i in range(n)], "budget": 4, **rows})


def test_validation_problems_and_those_that_were_not_searched_are_asked() -> None:
    table = problems(3, 4)
    searched = table[table["split"] == "test"].head(2)
    assert list(asked_problems(table, searched)["problem_id"]) == ["p1", "p2", "p3", "p6", "p7"]


def test_every_answer_within_the_largest_budget_is_recorded_beside_the_truth() -> None:
    policy = ServedPolicy.model_validate(SETTINGS)
    questions = asked_problems(problems(12, 6), problems(0, 0))
    table = ask(policy, questions, random_generator(3), random_verifier(0))
    assert set(table["budget"]) == {1, 4} and set(table["split"]) == {"valid", "test"}
    assert table["confidence"].between(0, 1).all() and 0 < table["right"].mean() < 1
    assert table.equals(ask(policy, questions, random_generator(3), random_verifier(0)))
    assert ask(policy, questions[:0], random_generator(3), random_verifier(0)).empty


def test_all_questions_of_a_budget_are_asked_side_by_side_and_answered_as_if_alone() -> None:
    """Calls of the models, and so their batches, do not depend on how many problems there are."""
    actions = [{"samples": 6}, {"samples": 4, "run": "beam"}]
    policy = {"probes": 2, "sure": 0.9, "borders": [0.45], "actions": actions}
    runs = {"beam": {"method": "beam", "n": 4, "width": 2}}
    served = ServedPolicy.model_validate({**SETTINGS, "runs": runs, "budgets": [{"budget": 6, "policy": policy}]})
    questions = asked_problems(problems(20, 10), problems(0, 0))
    generator, verifier = random_generator(3), random_verifier(0)
    together = ask(served, questions, generator, verifier)
    n_together, (_, _, probes) = len(generator.calls), generator.calls[0]
    assert len(probes) == 2 * len(questions) and {until for until, _, _ in generator.calls} == {"solution", "step"}
    alone = [ask(served, questions[i : i + 1], generator, verifier) for i in range(len(questions))]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True))
    assert n_together < (len(generator.calls) - n_together) / 5


def test_calibration_takes_the_error_away_on_problems_it_was_not_fitted_to() -> None:
    table = overconfident(4000)
    fitted = calibrated(SETTINGS, table)
    [row] = calibration_errors(fitted, table).to_dict("records")
    assert row["n_problems"] == 2000 and row["raw"] == pytest.approx(1 / 6, abs=0.03)
    assert row["fitted"] < 0.05 and row["fitted_low"] <= row["fitted_high"] < row["raw_low"]


def test_a_budget_that_was_not_asked_is_calibrated_as_the_largest_below_it() -> None:
    budgets = {row["budget"]: row["calibration"] for row in calibrated(SETTINGS, overconfident(100))["budgets"]}
    assert budgets[1] is None and budgets[4] == budgets[256] and budgets[4]


def test_too_few_answers_calibrate_nothing_and_no_error_is_told() -> None:
    few = calibrated(SETTINGS, overconfident(12))
    assert all(row["calibration"] is None for row in few["budgets"])
    assert calibration_errors(few, overconfident(12)).empty


def test_an_answer_tells_the_calibrated_confidence_and_that_it_is_calibrated() -> None:
    question, models = PolicyQuestion("problem 1", 4), (random_generator(3), random_verifier(0))
    plain = Answerer(ServedPolicy.model_validate(SETTINGS), *models).answer(question)
    fitted = Answerer(ServedPolicy.model_validate(calibrated(SETTINGS, overconfident(4000))), *models).answer(question)
    assert plain.answer is not None and not plain.calibrated and fitted.calibrated
    assert fitted.confidence == pytest.approx(plain.confidence**2, abs=0.1)
    assert fitted.model_copy(update={"confidence": plain.confidence, "calibrated": False}) == plain


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_a_fitted_map_never_falls_and_gives_probabilities(pairs, a, b) -> None:
    fitted = ConfidenceMap.fit([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    low, high = fitted.of(min(a, b)), fitted.of(max(a, b))
    assert 0 <= low <= high <= 1
    assert ConfidenceMap.model_validate_json(fitted.model_dump_json()) == fitted


@pytest.mark.parametrize(
    ("confidence", "right"),
    [((0.5, 0.1), (0.1, 0.2)), ((0.1, 0.5), (0.5, 0.1)), ((0.1,), (0.1, 0.2)), ((0.1,), (1.5,))],
)
def test_a_map_that_falls_or_holds_no_probabilities_is_refused(confidence, right) -> None:
    with pytest.raises(ValidationError):
        ConfidenceMap(confidence=confidence, right=right)
