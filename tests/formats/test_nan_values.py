"""NaN is a missing value: at any place of a record it reads as null does, from JSON, Parquet, Arrow and inspect's files."""

import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from changed_records import with_value
from prm800k_records import LAST, completion, record, step
from pyarrow import ipc, parquet

sys.path.append(str(Path(__file__).resolve().parents[2]))

from campaigns.files.good_record import GoodRecord
from campaigns.files.records import RECORDS
from stepscale.errors import InputError
from stepscale.formats import iter_records, read, read_predictions

Jsonl = Callable[..., Path]
NAN = float("nan")
LAST_TEXT = LAST["completions"][0]["text"]
SAMPLES: dict[str, dict[str, Any]] = {
    "best_of_n": {"question": "1+1?", "gt": "2", "code": ["It is $\\boxed{2}$."], "pred_score": [0.5]},
    "search_and_learn": {"problem": "1+1?", "answer": "2", "completions": ["\\boxed{2}"], "scores": [[0.5]]},
    "scored_samples": {
        "problem": "p",
        "steps": ["a"],
        "answer": "7",
        "is_correct": True,
        "orm_score": 0.5,
        "rating_probs": [{"1": 0.9, "0": 0.0, "-1": 0.1}],
    },
}
LINE = {"problem": "1+1?", "answer": "2", "completion": "Add.\n\nIt is $\\boxed{2}$."}


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all values in a record."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*place, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*place, key))


@pytest.mark.parametrize("name", ["x.jsonl", "x.json"])
@pytest.mark.parametrize("good", RECORDS, ids=lambda good: good.format)
def test_a_nan_anywhere_in_a_record_is_null_to_its_reader(good: GoodRecord, name: str, jsonl: Jsonl) -> None:
    variants = [[with_value(good.record, place, value) for place in places(good.record)] for value in (None, NAN)]
    with_null, with_nan = ([json.dumps(variants)] if name == "x.json" else variants for variants in variants)
    assert list(iter_records(jsonl(*with_null, name=name))) == list(iter_records(jsonl(*with_nan, name=name)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("n_tokens", NAN),
        ("completion_tokens", NAN),
        ("scores", {"q": NAN}),
        ("scores", '{"q": NaN}'),
        ("is_correct", NAN),
    ],
)
def test_a_sample_line_has_nothing_where_it_has_nan(jsonl: Jsonl, key: str, value: Any) -> None:
    tables = read(jsonl({**LINE, key: value}), "sample_lines")
    assert tables.solutions["n_tokens"].isna().all() and tables.scores.empty
    assert tables.solutions["is_correct"].tolist() == [True], "graded here"


@pytest.mark.parametrize(
    "changes",
    [
        *({"format": "best_of_n", key: NAN} for key in ("pred", "score", "completion_tokens")),
        *({"format": "best_of_n", key: [NAN]} for key in ("pred", "score", "completion_tokens")),
        *({"format": "search_and_learn", key: NAN} for key in ("agg_scores", "completion_tokens")),
        *({"format": "search_and_learn", key: [NAN]} for key in ("agg_scores", "completion_tokens")),
        *({"format": "scored_samples", key: NAN} for key in ("answer", "prm_score", "num_tokens")),
        {"format": "scored_samples", "answer": NAN, "is_correct": NAN},
    ],
)
def test_samples_of_others_have_nothing_where_they_have_nan(jsonl: Jsonl, changes: dict[str, Any]) -> None:
    format = changes["format"]
    assert len(read(jsonl({**SAMPLES[format], **changes}), format).solutions) == 1


@pytest.mark.parametrize("key", ["human_completion", "chosen_completion", "completions", "rating", "flagged"])
def test_prm800k_has_nothing_where_it_has_nan(jsonl: Jsonl, key: str) -> None:
    first = step(completion("a"))
    (first["completions"][0] if key in ("rating", "flagged") else first)[key] = NAN
    first |= {"chosen_completion": None} if key == "completions" else {}
    steps = read(jsonl(record(first, LAST)), "prm800k").solutions["steps"].tolist()
    assert steps == [["a", LAST_TEXT] if key not in ("chosen_completion", "completions") else [LAST_TEXT]]


