"""PRM800K: one trajectory by the chosen completions, every other label beside it, whatever the record is like."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import prm800k_records as traps
import pytest
from prm800k_records import completion, record, step

from stepscale.errors import InputError
from stepscale.formats import Tables, iter_records, prm800k, read, tables
from stepscale.formats.checking import check
from stepscale.formats.prm800k import FILTERS
from stepscale.formats.prm800k.counts import counts
from stepscale.formats.prm800k.records_table import RECORDS

Jsonl = Callable[..., Path]


def one(jsonl: Jsonl, trap: traps.Record) -> Tables:
    return read(jsonl(trap), "prm800k", drop=())


def steps_of(data: Tables) -> list[str]:
    (steps,) = data.solutions["steps"]
    return steps


def labeled(data: Tables) -> list[tuple[int, int, str, bool]]:
    rows = data.step_labels[["step", "completion", "text", "is_chosen"]]
    return list(rows.itertuples(index=False, name=None))


def test_a_record_is_one_trajectory_and_its_siblings_and_no_product_of_them(jsonl: Jsonl) -> None:
    data = one(jsonl, traps.SIBLINGS)
    assert steps_of(data) == ["a2", "b1", "So 5.\n\n# Answer\n\n5"]
    assert len(data.solutions) == 1 and len(data.step_labels) == 6
    assert labeled(data)[:5] == [
        (0, 0, "a0", False),
        (0, 1, "a1", False),
        (0, 2, "a2", True),
        (1, 0, "b0", False),
        (1, 1, "b1", True),
    ]
    assert data.step_labels["rating"].tolist() == [1, -1, 0, -1, 1, 1]
    assert data.solutions.loc[0, "answer"] == "5" and data.solutions.loc[0, "is_correct"]


def test_the_labelers_own_step_is_taken_where_none_is_chosen(jsonl: Jsonl) -> None:
    data = one(jsonl, traps.HUMAN)
    assert steps_of(data)[0] == "by hand"
    human = data.step_labels[data.step_labels["source"] == "human"].iloc[0]
    assert human["is_chosen"] and pd.isna(human["rating"]) and human["completion"] == 1


def test_a_chosen_completion_goes_before_the_labelers_own(jsonl: Jsonl) -> None:
    data = one(jsonl, traps.HUMAN_PASSED_OVER)
    assert steps_of(data)[0] == "a0"
    assert labeled(data)[1] == (0, 1, "by hand, not taken", False)


def test_null_completions_and_null_ratings_are_no_labels(jsonl: Jsonl) -> None:
    assert labeled(one(jsonl, traps.NULL_COMPLETIONS)) == [(0, 0, "a0", True)]
    assert one(jsonl, traps.NULL_RATING).step_labels["rating"].isna().tolist() == [True, False, False]


def test_a_step_passed_over_adds_alternatives_to_the_next(jsonl: Jsonl) -> None:
    data = one(jsonl, traps.PASSED_OVER)
    assert steps_of(data)[:2] == ["a0", "b0"]
    assert labeled(data)[1:4] == [(1, 0, "x", False), (1, 1, "y", False), (1, 2, "b0", True)]


def test_what_follows_the_end_is_labeled_after_the_last_step(jsonl: Jsonl) -> None:
    data = one(jsonl, traps.AFTER_THE_END)
    assert len(steps_of(data)) == 1 and labeled(data)[1] == (1, 0, "let us check", False)


def test_the_error_of_a_found_error_record_is_a_label_and_not_a_step(jsonl: Jsonl) -> None:
    data = one(jsonl, traps.FOUND_ERROR)
    assert steps_of(data) == ["Four and four."]
    assert data.step_labels.iloc[-1][["step", "rating", "is_chosen"]].tolist() == [1, -1, False]
    assert data.solutions.loc[0, "is_correct"] == False and pd.isna(data.solutions.loc[0, "answer"])  # noqa: E712


def test_every_labeled_text_follows_the_steps_before_its_position(jsonl: Jsonl) -> None:
    data = read(jsonl(*traps.TRAPS.values()), "prm800k", drop=())
    length = data.solutions.set_index(["problem_id", "sample_id"])["steps"].map(len)
    at = data.step_labels.set_index(["problem_id", "sample_id"])["step"]
    assert (at <= length.reindex(at.index)).all()
    chosen = data.step_labels[data.step_labels["is_chosen"]]
    for row in chosen.itertuples():
        mine = data.solutions[
            (data.solutions["problem_id"] == row.problem_id) & (data.solutions["sample_id"] == row.sample_id)
        ]
        assert mine["steps"].iloc[0][row.step] == row.text


def test_the_paper_s_filters_are_the_default_and_each_can_be_lifted(jsonl: Jsonl) -> None:
    last = record(traps.LAST)
    path = jsonl(
        traps.QUALITY_CONTROL, traps.SCREENING, traps.BAD_PROBLEM, traps.NULL_COMPLETIONS, last, traps.FOUND_ERROR
    )
    data = read(path, "prm800k")
    assert len(data.solutions) == 2
    assert data.dropped == {"quality_control": 1, "screening": 1, "bad_problem": 1, "give_up": 1}
    assert len(read(path, "prm800k", drop=["give_up"]).solutions) == 5
    assert len(read(path, "prm800k", drop=()).solutions) == 6
    with pytest.raises(InputError, match="drop is 'giveup'; choose 'quality_control'"):
        read(path, "prm800k", drop=["giveup"])


def test_sample_ids_do_not_depend_on_the_filters(jsonl: Jsonl) -> None:
    path = jsonl(traps.QUALITY_CONTROL, record(traps.LAST))
    assert read(path, "prm800k").solutions["sample_id"].tolist() == [1]
    assert read(path, "prm800k", drop=()).solutions["sample_id"].tolist() == [0, 1]


def test_a_file_whose_records_are_all_dropped_says_so(jsonl: Jsonl) -> None:
    with pytest.raises(InputError, match="every record was dropped"):
        read(jsonl(traps.QUALITY_CONTROL), "prm800k")


def test_the_tables_are_as_declared(jsonl: Jsonl) -> None:
    data = read(jsonl(*traps.TRAPS.values()), "prm800k")
    assert data.records is not None
    for frame, table in (
        (data.problems, tables.PROBLEMS),
        (data.solutions, tables.SOLUTIONS),
        (data.step_labels, tables.STEP_LABELS),
        (data.records, RECORDS),
    ):
        pd.testing.assert_frame_equal(check(frame, table), frame)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(step(completion("a", 2))), "rating is 2"),
        (record(step(completion("a", True))), "rating is True"),
        (record(step(completion("a"), chosen=1)), "chosen_completion is 1 of 1"),
        (record(step(completion("a"), chosen=-1)), "chosen_completion is -1"),
        (record(step(completion("a", 1, "no"))), "flagged is 'no'"),
        (record(step({"text": None, "rating": 1, "flagged": None})), "text of a completion is not a string"),
        (record(traps.LAST, question={"ground_truth_answer": "5"}), "key 'problem' is missing"),
        (record(traps.LAST, label=None), "not of the expected type"),
        (record(traps.LAST, question="What is 2+3?"), "a JSON object with 'problem' is needed, got str"),
        (record({**step(completion("a")), "completions": "a"}), "not of the expected type"),
        (record(step({**completion("a"), "flagged": 0})), "flagged is 0"),
        (record({**step(chosen=None), "human_completion": {"text": "a", "flagged": "false"}}), "flagged is 'false'"),
        (
            record(traps.LAST, is_quality_control_question="false"),
            "'is_quality_control_question' is 'false' where true",
        ),
        (record(traps.LAST, is_quality_control_question=1), "'is_quality_control_question' is 1 where true or false"),
        (record(traps.LAST, is_quality_control_question=[]), "'is_quality_control_question' is [] where true or false"),
        (record(traps.LAST, is_initial_screening_question="no"), "'is_initial_screening_question' is 'no' where true"),
        (record(traps.LAST, timestamp=17), "'timestamp' is int where a string is needed"),
        (record(traps.LAST, generation="six"), "'generation' is 'six' where an integer is needed"),
        (record(traps.LAST, labeler=3), "'labeler' is int"),
        (record(traps.LAST, finish=3), "'finish_reason' is int"),
        ({"problem": "not a PRM800K record"}, "key 'question' is missing"),
        ('{"labeler": ', "not JSON"),
        ("[1, 2]", "a JSON object is needed, got list"),
    ],
)
def test_a_bad_line_is_named_with_its_reason_or_counted(jsonl: Jsonl, bad: object, reason: str) -> None:
    path = jsonl(record(traps.LAST), bad, record(traps.LAST))
    with pytest.raises(InputError) as caught:
        read(path, "prm800k")
    message = str(caught.value)
    assert message.startswith(f"{path}:2: ") and reason in message and "\n" not in message
    data = read(path, "prm800k", on_error="skip")
    assert data.skipped == 1 and len(data.solutions) == 2
    assert data.skip_reasons[0].startswith(f"{path}:2: ") and reason in data.skip_reasons[0]


def test_gzipped_files_folders_and_lists_are_read_in_order(jsonl: Jsonl, tmp_path: Path) -> None:
    first, second = jsonl(record(traps.LAST), name="1.jsonl"), jsonl(traps.FOUND_ERROR, name="2.jsonl")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "1.jsonl.gz").write_bytes(gzip.compress(first.read_bytes()))
    (folder / "2.jsonl").write_bytes(second.read_bytes())
    for source in ([first, second], folder):
        assert read(source, "prm800k").problems["problem"].tolist() == ["What is 2+3?", "What is 4+4?"]
    assert [line["generation"] for line in iter_records(folder)] == [None, 6]


def test_counts_say_how_many_end_correct_by_phase(jsonl: Jsonl) -> None:
    table = counts(
        read(jsonl(record(traps.LAST), record(traps.LAST), traps.FOUND_ERROR, traps.QUALITY_CONTROL), "prm800k")
    )
    assert table["ends_correct"].tolist() == [1.0, 0.0, pytest.approx(2 / 3)]
    assert table["correct_steps"].tolist() == [1.0, 0.5, 0.75]
    assert table.loc["phase 1", ["records", "dropped", "problems", "solutions"]].tolist() == [3, 1, 1, 2]


def test_the_share_that_ends_correct_is_also_told_with_given_up_records(jsonl: Jsonl) -> None:
    """The paper's 85.1 % of phase 1 counts them as wrong ends."""
    path = jsonl(record(traps.LAST), traps.NULL_COMPLETIONS, traps.BAD_PROBLEM, traps.QUALITY_CONTROL)
    for drop, ends_correct in ((FILTERS, 1.0), (FILTERS[:3], 0.5)):
        row = counts(read(path, "prm800k", drop=drop)).loc["phase 1"]
        assert row["ends_correct"] == ends_correct and row["ends_correct_with_give_up"] == 0.5


def test_the_room_reads_and_writes_under_its_own_name(jsonl: Jsonl, tmp_path: Path) -> None:
    data = prm800k.read(jsonl(record(traps.LAST)))
    assert prm800k.write(data, tmp_path / "out.jsonl") == 1


def test_the_real_phase_1_test_set_has_106_solutions_over_101_problems(real: Callable[[str], Path]) -> None:
    data = read(real("prm800k/phase1_test.reconstructed.jsonl"), "prm800k")
    assert (len(data.solutions), len(data.problems)) == (106, 101)
    assert counts(data).loc["phase 1", "ends_correct"] == pytest.approx(90 / 106)
    both = data.step_labels["source"].eq("human").fillna(False) & ~data.step_labels["is_chosen"]
    assert both.sum() == 3  # a completion chosen although the labeler had written one
