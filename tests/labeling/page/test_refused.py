"""What a user may get wrong before anybody labels: each is one line that says what and where."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stepscale.errors import InputError
from stepscale.formats import read
from stepscale.labeling.label_commands import label
from stepscale.labeling.page.asked_samples import read_samples
from stepscale.labeling.page.page_options import PageOptions
from stepscale.labeling.page.queue import Queue
from stepscale.labeling.page.records import Submission
from stepscale.labeling.page.store import RecordFile

STEP = {"completions": [{"text": "a", "rating": 1}], "human_completion": None, "chosen_completion": 0}


def record(question: object = None, steps: object = (), **more: Any) -> dict[str, Any]:
    asked = {"problem": "1+1?", "pre_generated_steps": ["a", "b"]}
    return {"question": asked | question if isinstance(question, dict) else question or asked} | {
        "label": {"steps": list(steps) if isinstance(steps, tuple) else steps, **more}
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "ok.jsonl").write_text(json.dumps(record()) + "\n")
    monkeypatch.setattr("stepscale.labeling.page.serve.listen", nothing_is_served)
    return tmp_path


def nothing_is_served(_: object) -> None:
    raise InputError(ALL_WELL)


def refusal(*words: str) -> str:
    """The one line with which the command ends."""
    result = CliRunner().invoke(label, ["--port", "0", *words])
    assert result.exit_code == 1 and not isinstance(result.exception, Exception), result.exception
    assert len(result.output.splitlines()) == 1, result.output
    return str(result.output)


ALL_WELL = "all is well, and nobody is to wait for labels"
OK = ("ok.jsonl", "--format", "prm800k")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"question": {}, "label": {}}, "key 'problem' is missing"),
        (record({"problem": 5}), "'problem' is int where a string is needed"),
        (record({"problem": ""}), "'problem' is blank"),
        (record({"pre_generated_steps": [1]}), "'pre_generated_steps' is not a list of strings"),
        (record("x"), "a JSON object with 'problem' is needed, got str"),
        (record(steps=None), "'steps' is NoneType where a list is needed"),
        (record(steps=[{"completions": []}]), "key 'human_completion' is missing"),
        (record(total_time="5"), "'total_time' is '5' where an integer is needed"),
        (record({"problem": "\ud800"}), "surrogates not allowed"),
        ([1], "got list"),
    ],
)
def test_a_line_of_the_labels_that_is_no_record_is_named_and_left_as_it_is(
    folder: Path, bad: object, reason: str
) -> None:
    for end in ("\n", ""):  # a line that is whole is not one that was broken off
        content = f"{json.dumps(record())}\n{json.dumps(bad)}{end}"
        (folder / "p1.jsonl").write_text(content)
        line = refusal(*OK, "--to", "p1.jsonl")
        assert "p1.jsonl:2: not a PRM800K record (" in line and reason in line
        assert "; correct the line or move it elsewhere" in line
        assert (folder / "p1.jsonl").read_text() == content and not (folder / "p1.broken").exists()


def test_a_label_that_no_reader_would_take_is_not_added(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "people.jsonl")
    with pytest.raises(InputError, match=r"a label that cannot be read back is not added \('problem' is blank"):
        file.append(record({"problem": " "}))
    file.append(record())
    assert file.records == [record()]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"problem": ""}, "'problem' is blank where a problem's text is needed"),
        ({"problem": "a\0b"}, "'problem' holds a NUL character"),
        ({"steps": ["a", "  "]}, "step 2 is blank"),
        ({"round": 2**63}, "round: Input should be less than"),
    ],
)
def test_solutions_whose_labels_could_not_be_read_back_are_refused_before_anybody_labels(
    folder: Path, values: dict[str, Any], reason: str
) -> None:
    good = {"problem": "p", "steps": ["a"]}
    (folder / "asked.jsonl").write_text(f"{json.dumps(good)}\n{json.dumps(good | values)}\n")
    line = refusal("asked.jsonl")
    assert "asked.jsonl:2: " in line and reason in line and line.endswith("; correct the line\n")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record({"problem": " "}), "'problem' is blank"),
        (record({"pre_generated_steps": "abc"}), "'pre_generated_steps' is not a list of strings"),
        (
            record({"pre_generated_verifier_score": "NaN"}),
            "pre_generated_verifier_score: Input should be a finite number",
        ),
        (record({"ground_truth_answer": []}), "'ground_truth_answer' is list"),
        (record(steps=[STEP | {"completions": [{"text": "a", "rating": 1.5}]}]), "step 1: rating is 1.5, not -1, 0, 1"),
        (record() | {"generation": "x"}, "'generation' is 'x' where an integer is needed"),
    ],
)
def test_a_refused_record_is_told_with_its_key_and_without_a_remedy_of_the_library(
    folder: Path, bad: object, reason: str
) -> None:
    (folder / "bad.jsonl").write_text(json.dumps(bad) + "\n")
    line = refusal("bad.jsonl", "--format", "prm800k")
    assert f"bad.jsonl:1: {reason}" in line and line.endswith("; correct the line\n")


def test_other_formats_refuse_blank_steps_too_and_advise_no_skipping(folder: Path) -> None:
    good = {"id": "x", "problem": "p", "steps": ["a", "b"], "label": 1, "final_answer_correct": False}
    (folder / "pb.jsonl").write_text(json.dumps(good | {"steps": ["a", ""]}) + "\n")
    line = refusal("pb.jsonl", "--format", "processbench")
    assert "sample 0: step 2 is blank" in line and "correct the solution or leave it out" in line
    (folder / "pb.jsonl").write_text(json.dumps(good | {"problem": ""}) + "\n")
    line = refusal("pb.jsonl", "--format", "processbench")
    assert "pb.jsonl:1: 'problem' is blank" in line and "on_error" not in line


def test_odd_texts_that_readers_take_are_labeled_and_read_back(tmp_path: Path) -> None:
    source = tmp_path / "odd.jsonl"
    odd = [record({"pre_generated_steps": ["a\0b", "\u202e"]}), record({"problem": "\ufffe ?"}), record(steps=[STEP])]
    source.write_text("".join(json.dumps(r) + "\n" for r in odd))
    samples = read_samples(source, "prm800k")
    queue = Queue(samples, RecordFile(tmp_path / "people.jsonl"), PageOptions())
    for one in samples:
        steps = [{"ratings": [1]} for _ in one.steps]
        assert queue.save("ann", Submission.model_validate({"sample": one.id, "steps": steps, "milliseconds": 5}))
    labeled = read(str(tmp_path / "people.jsonl"), "prm800k").solutions
    assert [tuple(steps) for steps in labeled["steps"]] == [one.steps for one in samples] and len(samples) == 3


@pytest.mark.parametrize("words", [("",), (" ",), (*OK, "--known", ""), (*OK, "--to", "")])
def test_a_path_that_an_unset_variable_left_blank_is_not_the_current_folder(
    folder: Path, words: tuple[str, ...]
) -> None:
    assert "path is '" in refusal(*words) and "give the name of a file or folder" in refusal(*words)


def test_a_name_too_long_for_a_file_is_one_line(folder: Path) -> None:
    assert "cannot be opened (File name too long); check the path" in refusal("y" * 300 + ".jsonl")
    assert "cannot be opened (File name too long)" in refusal(*OK, "--known", "y" * 300 + ".jsonl")


def test_the_home_folder_is_written_out(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    (folder / "ok.jsonl").rename(home / "ok.jsonl")
    assert ALL_WELL in refusal("~/ok.jsonl", "--format", "prm800k", "--to=~/t.jsonl")
    assert (home / "t.jsonl").exists() and not (folder / "~").exists()


def test_labels_are_not_added_to_what_is_labeled(folder: Path) -> None:
    before = (folder / "ok.jsonl").read_text()
    (folder / "same.jsonl").symlink_to(folder / "ok.jsonl")
    for other in ("ok.jsonl", "same.jsonl"):
        assert "is the file ok.jsonl itself" in refusal(*OK, "--to", other)
    finished = record(steps=[STEP], finish_reason="solution")
    (folder / "known.jsonl").write_text(json.dumps(finished) + "\n")
    assert "is the file known.jsonl itself" in refusal(*OK, "--known", "known.jsonl", "--to", "new/../known.jsonl")
    assert "is the file known.jsonl itself" in refusal(*OK, "--known", "known.jsonl", "--to", "known.jsonl")
    assert "lies in the folder ., which is read" in refusal(".", "--format", "prm800k", "--to", "new.jsonl")
    assert (folder / "ok.jsonl").read_text() == before and not (folder / "new.jsonl").exists()


@pytest.mark.parametrize("host", ["a..b", "h" * 300, "no host", "a\0b"])
def test_a_host_that_cannot_be_is_one_line(folder: Path, host: str) -> None:
    line = refusal(*OK, "--host", host, "--labeler", "ann")
    assert "cannot be listened on" in line and "choose another --port or --host" in line and len(line) < 500


def test_a_port_in_use_is_told_before_samples_are_read_or_a_file_of_labels_is_made(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        line = refusal("absent.jsonl", "--port", str(other.getsockname()[1]), "--to", "labels.jsonl")
    assert "cannot be listened on" in line and "choose another --port" in line
    assert not (folder / "labels.jsonl").exists()


@pytest.mark.parametrize("name", ["", "ann bob", "é<script>", "x" * 500, "ann\n"])
def test_a_labeler_gets_a_link_under_a_name_that_the_page_would_take_alone(folder: Path, name: str) -> None:
    line = refusal(*OK, "--labeler", "bob", "--labeler", name)
    assert "a labeler's name has 1 to 64 letters, digits, or . @ + - _; choose another" in line
    assert not (folder / "people.tokens.json").exists()


def test_a_blank_step_of_a_prm800k_record_is_shown_as_its_reader_reads_it(folder: Path) -> None:
    (folder / "blank.jsonl").write_text(json.dumps(record({"pre_generated_steps": ["a", " "]})) + "\n")
    assert [sample.steps for sample in read_samples(folder / "blank.jsonl", "prm800k")] == [("a", " ")]
