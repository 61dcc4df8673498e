"""What was read from PRM800K comes out with the same meaning; what is labeled here goes out in PRM800K's phase 2 shape."""

import dataclasses
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import prm800k_records as traps
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prm800k_records import completion, record, step

from stepscale.errors import InputError
from stepscale.formats import Tables, read, tables, write

Jsonl = Callable[..., Path]


def lines(path: Path) -> list[Any]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def same_tables(path: Path, folder: Path) -> int:
    """Whether reading what was written gives the tables that were read before; how many records were written."""
    before = read(path, "prm800k", drop=())
    written = write(before, folder / "again.jsonl.gz", "prm800k")
    after = read(folder / "again.jsonl.gz", "prm800k", drop=())
    for name in ("problems", "solutions", "step_labels", "records"):
        pd.testing.assert_frame_equal(getattr(after, name), getattr(before, name))
    return written


def test_every_trap_comes_out_with_the_same_meaning(jsonl: Jsonl, tmp_path: Path) -> None:
    records = list(traps.TRAPS.values())
    assert same_tables(jsonl(*records), tmp_path) == len(records)


@pytest.mark.parametrize("name", ["records_original.jsonl", "phase1_test.reconstructed.jsonl"])
def test_all_real_records_come_out_with_the_same_meaning(
    real: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    path = real(f"prm800k/{name}")
    assert same_tables(path, tmp_path) == len(lines(path))


def test_a_record_of_the_published_shape_comes_out_equal(jsonl: Jsonl, tmp_path: Path) -> None:
    write(read(jsonl(traps.FOUND_ERROR), "prm800k"), tmp_path / "out.jsonl", "prm800k")
    assert lines(tmp_path / "out.jsonl") == [traps.FOUND_ERROR]


def test_dropped_records_are_not_written(jsonl: Jsonl, tmp_path: Path) -> None:
    data = read(jsonl(traps.QUALITY_CONTROL, traps.SIBLINGS, traps.BAD_PROBLEM), "prm800k")
    assert write(data, tmp_path / "out.jsonl", "prm800k") == 1


def test_records_survive_parquet(jsonl: Jsonl, tmp_path: Path) -> None:
    data = read(jsonl(*traps.TRAPS.values()), "prm800k")
    write(data, tmp_path / "tables", "parquet")
    write(read(tmp_path / "tables", "parquet"), tmp_path / "out.jsonl", "prm800k")
    write(data, tmp_path / "direct.jsonl", "prm800k")
    assert lines(tmp_path / "out.jsonl") == lines(tmp_path / "direct.jsonl")


def test_a_label_changed_after_reading_is_written_as_it_now_stands(jsonl: Jsonl, tmp_path: Path) -> None:
    data = read(jsonl(traps.SIBLINGS), "prm800k")
    changed = data.step_labels.assign(rating=data.step_labels["rating"].where(data.step_labels["text"] != "a1", 0))
    write(dataclasses.replace(data, step_labels=changed), tmp_path / "out.jsonl", "prm800k")
    (out,) = lines(tmp_path / "out.jsonl")
    assert [one["rating"] for one in out["label"]["steps"][0]["completions"]] == [1, 0, 0]


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
completions = st.builds(completion, words, st.sampled_from([1, 0, -1, None]), st.sampled_from([True, False, None]))


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    labeled = draw(st.lists(completions, max_size=3))
    chosen = draw(st.none() | st.integers(0, len(labeled) - 1)) if labeled else None
    return step(*labeled, chosen=chosen, human=draw(st.none() | words))


def of_one_gold(rows: list[Any], finish: str, problem: str, second: bool) -> dict[str, Any]:
    made: dict[str, Any] = (traps.phase2 if second else record)(*rows, finish=finish, problem=problem)
    made["question"]["ground_truth_answer"] = "5"
    return made


records_ = st.builds(
    of_one_gold,
    st.lists(steps(), max_size=4),
    st.sampled_from(["solution", "found_error", "give_up", "bad_problem"]),
    st.sampled_from(["1+1", "1+1 ", "2+2"]),
    st.booleans(),
)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records_, min_size=1, max_size=8))
def test_any_records_come_out_with_the_same_meaning(tmp_path: Path, records: list[Any]) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    if all(one["label"]["finish_reason"] in ("give_up", "bad_problem") for one in records):
        with pytest.raises(InputError, match="every record was dropped"):
            read(path, "prm800k")
        return
    assert same_tables(path, tmp_path) == len(records)


