import json
from pathlib import Path
from typing import Any

import pytest
from served_page import sample

from stepscale.errors import InputError
from stepscale.labeling.page.page_options import LabelFile
from stepscale.labeling.page.records import Kind, Submission, make_record
from stepscale.labeling.page.sample import Sample
from stepscale.labeling.people import labelers_left_out, n_waiting, read_people
from stepscale.studies.verifiers.people import people_facts, people_tables


def record(sample: Sample, labeler: str, *ratings: int, kind: Kind = "task", **more: Any) -> dict[str, Any]:
    steps = [{"ratings": [rating]} for rating in ratings]
    body = Submission.model_validate({"sample": sample.id, "steps": steps, "milliseconds": 3000} | more)
    return make_record(sample, body, labeler, kind)


def file_of(path: Path, *records: dict[str, Any]) -> LabelFile:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return LabelFile(path=str(path))


SAMPLES = [sample(f"p{i}", 2) for i in range(4)]


def test_kappa_between_people_is_that_of_cohen(tmp_path: Path) -> None:
    from sklearn.metrics import cohen_kappa_score

    ann = [(-1,), (1, -1), (1, 1), (0, 1)]
    bob = [(-1,), (1, 1), (1, 1), (1, -1)]
    labels = file_of(
        tmp_path / "people.jsonl",
        *(
            record(s, name, *r)
            for name, rated in (("ann", ann), ("bob", bob))
            for s, r in zip(SAMPLES, rated, strict=True)
        ),
    )
    pairs = read_people(labels).pairs
    firsts = [[r.index(-1) if -1 in r else 9 for r in rated] for rated in (ann, bob)]
    assert pairs["first_error_kappa"] == pytest.approx(cohen_kappa_score(*firsts))
    assert pairs["first_error_agreement"] == 0.5 and pairs["n_solutions"] == 4
    steps = [[r < 0 for rated in who for r in rated] for who in (ann, bob)]
    assert pairs["step_kappa"] == pytest.approx(cohen_kappa_score(*steps))


def test_the_report_and_the_card_name_people_and_their_agreement(tmp_path: Path) -> None:
    known_sample = sample("known", 2, known=(1, -1))
    gold = tmp_path / "known.jsonl"
    file_of(gold, record(known_sample, "gold", 1, -1))
    file = tmp_path / "people.jsonl"
    file_of(
        file,
        record(known_sample, "ann", 1, -1, kind="screening"),
        record(known_sample, "bob", 1, 1, kind="quality_control"),
        record(SAMPLES[0], "ann", 1, -1),
        record(SAMPLES[0], "bob", 1, -1),
        record(SAMPLES[1], "ann", finish="give_up"),
    )
    checked = {"path": str(gold), "least_questions": 1}
    labels = LabelFile.model_validate({"path": str(file), "known": checked})
    people = read_people(labels)
    assert labelers_left_out(labels) == ["bob"]
    (table,) = people_tables([people])
    ann, bob = table.rows
    assert (ann["solutions"], ann["given up or bad"], ann["agreement"], ann["left out"]) == ("1", "1", "100%", "no")
    assert (bob["agreement"], bob["left out"], bob["median seconds"]) == ("0%", "yes", "3")
    assert people_facts([people])["Agreement with known labels"] == "`ann` 100% of 1, `bob` 0% of 1; 1 left out"
    both = read_people(LabelFile(path=str(file)))
    assert [t.title for t in people_tables([both])] == ["People who labeled", "Agreement between people"]
    assert "(1 solutions labeled twice)" in people_facts([both])["Agreement between labelers"]
    assert list(people_facts([people, people])) == [
        "Agreement with known labels, file 1 of 2",
        "Agreement with known labels, file 2 of 2",
    ]


def test_what_waits_is_counted_without_unfinished_ones(tmp_path: Path) -> None:
    requested = tmp_path / "loop_asked_1.jsonl"
    requested.write_text("".join(s.model_dump_json() + "\n" for s in SAMPLES))
    labels = LabelFile(path=str(tmp_path / "people.jsonl"))
    assert n_waiting(requested, labels) == (4, 4)
    file_of(tmp_path / "people.jsonl", record(SAMPLES[0], "ann", -1), record(SAMPLES[1], "ann", finish="give_up"))
    assert n_waiting(tmp_path, labels) == (3, 4)
    requested.write_text("")
    assert n_waiting(requested, labels) == (0, 0)


def test_a_file_of_another_format_is_a_bad_line(tmp_path: Path) -> None:
    (tmp_path / "people.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(InputError, match=r"people\.jsonl:1: key 'question' is missing"):
        read_people(LabelFile(path=str(tmp_path / "people.jsonl")))


def test_published_records_are_people_too(shared_data: Path) -> None:
    people = read_people(LabelFile(path=str(shared_data / "prm800k" / "phase1_test.reconstructed.jsonl")))
    assert sum(row["solutions"] for row in people.labelers) > 70


def test_a_time_that_is_no_number_is_a_bad_line(tmp_path: Path) -> None:
    bad = record(SAMPLES[0], "ann", -1)
    bad["label"]["total_time"] = "5"
    labels = file_of(tmp_path / "people.jsonl", record(SAMPLES[1], "ann", -1), bad)
    with pytest.raises(InputError, match=r"people\.jsonl:2: 'total_time' is '5' .*; correct the line$"):
        read_people(labels)