@pytest.mark.parametrize("scores", [[0.5, NAN], [0.5, None], "[0.5, NaN]"])
def test_a_list_of_scores_lacks_none(jsonl: Jsonl, scores: Any) -> None:
    with pytest.raises(InputError, match=r"data.jsonl:1: a step score of prm is None, not a number in \[0, 1\]"):
        read(jsonl({**LINE, "scores": scores}), "sample_lines")


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "1e999"])
def test_infinity_is_a_number_and_refused(jsonl: Jsonl, number: str) -> None:
    line = json.dumps({**LINE, "n_tokens": "number"}).replace('"number"', number)
    with pytest.raises(InputError, match=r"data.jsonl:1: (not JSON|'n_tokens' holds -?inf)"):
        read(jsonl(line), "sample_lines")


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_nan_in_a_row_of_a_table_is_missing_at_any_depth(tmp_path: Path, kind: str) -> None:
    rows = [
        {**LINE, "n_tokens": NAN, "scores": {"q": NAN, "p": [0.5, 0.25]}},
        {**LINE, "n_tokens": 3.0, "scores": None},
    ]
    table, file = pa.Table.from_pylist(rows), tmp_path / f"data.{kind}"
    if kind == "parquet":
        parquet.write_table(table, file)
    else:
        with ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    assert [row["n_tokens"] for row in iter_records(file)] == [None, 3.0]
    tables = read(file, "sample_lines")
    assert tables.scores["verifier"].tolist() == ["p"]
    assert [None if pd.isna(count) else count for count in tables.solutions["n_tokens"]] == [None, 3]


def test_a_sample_of_an_eval_archive_may_hold_nan(tmp_path: Path) -> None:
    good = next(good.record for good in RECORDS if good.format == "inspect")
    (sample,) = good["samples"][:1] if "samples" in good else [good]
    score = {"match": {"value": NAN, "answer": None}}
    with zipfile.ZipFile(tmp_path / "log.eval", "w") as archive:
        archive.writestr("samples/1_epoch_1.json", json.dumps({**sample, "scores": score}))
        archive.writestr("header.json", json.dumps({"status": "success"}))
    assert len(read(tmp_path / "log.eval", "inspect").solutions) == 1


@pytest.mark.parametrize("prediction", [None, NAN])
def test_a_prediction_that_is_missing_is_passed_over(jsonl: Jsonl, prediction: Any) -> None:
    searched = {"problem": "1+1?", "answer": "2", "pred_maj@2": prediction, "pred_maj@4": "\\boxed{2}"}
    assert read_predictions(jsonl(searched), "search_and_learn").predictions["budget"].tolist() == [4]


@pytest.mark.parametrize("absent", [{}, {"answer": None}, {"answer": NAN}])
def test_an_older_name_of_the_answer_counts_where_the_newer_is_missing(jsonl: Jsonl, absent: dict[str, Any]) -> None:
    sample = {key: value for key, value in SAMPLES["scored_samples"].items() if key != "answer"}
    tables = read(jsonl({**sample, **absent, "given_answer": "7"}), "scored_samples")
    assert tables.solutions["answer"].tolist() == ["7"] and tables.solutions["is_correct"].tolist() == [True]


@pytest.mark.parametrize("gold", [None, NAN])
def test_a_gold_answer_of_a_named_key_may_be_missing(jsonl: Jsonl, gold: Any) -> None:
    logged = {"doc": {"question": "1+1?", "gold": gold}, "target": "2", "filter": "none", "resps": [["It is 2."]]}
    assert read(jsonl(logged), "lm_eval", answer="gold").problems["answer"].isna().all()


@pytest.mark.parametrize("target", ["First \\boxed{3}, so \\boxed{7", "Put it in \\boxed{}."])
def test_a_target_whose_box_holds_no_answer_is_no_answer_as_a_whole(jsonl: Jsonl, target: str) -> None:
    logged = {"doc": {"question": "1+1?"}, "target": target, "filter": "none", "resps": [["It is 2."]]}
    assert read(jsonl(logged), "lm_eval").problems["answer"].isna().all()
