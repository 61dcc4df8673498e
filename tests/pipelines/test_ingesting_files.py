"""Problems read from files: which of them may be learned from."""

import json
from pathlib import Path

from stepscale.parameters import ProblemSource
from stepscale.pipelines.ingestion.nodes import ingest


def test_a_training_problem_that_is_in_the_test_set_is_left_out_whatever_blanks_surround_it(tmp_path: Path) -> None:
    texts = {"train": ["What is 1+1?", " What is 2+2?\n", "What is 3+3?"], "test": ["What is 2+2?"]}
    for split, problems in texts.items():
        rows = [{"problem": text, "answer": "2", "solution": "It is \\boxed{2}."} for text in problems]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = {split: {"path": str(tmp_path / f"{split}.jsonl"), "format": "math"} for split in texts}
    problems, _, _ = ingest(ProblemSource.model_validate({"source": "files", **files}), seed=0)
    practice = problems[problems["split"].isin(["train", "valid"])]
    assert list(practice["problem"].str.strip()) == ["What is 1+1?", "What is 3+3?"]
    assert list(problems.loc[problems["split"] == "test", "problem"]) == ["What is 2+2?"]
