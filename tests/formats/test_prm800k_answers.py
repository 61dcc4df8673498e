"""The answer of a PRM800K record: below the published heading as it stands, below any other heading as texts are graded."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from prm800k_records import completion, record, step

from stepscale.formats import iter_records, read

Jsonl = Callable[..., Path]


def answer(jsonl: Jsonl, last: str) -> str | None:
    (got,) = read(jsonl(record(step(completion("First.")), step(completion(last)))), "prm800k").solutions["answer"]
    return None if pd.isna(got) else got


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("So 7.\n\n# Answer\n\n7", "7"),
        ("# Answer\n\nthe value is 7", "the value is 7"),
        ("# Answer\n\n\\begin{pmatrix}\n1\\\\2\n\\end{pmatrix}", "\\begin{pmatrix}\n1\\\\2\n\\end{pmatrix}"),
        ("# Answer \n\n7,\n8", "7,\n8"),
        ("# Answer\r\n\r\nit is 7", "it is 7"),
        ("so # Answer\n\n7", "7"),
        ("# Answer\n\n", None),
        ("# Answer", None),
    ],
)
def test_the_published_heading_is_read_as_it_stands(jsonl: Jsonl, last: str, expected: str | None) -> None:
    assert answer(jsonl, last) == expected


@pytest.mark.parametrize(
    "last",
    [
        "# Answer:\n\n7",
        "# Answer: 7",
        "so # Answer: 7",
        "# Answers\n\n7",
        "# Answer.\n7",
        "#\u00a0Answer\n\n7",
        "#Answer\n\n7",
        "# ANSWER\n\n7",
        "# Final Answer\n\n7",
        "## **Answer**\n\n7",
        "# Answer\n\n\\boxed{7}",
        "# Answer:\n\nIt is \\fbox{7}.",
        "# Answer\n\n3\n\n# Answer: 7",
        "\\boxed{3}\n\n# Answer: 7",
    ],
)
def test_another_heading_or_a_box_is_read_as_graded_texts_are(jsonl: Jsonl, last: str) -> None:
    assert answer(jsonl, last) == "7"


@pytest.mark.parametrize(
    "last",
    [
        "So the answer is 7.",
        "The answer is \\boxed{7}.",
        "It is 7",
        "# Answering 7 questions",
        "the # answers is 7",
        "# Answer\n\n\\boxed{}",
        "# The answer so far",
    ],
)
def test_a_last_step_without_a_heading_states_no_answer(jsonl: Jsonl, last: str) -> None:
    assert answer(jsonl, last) is None


@pytest.mark.parametrize("name", ["phase1_test.reconstructed.jsonl", "records_original.jsonl"])
def test_real_answers_are_what_follows_the_heading(real: Callable[[str], Path], name: str) -> None:
    solutions = read(real(f"prm800k/{name}"), "prm800k", drop=()).solutions
    expected = [
        steps[-1].rpartition("# Answer")[2].strip() if steps and "# Answer" in steps[-1] else None
        for steps in solutions["steps"]
    ]
    assert [None if pd.isna(got) else got for got in solutions["answer"]] == expected
    assert any(expected) and len(expected) == len(list(iter_records(real(f"prm800k/{name}"))))
