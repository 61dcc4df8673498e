"""The bridge to Label Studio: on plain JSON, against a server that is made up here, and against a real one where there is one."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from served_page import records_in, sample

from stepscale.errors import InputError
from stepscale.labeling.label_commands import label_pull, label_push
from stepscale.labeling.page.sample import Sample
from stepscale.labeling.studio.rest import CONFIG
from stepscale.labeling.studio.tasks import make_task, records_of

ASKED = sample(problem="What is $x^2$ < 3?", answer="4", score=0.5, round=3, final_answer="5")
_START_SECONDS = 1200  # its first start fills a database: a minute when nothing else runs
TOKEN = "0123456789abcdef0123456789abcdef01234567"


def rated(*names: str, finish: str | None = None) -> list[dict[str, Any]]:
    parts = [
        {"from_name": f"rating_{i}", "to_name": f"step_{i}", "type": "choices", "value": {"choices": [name]}}
        for i, name in enumerate(names)
    ]
    end = {"from_name": "finish", "to_name": "problem", "type": "choices", "value": {"choices": [finish]}}
    return parts + [end] * (finish is not None)


def exported(sample: Sample, result: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    annotation = {"completed_by": 7, "result": result, "lead_time": 12.5, "created_at": "2026-01-02T03:04:05.000006Z"}
    return {"id": 1, "annotations": [annotation | more], **make_task(sample)}


def test_a_task_shows_escaped_text_and_mathml_and_hides_the_verifiers_view() -> None:
    task = make_task(ASKED)
    assert "<msup>" in task["data"]["problem_html"] and "&lt; 3" in task["data"]["problem_html"]
    assert task["predictions"] == [{"model_version": "prm", "score": 0.5, "result": []}]
    hostile = make_task(Sample(problem="<script>", steps=("<img src=x onerror=alert(1)>",)))
    assert "<img" not in hostile["data"]["steps"][0]["html"] and "<script" not in hostile["data"]["problem_html"]
    json.dumps(task)


def test_the_verifiers_ratings_are_shown_only_if_asked_for() -> None:
    scored = ASKED.model_copy(update={"negative": (0.1, 0.2, 0.9), "neutral": (0.7, 0.1, 0.0)})
    result = make_task(scored, prefill=True)["predictions"][0]["result"]
    assert [part["value"]["choices"] for part in result] == [["neutral"], ["positive"], ["negative"]]
    with pytest.raises(InputError, match="--prefill needs the verifier's step scores"):
        make_task(ASKED, prefill=True)


@pytest.mark.parametrize(
    ("result", "ratings", "finish"),
    [
        (rated("positive", "neutral", "positive"), [1, 0, 1], "solution"),
        (rated("positive", "negative", "positive"), [1, -1], "found_error"),
        (rated("positive", finish="give_up"), [1], "give_up"),
        (rated(finish="bad_problem"), [], "bad_problem"),
    ],
)
def test_an_annotation_becomes_prm800ks_record(result: list[dict[str, Any]], ratings: list[int], finish: str) -> None:
    (record,) = records_of([exported(ASKED, result)], {7: "ann"})
    assert [step["completions"][0]["rating"] for step in record["label"]["steps"]] == ratings
    assert record["label"]["finish_reason"] == finish and record["label"]["total_time"] == 12_500
    assert (record["labeler"], record["generation"]) == ("ann", 3)
    assert record["timestamp"] == "2026-01-02T03:04:05.000006"
    assert record["question"]["pre_generated_verifier_score"] == 0.5
    assert record["question"]["problem"] == ASKED.problem and record["question"]["ground_truth_answer"] == "4"


def test_a_skipped_task_has_no_record_and_an_unfinished_one_is_named() -> None:
    assert not list(records_of([exported(ASKED, [], was_cancelled=True)], {}))
    with pytest.raises(InputError, match=r"Label Studio's task 1: .*rate it to its end"):
        list(records_of([exported(ASKED, rated("positive"))], {}))
    with pytest.raises(InputError, match="task 5"):
        list(records_of([{"id": 5, "data": {}, "annotations": [{"result": []}]}], {}))


def test_the_configuration_is_well_formed_and_names_what_is_read_back() -> None:
    from xml.etree import ElementTree

    root = ElementTree.parse(CONFIG).getroot()
    names = {node.get("name") for node in root.iter("Choices")}
    assert names == {"rating_{{idx}}", "finish"}


class Studio:
    """A made-up server: what is imported is held, and every task is labeled once by user 7."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] != f"Token {TOKEN}":
            return httpx.Response(401)
        path = request.url.path
        if path == "/api/projects":
            return httpx.Response(201, json={"id": 3})
        if path.endswith("/import"):
            self.tasks += json.loads(request.content)
            return httpx.Response(201, json={})
        if path == "/api/tasks":
            return httpx.Response(200, json={"tasks": self.tasks, "total": len(self.tasks)})
        if path == "/api/users":
            return httpx.Response(200, json=[{"id": 7, "username": "", "email": "ann@example.com"}])
        sent = [Sample.model_validate(task["data"]["sample"]) for task in self.tasks]
        return httpx.Response(200, json=[exported(s, rated("positive", "negative")) for s in sent])


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Studio:
    server, client = Studio(), httpx.Client
    transport = httpx.MockTransport(lambda request: server.answer(request))
    monkeypatch.setattr(httpx, "Client", lambda **more: client(transport=transport, **more))
    monkeypatch.chdir(tmp_path)
    lines = [sample(f"p{i}").model_dump_json(include={"problem", "steps"}) + "\n" for i in range(3)]
    (tmp_path / "asked.jsonl").write_text("".join(lines))
    return server


