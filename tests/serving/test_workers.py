"""Questions answered in several processes: the same answers, ended work, processes that die or cannot begin, none left behind."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from answering_fakes import dying, refusing, slow, telling
from fastapi.testclient import TestClient
from search_fakes import random_generator, random_verifier
from shard_workers import FRESH

from stepscale.errors import InputError
from stepscale.serving.answering import Answerer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.server import ServerOptions, application
from stepscale.serving.service import AnswerService, ServiceLimits
from stepscale.serving.side_by_side import Unanswered
from stepscale.serving.worker import WorkerLost
from stepscale.serving.workers import Workers, processes_for
from stepscale.time_limit import Deadline, OutOfTime

_PATIENCE = 600  # seconds; a few when nothing else runs


@pytest.fixture(autouse=True, scope="module")
def imported_once() -> Iterator[None]:
    """Its processes are as fresh as the server's own (``test_real_clients``) and import no libraries anew, each for seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stepscale.serving.worker._SPAWNED", FRESH)
        yield


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workers") / "calls.log"


@pytest.fixture(scope="module")
def service(log: Path) -> Iterator[AnswerService]:
    """Two processes that say which they are if they are asked who; what they are asked stands in the log."""
    opened = partial(telling, log)
    with closing(AnswerService(opened(), ServiceLimits(), Workers(opened, 2, 8))) as service:
        yield service


def ask(service: AnswerService, *problems: str, deadline: Deadline | None = None) -> list[str | None]:
    questions = [PolicyQuestion(problem, 4) for problem in problems]
    return [answer.answer for answer in service.answer_all(questions, deadline or Deadline())]


def wait_until(is_so: Callable[[], Any]) -> None:
    end = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def both(service: AnswerService) -> set[str]:
    """The two processes, by what they answer. On a busy machine one answers many questions before the other is awake."""
    answered = set[str]()

    def have_answered() -> bool:
        answered.update(filter(None, ask(service, *(f"who {i}" for i in range(16)))))
        return len(answered) == 2

    wait_until(have_answered)
    return answered


def test_answers_are_those_of_one_process_alone(service: AnswerService, log: Path) -> None:
    answerer = telling(log)
    questions = [PolicyQuestion(f"problem {i}", 4) for i in range(12)]
    alone = [answerer.answer(question) for question in questions]
    assert len({answer.answer for answer in alone}) > 1
    assert service.answer_all(questions, Deadline()) == alone
    assert service.answer_all(questions[::-1], Deadline()) == alone[::-1], "whichever process has them"


def test_answers_of_the_real_engine_are_those_of_one_process_alone(pieces: dict[str, Path]) -> None:
    text = "Some friends have pens. Ida has {}. As many as Ida and 4 more go to Ann. How many pens does Ann have?"
    opened = partial(Answerer.load, **pieces)
    answerer = opened()
    questions = [PolicyQuestion(text.format(i), 6) for i in range(2, 8)]
    alone = [compared_fields(answerer.answer(question)) for question in questions]
    assert processes_for(answerer) == len(answerer.generator.lanes())
    with closing(AnswerService(answerer, ServiceLimits(), Workers(opened, 2, 8))) as service:
        assert [compared_fields(answer) for answer in service.answer_all(questions, Deadline())] == alone


def compared_fields(answer: Any) -> dict[str, Any]:
    """All of it but scores, whose last digits depend on how a batch is cut."""
    return {**answer.model_dump(exclude={"steps", "confidence"}), "steps": [step.text for step in answer.steps]}


def test_questions_are_shared_out_to_the_processes(service: AnswerService) -> None:
    answers = both(service)
    assert {process.pid for process in multiprocessing.active_children()} >= set(map(int, answers))


def test_the_work_ends_when_nobody_waits_any_more(service: AnswerService, log: Path) -> None:
    deadline = Deadline()
    questions = [PolicyQuestion("last", 4, draw) for draw in range(2)]
    futures = service.submit(questions, deadline)
    wait_until(lambda: log.exists() and log.read_text().count("last") > 2)
    deadline.end_now()
    for future in futures:
        with pytest.raises(OutOfTime):
            future.result()

    def stands_still() -> bool:
        before = log.read_text().count("last")
        time.sleep(0.5)  # ten calls of both models, if the work went on
        return log.read_text().count("last") == before

    wait_until(stands_still)  # the calls that were under way are finished
    calls = log.read_text().count("last")
    both(service)  # answer the next ones
    assert log.read_text().count("last") == calls


