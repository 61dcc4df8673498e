"""inspect-ai's logs: archives with members of any compression, and the shapes that a sample takes."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stepscale import evaluate
from stepscale.errors import InputError
from stepscale.formats import read

SAMPLE: dict[str, Any] = {
    "id": 1,
    "epoch": 1,
    "input": "1+1?",
    "target": "2",
    "output": {
        "model": "m",
        "choices": [{"message": {"role": "assistant", "content": "Add.\nANSWER: 2"}, "stop_reason": "stop"}],
        "usage": {"input_tokens": 9, "output_tokens": 30},
    },
    "scores": {"match": {"value": "C", "answer": "2"}},
    "metadata": {"level": 3},
    "error": None,
    "attachments": {},
}


def saying(content: Any, **more: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": content}, "stop_reason": more.pop("stop", "stop")}
    return {**SAMPLE, "output": {**SAMPLE["output"], "choices": [choice]}, **more}


@pytest.fixture
def archive(tmp_path: Path) -> Any:
    def write(*samples: dict[str, Any], name: str = "log.eval") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as log:
            log.writestr("_journal/start.json", "{}")
            for sample in samples:
                log.writestr(f"samples/{sample.get('id')}_epoch_{sample.get('epoch')}.json", json.dumps(sample))
            log.writestr("header.json", json.dumps({"status": "success"}))
        return path

    return write


def write_zstd(path: Path, samples: list[dict[str, Any]]) -> None:
    """An archive as inspect writes it: zipfile cannot, so that its headers are written stored and then changed."""
    with zipfile.ZipFile(path, "w") as log:
        for sample in samples:
            content = json.dumps(sample).encode()
            member = zipfile.ZipInfo(f"samples/{sample['id']}_epoch_{sample['epoch']}.json")
            packed = pa.compress(content, codec="zstd", asbytes=True)
            log.writestr(member, packed)
            member.compress_type, member.file_size, member.CRC = 93, len(content), zlib.crc32(content)


def test_an_epoch_is_a_sample_whatever_the_order_and_compression_of_the_members(archive: Any, tmp_path: Path) -> None:
    wrong = {**SAMPLE, "epoch": 2, "scores": {"match": {"value": "I", "answer": "3"}}}
    late = {**SAMPLE, "epoch": 10}
    write_zstd(tmp_path / "zstd.eval", [late, wrong, SAMPLE])
    for path in (archive(late, wrong, SAMPLE), tmp_path / "zstd.eval"):
        data = read(path, "inspect")
        assert data.solutions["answer"].tolist() == ["2", "3", "2"]
        assert data.solutions["is_correct"].tolist() == [True, False, True]
        assert data.solutions["n_tokens"].tolist() == [30] * 3 and set(data.solutions["generator"]) == {"m"}
        assert data.problems.loc[0, ["problem_id", "problem", "answer", "level"]].tolist() == ["1", "1+1?", "2", 3]


@pytest.mark.parametrize(
    ("sample", "answer", "right", "steps"),
    [
        (
            saying([{"type": "reasoning", "reasoning": "3?"}, {"type": "text", "text": "It is 2."}]),
            "2",
            True,
            ["It is 2."],
        ),
        (saying("attachment://h", attachments={"h": "a\nb"}), "2", True, ["a", "b"]),
        (saying("The answer is 2.", scores=None), "2", True, ["The answer is 2."]),
        (saying("The answer is 2.", scores={"s": {"value": "C", "answer": "The answer is 2."}}), "2", True, None),
        (saying("cut of", stop="max_tokens"), None, True, None),
        (saying("It is 2.", stop="content_filter"), None, True, None),
        ({**SAMPLE, "error": {"message": "timeout"}, "output": {"choices": []}}, None, False, []),
        ({**SAMPLE, "scores": {"s": {"value": "P", "answer": "2"}}}, "2", False, None),
        ({**SAMPLE, "scores": {"s": {"value": 0.5, "answer": "2"}}}, "2", False, None),
        ({**SAMPLE, "scores": {"s": {"value": 1, "answer": "2"}}}, "2", True, None),
        ({**SAMPLE, "scores": {"s": {"value": True, "answer": None}}}, "2", True, None),
    ],
)
def test_what_a_sample_says_and_how_it_was_scored(
    archive: Any, sample: Any, answer: str | None, right: bool, steps: list[str] | None
) -> None:
    solution = read(archive(sample), "inspect").solutions.iloc[0]
    assert (None if solution["answer"] != solution["answer"] else solution["answer"]) == answer
    assert solution["is_correct"] == right and (steps is None or solution["steps"] == steps)
    assert solution["finish"] == ("length" if sample["output"]["choices"][:1] and answer is None else "solution")


def test_the_problem_is_the_last_message_of_the_user_and_the_first_target(archive: Any) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "1+1?"}]}]
    problem = read(archive({**SAMPLE, "input": chat, "target": ["2", "two"]}), "inspect").problems.iloc[0]
    assert [problem["problem"], problem["answer"]] == ["1+1?", "2"]


def test_a_log_written_as_json_and_several_logs_are_read_too(archive: Any, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"version": 2, "status": "success", "eval": {}, "samples": [SAMPLE]}))
    data = read([path, archive(SAMPLE)], "inspect")
    assert data.solutions["sample_id"].tolist() == [0, 1]
    path.write_text(json.dumps({"version": 2, "eval": {}, "samples": None}))
    with pytest.raises(InputError, match="the log has no samples"):
        read(path, "inspect")


def test_a_folder_of_logs_is_read_with_the_list_of_them_beside(archive: Any, tmp_path: Path) -> None:
    archive(SAMPLE, name="a.eval"), archive(SAMPLE, name="b.eval")
    (tmp_path / "logs.json").write_text(json.dumps({"a.eval": {"version": 2, "eval": {}, "status": "success"}}))
    assert read(tmp_path, "inspect").solutions["sample_id"].tolist() == [0, 1]
    assert evaluate(tmp_path, bootstrap=2).attrs["format"] == "inspect"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({**SAMPLE, "target": {"a": 1}}, "'target' is"),
        ({**SAMPLE, "epoch": 0}, "'epoch' is 0"),
        ({**SAMPLE, "id": None}, "'id' is None"),
        ({**SAMPLE, "input": [{"role": "system", "content": "x"}]}, "no message of a user"),
        ({**SAMPLE, "scores": {"s": {"value": {"a": 1}}}}, "several values"),
        (saying("attachment://gone"), "key 'gone' is missing"),
    ],
)
def test_a_bad_sample_is_named_with_its_reason(archive: Any, bad: Any, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read(archive(bad), "inspect")
    assert "log.eval:1: " in str(caught.value) and reason in str(caught.value)


def test_a_named_scorer_decides_and_one_that_is_not_there_is_refused(archive: Any) -> None:
    two = {**SAMPLE, "scores": {"match": {"value": "I", "answer": "3"}, "judge": {"value": "C", "answer": "2"}}}
    assert read(archive(two), "inspect", scorer="judge").solutions["is_correct"].tolist() == [True]
    with pytest.raises(InputError, match="there is no scorer 'x'; choose one of match, judge"):
        read(archive(two), "inspect", scorer="x")


def test_a_damaged_archive_is_one_line(archive: Any, tmp_path: Path) -> None:
    (tmp_path / "text.eval").write_text("no zip")
    whole = archive(SAMPLE).read_bytes()
    (tmp_path / "cut.eval").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "flipped.eval").write_bytes(whole[:120] + b"\xff\xff" + whole[122:])
    for name in ("text", "cut", "flipped"):
        with pytest.raises(InputError) as caught:
            read(tmp_path / f"{name}.eval", "inspect")
        assert "\n" not in str(caught.value) and name in str(caught.value)


def test_a_changed_byte_in_a_member_that_is_still_json_is_told_by_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "zstd.eval"
    write_zstd(path, [SAMPLE])
    with zipfile.ZipFile(path) as log:
        checksum = log.infolist()[0].CRC.to_bytes(4, "little")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(checksum, b"\0\0\0\0"))
    with pytest.raises(
        InputError, match=r"zstd\.eval: samples/1_epoch_1\.json cannot be read \(its checksum differs\)"
    ):
        read(path, "inspect")


@pytest.mark.parametrize(
    ("header", "message"), [({"status": "started"}, "started"), ({"status": "error"}, "error"), (None, "no header")]
)
def test_a_log_whose_evaluation_did_not_end_is_warned_of(
    archive: Any, tmp_path: Path, header: Any, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(read(archive(SAMPLE), "inspect").solutions) == 1 and not caplog.records
    with zipfile.ZipFile(tmp_path / "part.eval", "w") as log:
        log.writestr("samples/1_epoch_1.json", json.dumps(SAMPLE))
        if header is not None:
            log.writestr("header.json", json.dumps(header))
    assert len(read(tmp_path / "part.eval", "inspect").solutions) == 1
    assert f"part.eval: the evaluation did not end ({message}): samples may be absent" in caplog.text


@pytest.mark.parametrize(
    ("odd", "message"),
    [({"epoch": 2, "input": "2+2?"}, "is the id of another problem too"), ({"id": " "}, "id of the problem is blank")],
)
def test_an_id_of_two_problems_or_of_none_is_a_bad_sample_that_can_be_left_out(
    archive: Any, odd: dict[str, Any], message: str
) -> None:
    path = archive(SAMPLE, {**SAMPLE, **odd})
    with pytest.raises(InputError, match=rf"log\.eval:\d: .*{message}"):
        read(path, "inspect")
    left = read(path, "inspect", on_error="skip")
    assert left.skipped == 1 and len(left.solutions) == 1


@pytest.mark.parametrize("as_log", [True, False])
def test_an_epoch_given_twice_in_a_log_is_a_bad_sample(tmp_path: Path, as_log: bool) -> None:
    samples = [SAMPLE, {**SAMPLE, "epoch": 2}, SAMPLE]
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"eval": {}, "samples": samples} if as_log else samples))
    first, place = ("1", 1) if as_log else ("1", 3)
    with pytest.raises(InputError) as caught:
        read(path, "inspect")
    assert str(caught.value).startswith(
        f"{path}:{place}: epoch 1 of '1' was given before ({path}:{first}): give it once"
    )
    left = read(path, "inspect", on_error="skip")
    assert (left.skipped, left.solutions["sample_id"].tolist()) == (1, [0, 1])


def test_a_sample_that_a_later_log_repeats_is_known_by_its_uuid(archive: Any) -> None:
    failed = archive({**SAMPLE, "uuid": "a"}, name="a.eval")
    again = archive({**SAMPLE, "uuid": "a"}, {**SAMPLE, "epoch": 2, "uuid": "b"}, name="b.eval")
    with pytest.raises(InputError, match=r"b\.eval:1: epoch 1 of '1' was given before \(.*a\.eval:1\): give it once"):
        read([failed, again], "inspect")
    assert len(read(again, "inspect").solutions) == 2
    other = archive({**SAMPLE, "uuid": "c"}, name="c.eval")
    assert len(read([failed, other], "inspect").solutions) == 2, "another run of the same sample"
