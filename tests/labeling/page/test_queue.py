from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from served_page import records_in, sample

from stepscale.errors import InputError
from stepscale.labeling.page.page_options import LabelFile, PageOptions
from stepscale.labeling.page.queue import Queue
from stepscale.labeling.page.records import Submission
from stepscale.labeling.page.sample import Sample
from stepscale.labeling.page.store import RecordFile
from stepscale.labeling.people import labelers_left_out, n_waiting, read_people

SAMPLES = [sample(f"p{i}") for i in range(6)]
KNOWN = {s.id: s for s in (sample(f"known {i}", known=(1, -1)) for i in range(8))}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Iterator[RecordFile]:
    with closing(RecordFile(tmp_path / "people.jsonl")) as opened:
        yield opened


def rate(queue: Queue, labeler: str, *ratings: int, sample: Sample | None = None) -> Sample:
    rated = sample or queue.next(labeler)
    assert rated is not None
    steps = [{"ratings": [rating]} for rating in ratings or (1, 1, 1)]
    queue.save(labeler, Submission.model_validate({"sample": rated.id, "steps": steps, "milliseconds": 1}))
    return rated


def test_each_labeler_gets_the_next_sample_in_order_that_nobody_has(file: RecordFile) -> None:
    queue = Queue(SAMPLES, file, PageOptions())
    assert queue.next("ann") is SAMPLES[0] and queue.next("bob") is SAMPLES[1]
    assert queue.next("ann") is SAMPLES[0], "a second tab, or a reload, shows the same one"
    rate(queue, "ann")
    assert queue.next("ann") is SAMPLES[2]
    assert queue.progress("ann").labeled == 1 and queue.progress("ann").waiting == 5


def test_a_reservation_runs_out_and_a_late_label_is_saved_all_the_same(file: RecordFile) -> None:
    clock = Clock()
    queue = Queue(SAMPLES[:1], file, PageOptions(reserve_minutes=10), clock=clock)
    assert queue.next("ann") is SAMPLES[0] and queue.next("bob") is None
    clock.now = 601
    assert queue.next("bob") is SAMPLES[0]
    rate(queue, "bob")
    rate(queue, "ann", sample=SAMPLES[0])
    assert [r["labeler"] for r in records_in(file.path)] == ["bob", "ann"]


def test_a_second_label_of_one_person_is_not_written(file: RecordFile) -> None:
    queue = Queue(SAMPLES, file, PageOptions())
    first = rate(queue, "ann")
    rate(queue, "ann", -1, sample=first)
    assert len(records_in(file.path)) == 1


def test_after_a_restart_nothing_is_asked_or_written_twice(file: RecordFile) -> None:
    options = PageOptions(twice=1.0)
    before = Queue(SAMPLES, file, options)
    rate(before, "ann")
    again = Queue(SAMPLES, file, options)
    assert again.next("ann") is SAMPLES[1] and again.next("bob") is SAMPLES[0]
    rate(again, "ann", sample=SAMPLES[0])
    assert len(records_in(file.path)) == 1


def test_a_share_is_given_to_two_people_and_no_more(file: RecordFile) -> None:
    samples = [sample(f"q{i}") for i in range(400)]
    queue = Queue(samples, file, PageOptions(twice=0.25))
    assert 60 < sum(needed == 2 for needed in queue._needed.values()) < 140
    whole = Queue(SAMPLES, file, PageOptions(twice=1.0))
    names = ("ann", "bob", "cas")
    assert [whole.next(name) for name in names] == [SAMPLES[0], SAMPLES[0], SAMPLES[1]]


def test_screening_comes_first_then_quality_control_at_its_share(file: RecordFile) -> None:
    samples = [sample(f"q{i}") for i in range(40)]
    queue = Queue(samples, file, PageOptions(screening=3, quality_control=0.2), KNOWN)
    are_known = [rate(queue, "ann", 1, -1).id in KNOWN for _ in range(30)]
    assert are_known[:3] == [True] * 3 and 1 <= sum(are_known[3:]) <= 5, "no question comes twice, so there are 5 left"
    records = records_in(file.path)
    assert sum(r["is_initial_screening_question"] for r in records) == 3
    assert all(r["generation"] == -1 for r in records[:3])
    assert queue.progress("ann").agreement == 1.0


def test_who_agrees_too_little_is_left_out_and_the_labels_are_asked_for_again(file: RecordFile, tmp_path: Path) -> None:
    options = PageOptions(quality_control=0.5, least_questions=2, least_agreement=0.75)
    queue = Queue(SAMPLES, file, options, KNOWN)
    while (next_sample := queue.next("bob")) is not None and not queue.progress("bob").left_out:
        rate(queue, "bob", 1, 1, 1, sample=next_sample)  # finds no error anywhere
    assert queue.progress("bob").left_out and queue.next("bob") is None
    assert queue.progress("ann").waiting == len(SAMPLES)
    while queue.next("ann"):
        rate(queue, "ann", 1, -1)
    assert queue.progress("ann").waiting == 0

    import json

    known_file = tmp_path / "known.jsonl"
    known_file.write_text("".join(json.dumps(known_record(s)) + "\n" for s in KNOWN.values()))
    asked_file = tmp_path / "asked.jsonl"
    asked_file.write_text("".join(s.model_dump_json() + "\n" for s in SAMPLES))
    labels = LabelFile.model_validate(
        {"path": str(file.path), "known": {"path": str(known_file), "least_questions": 2, "least_agreement": 0.75}}
    )
    assert labelers_left_out(labels) == ["bob"]
    assert n_waiting(asked_file, labels) == (0, len(SAMPLES))
    rows = {row["labeler"]: row for row in read_people(labels).labelers}
    assert rows["bob"]["agreement"] == 0 and rows["bob"]["left_out"] and rows["ann"]["agreement"] == 1


def known_record(known_sample: Sample) -> dict[str, Any]:
    steps = [
        {"completions": [{"text": text, "rating": rating}], "human_completion": None, "chosen_completion": 0}
        for text, rating in zip(known_sample.steps, known_sample.known, strict=False)
    ]
    return {
        "labeler": "gold",
        "question": {"problem": known_sample.problem, "pre_generated_steps": list(known_sample.steps)},
        "label": {"steps": steps, "total_time": 1, "finish_reason": "found_error"},
    }


def test_agreement_between_people_is_told_by_step_and_by_first_error(file: RecordFile) -> None:
    queue = Queue(SAMPLES, file, PageOptions(twice=1.0))
    for name, second in (("ann", -1), ("bob", 1)):
        for i in range(6):
            rate(queue, name, *((1, -1) if i % 2 else (1, second) if second < 0 else (1, 1, 1)))
    people = read_people(LabelFile(path=str(file.path)))
    assert people.pairs["n_solutions"] == 6
    assert people.pairs["first_error_agreement"] == 0.5 and people.pairs["first_error_kappa"] < 0.1
    assert {"step_kappa", "step_kappa_low", "first_error_kappa_high"} <= set(people.pairs)


def test_known_questions_need_known_labels(file: RecordFile) -> None:
    with pytest.raises(InputError, match="name a PRM800K file of them: --known"):
        Queue(SAMPLES, file, PageOptions(screening=1))
    with pytest.raises(InputError, match="screening asks 9 questions and 8 are known"):
        Queue(SAMPLES, file, PageOptions(screening=9), KNOWN)


def test_a_file_in_the_home_folder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    labels = LabelFile.model_validate({"path": "~/people.jsonl", "known": {"path": "~/known.jsonl"}})
    assert labels.path == "/home/ann/people.jsonl"
    assert labels.known and labels.known.path == "/home/ann/known.jsonl"