def lab_tables(ratings: list[int | None], finish: str = "solution", labeler: str = "symbolic") -> Tables:
    """One solution of three steps labeled here."""
    n = len(ratings)
    return Tables(
        problems=tables.problems(pd.DataFrame({"problem_id": ["lab-1"], "problem": ["1+2+3"], "answer": ["6"]})),
        solutions=tables.solutions(
            pd.DataFrame(
                {
                    "problem_id": ["lab-1"],
                    "sample_id": [4],
                    "steps": [["s0", "s1", "\\boxed{6}"]],
                    "answer": ["6"],
                    "finish": finish,
                }
            )
        ),
        step_labels=tables.step_labels(
            pd.DataFrame(
                {
                    "problem_id": "lab-1",
                    "sample_id": 4,
                    "step": range(n),
                    "completion": 0,
                    "text": ["s0", "s1", "\\boxed{6}"][:n],
                    "rating": ratings,
                    "is_chosen": True,
                    "labeler": labeler,
                }
            )
        ),
    )


def test_labels_made_here_are_phase_2_records_up_to_the_first_error(tmp_path: Path) -> None:
    write(lab_tables([1, -1, 1]), tmp_path / "out.jsonl", "prm800k")
    (out,) = lines(tmp_path / "out.jsonl")
    assert out.keys() == traps.FOUND_ERROR.keys() and out["question"].keys() == traps.FOUND_ERROR["question"].keys()
    assert out["labeler"] == "symbolic" and out["label"]["finish_reason"] == "found_error"
    assert [one["chosen_completion"] for one in out["label"]["steps"]] == [0, None]
    assert out["question"]["pre_generated_steps"] == ["s0", "s1", "\\boxed{6}"]
    back = read(tmp_path / "out.jsonl", "prm800k")
    assert back.step_labels["rating"].tolist() == [1, -1]
    assert back.step_labels["labeler"].tolist() == ["symbolic"] * 2


@pytest.mark.parametrize(
    ("ratings", "finish", "reason"),
    [([1, 0, 1], "solution", "solution"), ([1, 1], "solution", "give_up"), ([1, 1, 1], "length", "give_up")],
)
def test_a_solution_counts_as_finished_where_each_step_is_labeled(
    tmp_path: Path, ratings: list[int | None], finish: str, reason: str
) -> None:
    write(lab_tables(ratings, finish), tmp_path / "out.jsonl", "prm800k")
    assert lines(tmp_path / "out.jsonl")[0]["label"]["finish_reason"] == reason


def test_records_made_here_round_trip_record_for_record_and_one_is_made_for_each_labeler(tmp_path: Path) -> None:
    mine, other = lab_tables([1, -1, 1]), lab_tables([1, 0, 1], labeler="prm_large")
    both = dataclasses.replace(mine, step_labels=pd.concat([mine.step_labels, other.step_labels], ignore_index=True))
    assert write(both, tmp_path / "a.jsonl", "prm800k") == 2
    write(read(tmp_path / "a.jsonl", "prm800k"), tmp_path / "b.jsonl", "prm800k")
    assert lines(tmp_path / "a.jsonl") == lines(tmp_path / "b.jsonl")
    assert [one["labeler"] for one in lines(tmp_path / "b.jsonl")] == ["symbolic", "prm_large"]


def test_labels_without_their_solution_are_refused_and_an_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    data = lab_tables([1])
    with pytest.raises(InputError, match=r"step_labels: .* has no row in solutions"):
        write(dataclasses.replace(data, solutions=data.solutions.iloc[:0]), path, "prm800k")
    assert path.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == ["out.jsonl"]
