"""OpenAI's scored samples: scores recomputed, unanswered places kept as places."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.estimators.samples import sample_grid
from stepscale.formats import iter_records, read
from stepscale.formats.scored_samples import prm_score

Jsonl = Callable[..., Path]


def sample(
    problem: str = "p", answer: str | None = "1", correct: bool = True, prm: float | None = 0.5, **more: object
) -> dict[str, object]:
    record = {
        "problem": problem,
        "unique_id": f"test/{problem}.json",
        "subject": "Algebra",
        "level": 4,
        "steps": ["a", "b"],
        "answer": answer,
        "is_correct": correct,
        "orm_score": 0.25,
        "rating_probs": [{"1": 0.7, "0": 0.2, "-1": 0.1}, {"-1": 0.5, "1": 0.5, "0": 0.0}],
    }
    return {**record, **({} if prm is None else {"prm_score": prm}), **more}


def test_places_without_a_line_or_an_answer_are_unanswered(jsonl: Jsonl) -> None:
    without = {key: value for key, value in sample().items() if key != "answer"}
    path = jsonl(
        sample("p"),
        sample("q", prm=0.9, correct=False),
        sample("p", answer=None),
        without,
        sample("p", answer="7", correct=False),
    )
    data = read(path, "scored_samples", steps=False)
    grid = sample_grid(data.problems, data.solutions, places=5)
    assert grid.ids == ("test/p.json", "test/q.json")
    assert grid.mask.tolist() == [[True, False, False, True, False], [True] + [False] * 4]
    assert grid.correct.sum() == 1 and grid.correct[0, 0]
    assert grid.answers[0, [0, 3]].tolist() == ["1", "7"]


def test_token_counts_are_read_where_there_are_any(jsonl: Jsonl) -> None:
    path = jsonl({**sample("p"), "completion_tokens": 12}, sample("p"))
    assert read(path, "scored_samples").solutions["n_tokens"].astype(object).tolist() == [12, pd.NA]
    with pytest.raises(InputError, match="'num_tokens' holds 'many'"):
        read(jsonl({**sample("p"), "num_tokens": ["many"]}), "scored_samples")


def test_given_answer_is_another_name_of_answer(jsonl: Jsonl) -> None:
    record = {("given_answer" if key == "answer" else key): value for key, value in sample().items()}
    assert read(jsonl(record), "scored_samples").solutions["answer"].tolist() == ["1"]


def test_tables_hold_the_probabilities_of_each_step(jsonl: Jsonl) -> None:
    data = read(jsonl(sample(), sample(answer=None)), "scored_samples")
    assert data.scores["verifier"].tolist() == ["prm", "orm"] * 2
    assert data.scores["negative"].tolist()[:2] == [[0.1, 0.5], [0.75]]
    assert data.scores["neutral"].tolist()[0] == [0.2, 0.0]
    assert data.solutions["is_correct"].tolist() == [True, False]
    assert data.solutions["sample_id"].tolist() == [0, 1]


def test_without_steps_the_published_scores_are_left(jsonl: Jsonl) -> None:
    path = jsonl(sample(prm=0.3), sample(prm=None, answer=None))
    data = read(path, "scored_samples", steps=False)
    assert data.solutions["steps"].tolist() == [[], []]
    assert data.scores["reward"].tolist() == pytest.approx([0.3, 0.25, 0.9 * 0.5, 0.25])
    assert data.scores["negative"].map(len).tolist() == [1, 1, 1, 1]
    assert data.problems["level"].tolist() == [4]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (sample(orm_score="high"), "are not both numbers"),
        (sample(orm_score=2.0), "orm_score 2.0 are not both numbers in"),
        (sample(prm=-0.5), "prm_score -0.5 and orm_score 0.25 are not both numbers in"),
        (sample(prm=None, rating_probs=[{"1": 1.0}]), "key '-1' is missing"),
        (sample(is_correct=None), "are not a string and true or false"),
        (sample(answer=None, is_correct="false"), "are not a string and true or false"),
        (sample(answer=7), "are not a string and true or false"),
        (sample(orm_score=float("nan")), "are not both numbers"),
        ({"problem": "p"}, "is missing"),
    ],
)
def test_a_bad_line_is_named_or_counted(jsonl: Jsonl, bad: object, reason: str) -> None:
    path = jsonl(sample(), bad)
    with pytest.raises(InputError, match=reason) as caught:
        read(path, "scored_samples")
    assert f"{path}:2: " in str(caught.value)
    assert read(path, "scored_samples", on_error="skip").skipped == 1


def test_the_real_prm_scores_are_the_product_of_1_minus_p_negative(real: Callable[[str], Path]) -> None:
    path = real("prm800k/scored_samples.jsonl")
    for record in iter_records(path):
        assert prm_score(record) == pytest.approx(record["prm_score"], abs=1e-9)
    data = read(path, "scored_samples")
    assert len(data.problems) == 2 and data.solutions["answer"].notna().sum() == 3
