from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from served_page import sample

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats import read
from stepscale.labeling.page.records import Submission, make_record
from stepscale.labeling.page.sample import Sample

ASKED = sample(answer="4", final_answer="5", score=0.25, round=2)
PHASE_1 = sample(alternatives=(("other", "third"),), answer="4")


def submission(*ratings: Any, labeled: Sample = ASKED, **more: Any) -> Submission:
    steps = [r if isinstance(r, dict) else {"ratings": [r] if isinstance(r, int) else list(r)} for r in ratings]
    return Submission.model_validate({"sample": labeled.id, "steps": steps, "milliseconds": 1234} | more)


def test_the_record_is_in_prm800ks_format() -> None:
    record = make_record(ASKED, submission(1, 0, -1), "ann", "task")
    assert list(record) == [
        "labeler",
        "timestamp",
        "generation",
        "is_quality_control_question",
        "is_initial_screening_question",
        "question",
        "label",
    ]
    assert record["labeler"] == "ann" and record["generation"] == 2 and record["timestamp"].count(":") == 2
    assert record["question"] == {
        "problem": "What is $p$?",
        "ground_truth_solution": None,
        "ground_truth_answer": "4",
        "pre_generated_steps": list(ASKED.steps),
        "pre_generated_answer": "5",
        "pre_generated_verifier_score": 0.25,
    }
    label = record["label"]
    assert label["total_time"] == 1234 and label["finish_reason"] == "found_error"
    assert [step["chosen_completion"] for step in label["steps"]] == [0, 0, None]
    assert label["steps"][2]["completions"] == [{"text": "step 3 of p", "rating": -1, "flagged": False}]


@pytest.mark.parametrize(
    ("ratings", "more", "finish"),
    [
        ((1, 1, 1), {}, "solution"),
        ((-1,), {}, "found_error"),
        ((1,), {"finish": "give_up"}, "give_up"),
        ((), {"finish": "bad_problem"}, "bad_problem"),
    ],
)
def test_how_a_solution_ends(ratings: tuple[int, ...], more: dict[str, str], finish: str) -> None:
    assert make_record(ASKED, submission(*ratings, **more), "ann", "task")["label"]["finish_reason"] == finish


@pytest.mark.parametrize(
    ("ratings", "line"),
    [
        ((1, -1, 1), "nothing after it is rated"),
        ((1,), "ends by its last step"),
        ((1, 1, 1, 1), "4 steps are rated"),
        (((1, 1),), "1 completions and 2 ratings"),
        (({"ratings": [-1], "written": "x"},), "no step is to be written"),
    ],
)
def test_what_does_not_fit_the_solution_is_refused(ratings: tuple[Any, ...], line: str) -> None:
    with pytest.raises(InputError, match=line):
        make_record(ASKED, submission(*ratings), "ann", "task")


@pytest.mark.parametrize(
    "bad", [{"steps": [{"ratings": [2]}]}, {"steps": [{"ratings": [True]}]}, {"milliseconds": -1}, {"sample": "../x"}]
)
def test_values_of_another_type_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        submission(1, 1, 1, **bad)


def test_screening_and_quality_control_are_marked_as_published() -> None:
    screening = make_record(ASKED, submission(1, 1, 1), "ann", "screening")
    assert screening["generation"] == -1 and screening["is_initial_screening_question"]
    assert screening["question"]["ground_truth_answer"] is None
    control = make_record(ASKED, submission(1, 1, 1), "ann", "quality_control")
    assert control["generation"] == 2 and control["is_quality_control_question"]


def test_labels_of_every_step_can_be_required_as_in_processbench() -> None:
    record = make_record(ASKED, submission(1, -1, 1), "ann", "task", "every_step")
    assert [s["completions"][0]["rating"] for s in record["label"]["steps"]] == [1, -1, 1]
    assert record["label"]["finish_reason"] == "found_error"
    with pytest.raises(InputError, match="ends by its last step"):
        make_record(ASKED, submission(1, -1), "ann", "task", "every_step")


def test_alternatives_are_siblings_and_a_human_step_is_taken_in_place_of_negative_ones() -> None:
    accepted = submission((-1, 0, 1), 1, 1, labeled=PHASE_1)
    record = make_record(PHASE_1, accepted, "ann", "task", "alternatives")
    assert [c["rating"] for c in record["label"]["steps"][0]["completions"]] == [-1, 0, 1]
    assert record["label"]["steps"][0]["chosen_completion"] == 2 and record["label"]["finish_reason"] == "solution"
    written = submission({"ratings": [-1, -1, -1], "written": " by hand "}, 1, 1, labeled=PHASE_1)
    record = make_record(PHASE_1, written, "ann", "task", "alternatives")
    first = record["label"]["steps"][0]
    assert first["chosen_completion"] is None
    assert first["human_completion"] == {"text": "by hand", "rating": None, "source": "human", "flagged": False}
    ended = submission((-1, -1, -1), labeled=PHASE_1)
    assert make_record(PHASE_1, ended, "ann", "task", "alternatives")["label"]["finish_reason"] == "found_error"


@pytest.mark.parametrize(
    ("ask", "ratings", "ratings_in_table"),
    [
        ("first_error", (1, -1), [1, -1]),
        ("every_step", (1, -1, 1), [1, -1]),
        ("alternatives", ((1, 0, -1), 1, 0), [1, 1, 0]),
        ("alternatives", ((-1, 0, 1), 1, 0), [-1]),
        ("alternatives", ({"ratings": [-1, -1, -1], "written": "w"}, 1, 0), [-1]),
    ],
)
def test_each_kind_of_record_is_read_and_labels_its_own_solution(
    tmp_path: Path, ask: Any, ratings: tuple[Any, ...], ratings_in_table: list[int]
) -> None:
    import json

    import pandas as pd

    from stepscale.labeling.by_file import FileLabeler

    labeled = PHASE_1
    path = tmp_path / "people.jsonl"
    if ask != "alternatives":
        labeled = sample()
    path.write_text(json.dumps(make_record(labeled, submission(*ratings, labeled=labeled), "ann", "task", ask)) + "\n")
    assert read(str(path), "prm800k").step_labels["labeler"].unique().tolist() == ["ann"]
    problems = pd.DataFrame({"problem_id": ["x"], "problem": [labeled.problem]})
    solutions = pd.DataFrame({"problem_id": ["x"], "sample_id": [3], "steps": [list(labeled.steps)]})
    labels = FileLabeler(path).label(problems, solutions, Ledger())
    assert labels.loc[labels["is_chosen"], "rating"].tolist() == ratings_in_table
    assert labels.loc[labels["is_chosen"], "text"].tolist() == list(labeled.steps)[: len(ratings_in_table)]
