import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from served_page import records_in, sample

from stepscale.errors import InputError
from stepscale.http_bounds import MAX_BODY_BYTES
from stepscale.labeling.page.app import create_app
from stepscale.labeling.page.page_options import PageOptions
from stepscale.labeling.page.queue import Queue
from stepscale.labeling.page.sample import Sample
from stepscale.labeling.page.serve import Files, address_of, serve
from stepscale.labeling.page.store import RecordFile
from stepscale.labeling.page.tokens import tokens_for

ANN = {"X-Labeler": "ann"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[RecordFile]:
    with closing(RecordFile(tmp_path / "people.jsonl")) as opened:
        yield opened


def client(file: RecordFile, *samples: Sample, **tokens: str) -> TestClient:
    queue = Queue(samples or [sample("p"), sample("q")], file, PageOptions())
    return TestClient(create_app(queue, tokens), base_url="http://127.0.0.1")


def label(handed_out: dict[str, Any], *ratings: int) -> dict[str, Any]:
    return {"sample": handed_out["id"], "steps": [{"ratings": [r]} for r in ratings or (1, 1, 1)], "milliseconds": 5}


def test_a_sample_is_handed_out_labeled_and_saved_once(file: RecordFile) -> None:
    page = client(file)
    reply = page.get("/api/next", headers=ANN).json()
    assert reply["labeler"] == "ann" and reply["progress"]["left"] == 2
    body = label(reply["sample"])
    assert page.post("/api/save", json=body, headers=ANN).json() == {"saved": True, "new": True}
    assert page.post("/api/save", json=body, headers=ANN).json() == {"saved": True, "new": False}
    assert len(records_in(file.path)) == 1
    assert page.get("/api/next", headers=ANN).json()["sample"]["id"] != reply["sample"]["id"]


def test_neither_score_nor_known_ratings_leave_the_server(file: RecordFile) -> None:
    page = client(file, sample("p", score=0.125, known=(1, -1), final_answer="5", answer="4"))
    text = page.get("/api/next", headers=ANN).text
    assert "0.125" not in text and "known" not in text.split('"sample"')[1].split('"progress"')[0]


def test_hostile_text_leaves_as_data_under_a_policy_that_forbids_scripts(file: RecordFile) -> None:
    page = client(file, Sample(problem=HOSTILE, steps=(HOSTILE,)))
    reply = page.get("/api/next", headers=ANN)
    assert reply.headers["content-type"] == "application/json"
    assert reply.json()["sample"]["steps"] == [[[HOSTILE]]]
    policy = page.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b'{"sample": "' + b"a" * 16 + b'", "steps": [], "milliseconds": 1}', 422),
        (b'{"sample": "' + b"a" * 16 + b'", "steps": [], "milliseconds": 1, "more": 1}', 422),
        (b" " * (MAX_BODY_BYTES + 1), 413),
    ],
)
def test_a_bad_body_is_refused_in_one_line(file: RecordFile, body: bytes, status: int) -> None:
    headers = ANN | {"Content-Type": "application/json"}
    reply = client(file).post("/api/save", content=body, headers=headers)
    assert reply.status_code == status and isinstance(reply.json()["detail"], str)
    assert not file.records


def test_a_body_without_a_stated_length_is_bounded_too(file: RecordFile) -> None:
    chunks = iter([b" " * 2**18] * 9)
    reply = client(file).post("/api/save", content=chunks, headers=ANN | {"Content-Type": "application/json"})
    assert reply.status_code == 413 and not file.records


def test_another_sites_page_cannot_save(file: RecordFile) -> None:
    page = client(file)
    handed_out = page.get("/api/next", headers=ANN).json()["sample"]
    assert page.post("/api/save", json=label(handed_out), headers=ANN | {"Host": "evil.example"}).status_code == 400
    assert page.post("/api/save", json=label(handed_out)).status_code == 401, "a form sends no header of ours"
    assert not file.records


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "<b>", "a/b"])
def test_a_labelers_name_is_plain(file: RecordFile, name: str) -> None:
    assert client(file).get("/api/next", headers={"X-Labeler": name}).status_code == 401


def test_with_tokens_the_token_says_who_labels(file: RecordFile) -> None:
    page = client(file, ann="a" * 40, bob="b" * 40)
    assert page.get("/api/next", headers=ANN).status_code == 401
    assert page.get("/api/next", headers={"Authorization": "Bearer " + "c" * 40}).status_code == 401
    headers = {"Authorization": "Bearer " + "b" * 40, "X-Labeler": "ann"}
    handed_out = page.get("/api/next", headers=headers).json()
    page.post("/api/save", json=label(handed_out["sample"]), headers=headers)
    assert records_in(file.path)[0]["labeler"] == "bob"


def test_a_disk_that_does_not_take_the_label_is_told_and_nothing_is_lost(
    file: RecordFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = client(file)
    body = label(page.get("/api/next", headers=ANN).json()["sample"])

    def full(record: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(file, "append", full)
        reply = page.post("/api/save", json=body, headers=ANN)
    assert reply.status_code == 507 and "No space left" in reply.json()["detail"]
    assert page.post("/api/save", json=body, headers=ANN).json()["new"]


def test_tokens_stay_the_same_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "people.tokens.json"
    first = tokens_for(["ann"], path)
    both = tokens_for(["ann", "bob"], path)
    assert both["ann"] == first["ann"] != both["bob"] and path.stat().st_mode & 0o077 == 0
    path.write_text(json.dumps({"ann": "short"}))
    with pytest.raises(InputError, match="no file of tokens"):
        tokens_for(["ann"], path)


def test_a_server_that_others_reach_needs_named_labelers(tmp_path: Path) -> None:
    files = Files(tmp_path / "asked.jsonl", "asked", tmp_path / "people.jsonl")
    with pytest.raises(InputError, match=r"--host 0\.0\.0\.0 lets others in; name each labeler"):
        serve(files, PageOptions(), [], "0.0.0.0", 0)


def test_a_link_names_the_machine_where_the_server_listens_on_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "desk")
    hosts = ("0.0.0.0", "::", "127.0.0.1", "::1", "lab.example")
    named = ("desk", "desk", "127.0.0.1", "[::1]", "lab.example")
    assert [address_of(host, 8765) for host in hosts] == [f"http://{name}:8765/" for name in named]
