"""Results of others' searches are laid over the given problems by their texts."""

from pathlib import Path

import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.formats import Tables, write
from stepscale.parameters import SearchBlock
from stepscale.pipelines.samples.reading import read_searches, read_step_labels

GIVEN = pd.DataFrame({"problem_id": ["a", "b", "c"], "problem": ["1+1?", " 2+2?", "3+3?"]})
COUNTS = {"per_problem": 1, "problems_per_shard": 1}


@pytest.fixture
def beam(tmp_path: Path) -> Path:
    problems = pd.DataFrame(
        {"problem_id": ["x", "y", "z"], "problem": ["2+2?", "1+1? ", "9+9?"], "answer": ["4", "2", "18"]}
    )
    rows = problems[["problem_id"]].assign(strategy="weighted", budget=4, answer="4", is_correct=[True, False, True])
    write(Tables(problems=problems, predictions=rows), tmp_path / "beam", "parquet")
    return tmp_path / "beam"


def block(path: Path, **source: object) -> SearchBlock:
    searches = [{"path": str(path), "format": "parquet", **source}]
    block = {"path": "theirs.jsonl", "format": "best_of_n", "searches": searches}
    return SearchBlock.model_validate({"samples": COUNTS, "heldout_samples": COUNTS, "given_samples": block})


def test_problems_are_matched_by_text_and_others_left_out(beam: Path) -> None:
    rows = read_searches(GIVEN, block(beam))
    assert rows[["problem_id", "strategy", "is_correct"]].values.tolist() == [
        ["b", "beam, weighted", True],
        ["a", "beam, weighted", False],
    ]
    first = read_searches(GIVEN, block(beam, name="theirs", limit=1))
    assert first[["problem_id", "strategy"]].values.tolist() == [["b", "theirs, weighted"]]


def test_a_search_of_other_problems_is_refused(beam: Path) -> None:
    with pytest.raises(InputError, match="none of its problems is among those of the given samples"):
        read_searches(GIVEN.assign(problem=["p", "q", "r"]), block(beam))


def test_nothing_beside_the_samples_is_no_rows() -> None:
    alone = SearchBlock.model_validate({"samples": COUNTS, "heldout_samples": COUNTS})
    assert read_searches(GIVEN, alone).empty and read_step_labels(alone).empty