def test_push_and_pull_move_each_solution_and_each_label_once(studio: Studio, tmp_path: Path) -> None:
    def run(command: Any, *words: str) -> str:
        result = CliRunner().invoke(command, words, env={"LABEL_STUDIO_TOKEN": TOKEN})
        assert result.exit_code == 0, result.output
        return str(result.output)

    assert "3 of 3 solutions are new in project 3" in run(label_push, "asked.jsonl")
    assert "0 of 3 solutions are new in project 3" in run(label_push, "asked.jsonl", "--project", "3")
    assert [task["data"]["sample"]["problem"] for task in studio.tasks] == [f"What is $p{i}$?" for i in range(3)]
    assert "3 new labels" in run(label_pull, "--project", "3") and "0 new labels" in run(label_pull, "--project", "3")
    assert [r["labeler"] for r in records_in(tmp_path / "people.jsonl")] == ["ann"] * 3


def test_a_server_that_refuses_or_is_absent_is_one_line(studio: Studio) -> None:
    result = CliRunner().invoke(label_pull, ["--project", "3", "--token", "wrong"])
    assert result.exit_code == 1 and "refuses the token" in result.output and len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    "reply",
    [
        '{"a":1}',
        "[1]",
        "null",
        "{}",
        '""',
        '{"tasks":{},"total":0}',
        '[{"annotations":[1]}]',
        '{"tasks":[5],"total":1}',
        "x",
    ],
)
@pytest.mark.parametrize(
    ("command", "words"),
    [(label_push, ["asked.jsonl"]), (label_push, ["asked.jsonl", "--project", "1"]), (label_pull, ["--project", "1"])],
)
def test_a_server_of_another_kind_is_one_line(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, command: Any, words: list[str], reply: str
) -> None:
    monkeypatch.setattr(studio, "answer", lambda request: httpx.Response(200, text=reply))
    result = CliRunner().invoke(command, [*words, "--token", TOKEN])
    assert result.exit_code == 1 and len(result.output.splitlines()) == 1, result.exception
    assert "no answer of Label Studio's (" in result.output and "is it running there?" in result.output


@pytest.mark.parametrize("token", ["tök", "a b", "a\n", " "])
def test_a_token_that_no_header_can_hold_is_one_line_which_does_not_show_it(studio: Studio, token: str) -> None:
    result = CliRunner().invoke(label_pull, ["--project", "3", "--token", token])
    assert result.exit_code == 1 and "holds a character that no token has" in result.output
    assert len(result.output.splitlines()) == 1 and (token == " " or token not in result.output)


@pytest.mark.parametrize("url", ["http://a..b", "http://[::1", "http://h:99999999", "nonsense", ""])
def test_an_address_that_cannot_be_is_one_line(url: str) -> None:
    result = CliRunner().invoke(label_pull, ["--project", "3", "--token", TOKEN, "--url", url])
    assert result.exit_code == 1 and "no answer of Label Studio's (" in result.output, result.exception
    assert len(result.output.splitlines()) == 1


def test_labels_that_hold_a_line_of_another_kind_are_left_as_they_are(studio: Studio, tmp_path: Path) -> None:
    bad = '{"question":{},"label":{}}\n'
    (tmp_path / "people.jsonl").write_text(bad)
    result = CliRunner().invoke(label_pull, ["--project", "3", "--token", TOKEN])
    assert result.exit_code == 1 and "people.jsonl:1: not a PRM800K record (" in result.output
    assert (tmp_path / "people.jsonl").read_text() == bad


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Label Studio, started from the executable that LABEL_STUDIO names."""
    executable = os.environ.get("LABEL_STUDIO")
    if not executable:
        pytest.skip("no Label Studio: LABEL_STUDIO names no executable (docs/how_to/label_solutions.md)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    quiet = {"COLLECT_ANALYTICS": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "LATEST_VERSION_CHECK": "false"}
    environment = os.environ | quiet | {"LABEL_STUDIO_BASE_DATA_DIR": str(tmp_path_factory.mktemp("studio"))}
    words = f"start --no-browser --init --port {port} --internal-host 127.0.0.1 --username ann@example.com --password pass-word-1"
    command = [executable, *words.split(), "--user-token", TOKEN, "--enable-legacy-api-token"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(_START_SECONDS):
            try:
                httpx.get(f"{address}/health", timeout=2).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, "Label Studio ended"
                time.sleep(1)
        else:
            pytest.fail("Label Studio did not start")
        yield address
    finally:
        process.terminate()
        process.wait()


def test_a_real_label_studio_takes_the_tasks_and_gives_labels_back(real: str, tmp_path: Path) -> None:
    from stepscale.labeling.studio.moving import pull, push
    from stepscale.labeling.studio.rest import StudioClient

    client = StudioClient(real, TOKEN)
    project = client.make_project("Steps")
    samples = [sample(f"p{i}", score=i / 4) for i in range(3)]
    assert push(client, samples, project) == 3 and push(client, samples, project) == 0
    headers = {"Authorization": f"Token {TOKEN}"}
    for expected in samples:
        task = httpx.get(f"{real}/api/projects/{project}/next", headers=headers).json()
        assert task["data"]["id"] == expected.id, "in the selector's order"
        body = {"result": rated("positive", "negative"), "lead_time": 2.0}
        httpx.post(f"{real}/api/tasks/{task['id']}/annotations", json=body, headers=headers).raise_for_status()
    path = tmp_path / "people.jsonl"
    assert pull(client, project, path) == 3 and pull(client, project, path) == 0
    assert all(r["labeler"].startswith("ann") for r in records_in(path))
