"""Problems read from files: which of them may be learned from."""

import json
from pathlib import Path

import pytest

from stepscale.errors import InputError
from stepscale.parameters import PoolBlock, ProblemSource
from stepscale.pipelines.active_learning.nodes import read_given_labels
from stepscale.pipelines.ingestion.nodes import _problems_of_files, ingest
from stepscale.verifiers.examples import orm_examples


def test_a_training_problem_that_is_in_the_test_set_is_left_out_whatever_blanks_surround_it(tmp_path: Path) -> None:
    texts = {"train": ["What is 1+1?", " What is 2+2?\n", "What is 3+3?"], "test": ["What is 2+2?"]}
    for split, problems in texts.items():
        rows = [{"problem": text, "answer": "2", "solution": "It is \\boxed{2}."} for text in problems]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = {split: {"path": str(tmp_path / f"{split}.jsonl"), "format": "math"} for split in texts}
    one = {**files, "train": {**files["train"], "limit": 1}}
    with pytest.raises(InputError, match=r"problems\.train: 1 problems to learn from and 0 for validation"):
        ingest(ProblemSource.model_validate({"source": "files", **one}), seed=0)
    problems = _problems_of_files(ProblemSource.model_validate({"source": "files", **files}), seed=0)
    practice = problems[problems["split"].isin(["train", "valid"])]
    assert list(practice["problem"].str.strip()) == ["What is 1+1?", "What is 3+3?"]
    assert list(problems.loc[problems["split"] == "test", "problem"]) == ["What is 2+2?"]


@pytest.mark.parametrize(
    ("n", "share", "n_valid"), [(12, 0.2, 2), (2, 0.1, 1), (5, 0.01, 1), (40, 0.1, 4), (3, 0.99, 2)]
)
def test_as_many_problems_are_for_validation_as_the_share_says_and_one_at_the_least(
    tmp_path: Path, n: int, share: float, n_valid: int
) -> None:
    rows = [{"problem": f"What is {i}+1?", "answer": str(i + 1)} for i in range(n)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "test.jsonl").write_text(json.dumps({"problem": "What is 99+1?", "answer": "100"}) + "\n")
    files = {split: {"path": str(tmp_path / f"{split}.jsonl"), "format": "math"} for split in ("train", "test")}
    chosen = []
    for seed in range(4):
        problems = ingest(ProblemSource.model_validate({"source": "files", "valid_share": share, **files}), seed)
        chosen.append(tuple(problems.loc[problems["split"] == "valid", "problem"]))
        assert len(chosen[-1]) == n_valid and (problems["split"] == "train").sum() == n - n_valid
    assert len(set(chosen)) > 1, "which ones: by the seed"


def test_the_whole_solutions_that_phase_2_showed_follow_its_records_graded_by_their_answers(tmp_path: Path) -> None:
    """A record that found an error ends before it; what an ORM learns of wrong answers stands in the question."""
    texts = {"train": "What is 4+4?", "test": "What is 2+2?"}
    wrong = {
        "problem": texts["train"],
        "ground_truth_answer": "8",
        "ground_truth_solution": None,
        "pre_generated_steps": ["Four and four.", "# Answer\n\n9"],
        "pre_generated_answer": "9",
    }
    right = {**wrong, "pre_generated_steps": ["Eight.\n\n# Answer\n\n8"], "pre_generated_answer": "8"}
    error = {"text": "Five.", "rating": -1, "flagged": False}
    got = {"completions": [error], "human_completion": None, "chosen_completion": None}
    rows = [
        {"labeler": "ann", "generation": 6, "question": question, "label": {"steps": [got], "finish_reason": finish}}
        for question, finish in (
            (wrong, "found_error"),
            (wrong, "found_error"),
            (right, "found_error"),
            (right, "give_up"),
        )
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "test.jsonl").write_text(json.dumps({"problem": texts["test"], "answer": "4"}) + "\n")
    files = {
        "train": {"path": str(tmp_path / "train.jsonl"), "format": "prm800k"},
        "test": {"path": str(tmp_path / "test.jsonl"), "format": "math"},
    }
    block = {"source": "files", "valid_share": 1e-9, **files}
    source = ProblemSource.model_validate(block)
    problems = _problems_of_files(source, seed=0)
    pool = PoolBlock.model_validate({"train": {"per_problem": 1, "problems_per_shard": 1}, "labeler": "given"})
    given = read_given_labels(problems, source, pool)
    solutions, labels = given["solutions"], given["step_labels"]
    assert solutions["sample_id"].tolist() == [0, 1, 2, 4, 5], "3 is the record that was given up"
    assert solutions["finish"].tolist() == ["found_error"] * 3 + ["solution"] * 2
    assert solutions["is_correct"].tolist() == [False] * 4 + [True]
    assert set(labels["sample_id"]) == {0, 1, 2}
    taught = {example.trajectory.steps: example.targets[-1] for example in orm_examples(problems, solutions)}
    assert taught == {("Four and four.", "# Answer", "9"): 0.0, ("Eight.", "# Answer", "8"): 1.0}
