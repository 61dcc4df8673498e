"""Records of OpenR and of compute-optimal-tts: samples with step scores, and results of searches."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepscale.errors import InputError
from stepscale.formats import read, read_predictions, write
from stepscale.formats.contract import Tables

Jsonl = Callable[..., Path]

RECORD = {
    "question": "1+1?",
    "groundtruth": "Adding gives $\\boxed{2}$.",
    "result": {"majority_vote": 1, "prm_min_max": 0, "prm_last_vote": 1, "total_completion_tokens": 30},
    "output": [
        {"path_idx": 0, "text": "Add.\n\n$\\boxed{2}$", "value": [0.75, 1], "completion_tokens": 20},
        {
            "path_idx": 1,
            "text": "Add. \u043a\u0438\nThe answer is: $\\boxed{3}$ \u043a\u0438\n",
            "value": [],
            "completion_tokens": 10,
        },
    ],
}
ONE = {
    "question": "1+1?",
    "groundtruth": "Two.",
    "result": {"majority_vote": 1, "total_completion_tokens": 9},
    "output": [{"path_idx": 0, "text": "It is 2.", "value": [0.5], "extracted_answer": "2.0", "completion_tokens": 9}],
}


@pytest.mark.parametrize("format", ["openr", "compute_optimal_tts"])
def test_solutions_are_samples_with_step_scores(jsonl: Jsonl, format: str) -> None:
    data = read(jsonl(RECORD), format, verifier="shepherd", generator="m")
    assert data.problems.loc[0, ["problem", "answer"]].tolist() == ["1+1?", "2"]
    assert data.solutions["steps"].tolist() == [["Add.", "$\\boxed{2}$"], ["Add.", "The answer is: $\\boxed{3}$"]]
    assert data.solutions["is_correct"].tolist() == [True, False], "of several solutions there is no verdict on each"
    assert data.solutions["n_tokens"].tolist() == [20, 10]
    assert data.scores[["verifier", "negative"]].values.tolist() == [["shepherd", [0.25, 0.0]], ["shepherd", [1.0]]]


def test_a_record_of_one_solution_has_the_files_verdict_and_records_of_a_question_follow_each_other(
    tmp_path: Path,
) -> None:
    for i, right in enumerate((1, 0)):
        file = tmp_path / "question_0" / f"record_{i}.jsonl"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({**ONE, "result": {**ONE["result"], "majority_vote": right}}) + "\n")
    (tmp_path / "avg_result.json").write_text(json.dumps([{"majority_vote": 0.5, "total_completion_tokens": 9}]))
    (tmp_path / "config.json").write_text("{}")
    data = read(tmp_path, "compute_optimal_tts")
    assert data.solutions["sample_id"].tolist() == [0, 1] and data.solutions["is_correct"].tolist() == [True, False]
    assert data.solutions["answer"].tolist() == ["2.0", "2.0"], "the answer that the tool took"
    assert data.problems["answer"].isna().all(), "a gold answer is never guessed from prose"
    assert data.scores["sample_id"].tolist() == [0, 1]


def test_the_zero_that_stands_for_no_score_is_none_and_a_dummys_counts_are_refused(jsonl: Jsonl) -> None:
    unscored = {**ONE, "output": [{**ONE["output"][0], "value": [0]}]}
    assert read(jsonl(unscored), "openr").scores.empty
    dummy = {**RECORD, "output": [{**one, "value": [0, 1, 2]} for one in RECORD["output"]]}
    with pytest.raises(InputError, match="a step score is 2, not a number in"):
        read(jsonl(dummy), "openr")


def test_tokens_of_a_beam_search_are_of_the_whole_and_not_of_a_sample(jsonl: Jsonl) -> None:
    output = [
        {**one, "tree_completion_tokens": 40, "completion_tokens": n}
        for one, n in zip(RECORD["output"], (0, 60), strict=True)
    ]
    assert read(jsonl({**RECORD, "output": output}), "openr").solutions["n_tokens"].isna().all()


def test_results_of_a_search_are_rows_by_how_it_took_its_answer(jsonl: Jsonl) -> None:
    rows = read_predictions(jsonl(RECORD), "openr", budget=8).predictions
    assert rows[["strategy", "budget", "is_correct", "tokens"]].values.tolist() == [
        ["majority_vote", 8, True, 30.0],
        ["prm_min_max", 8, False, 30.0],
        ["prm_last_vote", 8, True, 30.0],
    ]
    with pytest.raises(InputError, match="was given before: give the results of one search"):
        read_predictions(jsonl(RECORD, RECORD), "openr")


@pytest.mark.parametrize(
    ("method", "n"),
    [
        ({"tree_max_width": 4, "beam_size": 2, "direct_io": 0}, 4),
        ({"tree_max_width": 4, "beam_size": 2}, 8),
        ({"num_sequence": 16}, 16),
        ("none", 2),
    ],
)
def test_the_budget_of_a_search_is_the_configured_one(tmp_path: Path, method: Any, n: int) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"method_config": method}))
    (tmp_path / "record.jsonl").write_text(json.dumps(RECORD) + "\n")
    assert set(read_predictions(tmp_path / "record.jsonl", "openr").predictions["budget"]) == {n}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({**RECORD, "output": []}, "not a list of solutions"),
        ({**RECORD, "output": [{**RECORD["output"][0], "value": 0.5}]}, "not a list of step scores"),
        ({**RECORD, "output": [{**RECORD["output"][0], "completion_tokens": "7"}]}, "not a number of tokens"),
        ({**ONE, "result": {"majority_vote": 0.5}}, "not 0 or 1"),
        ({**RECORD, "groundtruth": None}, "'groundtruth' is NoneType"),
    ],
)
def test_a_bad_record_is_named_with_its_reason(jsonl: Jsonl, bad: Any, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read(jsonl(bad), "openr")
    assert ":1: " in str(caught.value) and reason in str(caught.value)


def test_predictions_of_ones_own_are_a_table_and_other_formats_have_none(jsonl: Jsonl, tmp_path: Path) -> None:
    data = read_predictions(jsonl(RECORD), "openr")
    write(data, tmp_path / "tables", "parquet")
    again = read_predictions(tmp_path / "tables", "parquet").predictions
    assert again["strategy"].tolist() == data.predictions["strategy"].tolist()
    write(Tables(problems=data.problems), tmp_path / "bare", "parquet")
    with pytest.raises(InputError, match=r"no predictions\.parquet"):
        read_predictions(tmp_path / "bare", "parquet")
    with pytest.raises(InputError, match=r"cannot read results of searches in it; choose one of search_and_learn"):
        read_predictions(jsonl(RECORD), "math")
    orphan = Tables(problems=data.problems, predictions=data.predictions.assign(problem_id="x"))
    with pytest.raises(InputError, match="predictions: problem_id 'x' has no row in problems"):
        write(orphan, tmp_path / "orphan", "parquet")
