"""A blank or a NUL in place of any value of a record: what is no name or text is refused where it stands, in every format."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from changed_records import with_value

sys.path.append(str(Path(__file__).resolve().parents[2]))

from campaigns.files.good_record import GoodRecord
from campaigns.files.records import RECORDS
from stepscale.errors import InputError
from stepscale.formats import read, read_predictions

Jsonl = Callable[..., Path]
BLANKS = (" ", "\u00a0", "\0")
ANSWERED = {"problem": "1+1?", "answer": "2", "unique_id": "a", "pred_weighted@4": "\\boxed{2}"}
POOL = next(good.record for good in RECORDS if good.format == "best_of_n" and "n" in good.record)
CACHED = {
    "problem_id": POOL["problem_id"],
    "prm_name": "q",
    "candidate_index": 0,
    "step_scores": [0.5, 0.5],
    "n_steps": 2,
}


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all texts in a record."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, str):
            yield (*place, key)
        elif isinstance(inner, dict | list):
            yield from places(inner, (*place, key))


def refused(file: Path, format: str) -> str | None:
    """What a reader says against a file; None where it reads it."""
    try:
        read(file, format)
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize("good", RECORDS, ids=lambda good: good.format)
def test_a_blank_in_place_of_any_text_is_read_or_refused_with_file_and_line(good: GoodRecord, jsonl: Jsonl) -> None:
    texts = list(places(good.record))
    assert texts
    for place in texts:
        for blank in BLANKS:
            file = jsonl(json.dumps(good.neighbor("before")), json.dumps(with_value(good.record, place, blank)))
            if refusal := refused(file, good.format):
                assert refusal.startswith(f"{file}:2: "), (place, blank)
                assert read(file, good.format, on_error="skip").skipped == 1, (place, blank)


@pytest.mark.parametrize("blank", [" ", "\u00a0"])
@pytest.mark.parametrize("key", ["problem_id", "prm_name"])
def test_step_scores_of_a_problem_or_verifier_without_a_name_are_refused(key: str, blank: str, jsonl: Jsonl) -> None:
    file = jsonl(json.dumps(POOL), json.dumps(CACHED | {key: blank}))
    with pytest.raises(InputError, match=r"data\.jsonl:2: the (id of the problem|name of a verifier) is blank"):
        read(file, "best_of_n")


@pytest.mark.parametrize("blank", [" ", "\u00a0"])
def test_results_of_searches_on_a_problem_without_a_name_are_refused(blank: str, jsonl: Jsonl) -> None:
    file = jsonl(json.dumps(ANSWERED | {"problem": "p"}), json.dumps(ANSWERED | {"unique_id": blank}))
    with pytest.raises(InputError, match=r"data\.jsonl:2: the id of the problem is blank"):
        read_predictions(file, "search_and_learn")