def test_a_failure_in_a_process_is_a_failure_here_and_the_next_question_is_answered(service: AnswerService) -> None:
    with pytest.raises(Unanswered, match="no memory"):
        ask(service, "fail")
    assert ask(service, "who")[0]


def test_a_process_that_dies_is_told_to_whom_it_worked_for_and_another_one_takes_its_place(
    service: AnswerService,
) -> None:
    before = both(service)
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(ask, service, "last")
        wait_until(lambda: service._answers._workers[0]._waiting or service._answers._workers[1]._waiting)
        with pytest.raises(
            WorkerLost, match="this question was killed by SIGKILL; another one is started, so ask again"
        ):
            ask(service, "die")
        assert other.result() == [None], "the other process went on"
    wait_until(lambda: all(worker.load[0] == 0 for worker in service._answers._workers))
    assert len(before & both(service)) == 1


def test_the_processes_end_with_the_service(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # whoever of two threads asks second for the exit code of a process of a fork server gets another
    monkeypatch.setattr("stepscale.serving.worker._SPAWNED", multiprocessing.get_context("spawn"))
    opened = partial(telling, log)
    service = AnswerService(opened(), ServiceLimits(), Workers(opened, 2, 8))
    processes = [worker._process for worker in service._answers._workers]
    futures = service.submit([PolicyQuestion(f"who {i}", 4) for i in range(4)], Deadline())
    service.close()
    assert all(future.result().answer for future in futures), "what was asked is answered first"
    assert [process.exitcode for process in processes] == [0, 0]


@pytest.mark.parametrize(
    ("opened", "fault"),
    [
        (refusing, "the folder prm is absent"),
        (dying, "ended with exit code 7 before its models were open; .*--workers"),
    ],
)
def test_models_that_cannot_be_opened_are_one_line_and_no_process_is_left(opened, fault) -> None:
    before = set(multiprocessing.active_children())
    with pytest.raises(InputError, match=fault) as caught:
        Workers(opened, 2, 8)
    assert "\n" not in str(caught.value)
    assert set(multiprocessing.active_children()) <= before


class Lost:
    """As if the process had died."""

    def answer(self, question: PolicyQuestion) -> Any:
        raise WorkerLost("the process that worked on this question was killed by SIGKILL")

    def close(self) -> None:
        pass


def test_clients_are_told_of_a_process_that_died_as_what_may_pass(settings) -> None:
    answerer = Answerer(ServedPolicy.model_validate(settings), random_generator(3), random_verifier(0))
    client = TestClient(application(answerer, ServerOptions(), Lost()))
    chat = {"model": "stepscale-policy", "messages": [{"role": "user", "content": "1+1"}]}
    reply = client.post("/v1/chat/completions", json=chat)
    assert reply.status_code == 503 and reply.headers["retry-after"] == "1"
    assert reply.json()["error"]["message"].endswith("was killed by SIGKILL")
    assert '"status": 503' in client.post("/v1/chat/completions", json={**chat, "stream": True}).text
    reply = client.post("/invocations", json={"inputs": {"problem": "1+1", "budget": 4}})
    assert reply.status_code == 503 and reply.json()["message"].endswith("was killed by SIGKILL")


def test_one_process_answers_for_models_that_are_large_or_elsewhere(pieces: dict[str, Path]) -> None:
    assert processes_for(slow(0.0)) == 1
    answerer = Answerer.load(**pieces)
    answerer.generator._lanes = 4
    assert processes_for(answerer) == 4
    answerer.verifier.parameters = 10**9
    assert processes_for(answerer) == 1


@pytest.mark.parametrize("workers", [0, -1, 1.5, "many", True])
def test_a_number_of_processes_that_is_none_is_refused(workers) -> None:
    with pytest.raises(ValueError, match="workers"):
        ServerOptions(workers=workers)
