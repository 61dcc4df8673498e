"""The command as somebody types it, killed in the middle: what was said to be saved is there, once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from served_page import records_in, sample

HEADERS = {"X-Labeler": "ann"}
HTTP = httpx.Client(timeout=600)  # for a machine that is busy


@contextmanager
def command(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``python -m stepscale label``, and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stepscale", "label", "asked.jsonl", "--port", "0", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3] / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        first, address = process.stdout.readline(), process.stdout.readline().strip()
        assert "solutions wait for labels, which go to people.jsonl" in first
        yield process, address
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def save_next(address: str, rating: int) -> str | None:
    handed_out = HTTP.get(f"{address}api/next", headers=HEADERS).json()["sample"]
    if handed_out is None:
        return None
    body = {"sample": handed_out["id"], "steps": [{"ratings": [rating]}], "milliseconds": 1}
    assert HTTP.post(f"{address}api/save", json=body, headers=HEADERS).json()["saved"]
    return str(handed_out["id"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [sample(f"p{i}").model_dump_json(include={"problem", "steps"}) + "\n" for i in range(6)]
    (tmp_path / "asked.jsonl").write_text("".join(lines))
    return tmp_path


def test_what_was_said_to_be_saved_outlives_kill_9_and_is_not_asked_again(folder: Path) -> None:
    saved = []
    for _ in range(2):
        with command(folder) as (process, address):
            saved += [save_next(address, -1) for _ in range(2)]
            process.send_signal(signal.SIGKILL)
            process.wait()
        with (folder / "people.jsonl").open("a") as file:
            file.write('{"labeler": "ann", "question": {"pro')  # as a kill in the middle of a write leaves it
    with command(folder) as (_, address):
        saved += [save_next(address, -1) for _ in range(3)]
    assert saved.pop() is None and len(set(saved)) == 6
    records = records_in(folder / "people.jsonl")
    assert len(records) == 6 and len({r["question"]["problem"] for r in records}) == 6


def test_a_server_that_is_told_to_end_says_what_it_has(folder: Path) -> None:
    with command(folder) as (process, address):
        save_next(address, -1)
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.read().strip() == "1 labels are in people.jsonl; 5 solutions wait"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nowhere"], "nowhere: no loop_asked_<round>.jsonl is there"),
        (["nowhere.jsonl"], "nowhere.jsonl: there is no such file; name the file of samples"),
        (["asked.jsonl", "--ask", "all"], "--ask: Input should be 'first_error', 'every_step' or 'alternatives'"),
        (["asked.jsonl", "--host", "0.0.0.0"], "name each labeler"),
        (["asked.jsonl", "--to", "people.csv"], "people.csv: labels are added to a file line by line"),
        (["asked.jsonl", "--screening", "3"], "name a PRM800K file of them: --known"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_clear_line(
    folder: Path, words: list[str], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from stepscale.labeling.label_commands import label

    monkeypatch.chdir(folder)
    result = CliRunner().invoke(label, [*words, "--port", "0"])  # the usual one may be taken
    assert result.exit_code == 1 and line in result.output and len(result.output.splitlines()) == 1


def test_labelers_who_are_named_get_links(folder: Path) -> None:
    with command(folder, "--labeler", "ann") as (_, link):
        name, _, address = link.partition(": ")
        token = address.partition("#token=")[2]
        assert name == "ann" and HTTP.get(address.partition("#")[0] + "api/next", headers=HEADERS).status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        reply = HTTP.get(address.partition("#")[0] + "api/next", headers=headers).json()
        assert reply["labeler"] == "ann"
        assert json.loads((folder / "people.tokens.json").read_text()) == {"ann": token}
