"""What MLflow's server calls: questions side by side, no longer than the server waits, and no work left behind."""

import threading
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bounded_work import at_rest
from search_fakes import FakeGenerator, random_generator, random_verifier

from stepscale.serving.answering import Answerer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.pyfunc_model import PolicyModel, RefusedRequest
from stepscale.serving.service import AnswerService, ServiceLimits

QUESTION = {"problem": "problem 1", "budget": 6}


class SlowGenerator(FakeGenerator):
    """Takes its time for each call, and until it is let go on."""

    seconds = 0.0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.n_begun, self.go_on = 0, threading.Event()
        self.go_on.set()

    def generate(self, *arguments: Any) -> Any:
        self.n_begun += 1
        time.sleep(self.seconds)
        self.go_on.wait(600)
        return super().generate(*arguments)


def policy_model(settings: dict[str, Any], seconds: float = 0.0) -> tuple[PolicyModel, SlowGenerator]:
    generator = SlowGenerator(random_generator(3).say)
    generator.seconds = seconds
    model = PolicyModel()
    answerer = Answerer(ServedPolicy.model_validate(settings), generator, random_verifier(0))
    model.service = AnswerService(answerer, ServiceLimits(questions_at_once=2, questions_waiting=60))
    return model, generator


@pytest.fixture
def a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits a second for an answer."""
    monkeypatch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")
    monkeypatch.setenv("MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "1")


@pytest.mark.parametrize(
    "request_",
    [
        [QUESTION, QUESTION],
        np.array([QUESTION, QUESTION]),
        {"problem": np.array(["problem 1"] * 2), "budget": np.array([6, 6])},
        [{"problem": np.array("problem 1"), "budget": np.array(6)}] * 2,
        pd.DataFrame([QUESTION, QUESTION]),
    ],
    ids=["list", "array", "columns", "scalars", "table"],
)
def test_every_form_of_a_request_is_read_alike(settings, request_) -> None:
    alone = policy_model(settings)[0].predict(None, QUESTION)
    assert policy_model(settings)[0].predict(None, request_) == alone * 2


def test_a_question_is_checked_once(settings, monkeypatch) -> None:
    model, _ = policy_model(settings)
    checks: list[int] = []
    monkeypatch.setattr(model.service.answerer, "check", lambda question: checks.append(question.budget))
    model.predict(None, [QUESTION] * 3)
    assert checks == [6, 6, 6]


def test_too_many_questions_are_refused_before_the_first_is_answered(settings) -> None:
    model, generator = policy_model({**settings, "questions_per_request": 2})
    with pytest.raises(RefusedRequest, match="3 questions, at most 2") as refused:
        model.predict(None, [QUESTION] * 3)
    assert refused.value.get_http_status_code() == 400 and not generator.calls


def test_the_work_ends_with_the_time_of_the_request(settings, a_second, monkeypatch) -> None:
    model, generator = policy_model(settings, seconds=0.2)
    with pytest.raises(RefusedRequest, match=r"no answer within 0.9 seconds, so the work was ended") as refused:
        model.predict(None, [QUESTION] * 30)
    assert refused.value.get_http_status_code() == 504
    assert at_rest(lambda: len(generator.calls)) < 30, "not all of them, nor goes anything on"
    generator.seconds = 0.0
    monkeypatch.setenv("MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "600")
    assert model.predict(None, [QUESTION])[0]["generations"] <= 6, "the next one is answered"


def test_who_waits_in_vain_does_no_work_afterwards(settings, a_second) -> None:
    model, generator = policy_model(settings)
    generator.go_on.clear()
    busy = [threading.Thread(target=lambda: ended_late(model)) for _ in range(2)]
    for thread in busy:
        thread.start()
    while generator.n_begun < 2:
        time.sleep(0.01)
    with pytest.raises(RefusedRequest, match="no answer within"):
        model.predict(None, [{**QUESTION, "problem": "another"}])
    generator.go_on.set()
    for thread in busy:
        thread.join()
    model.service.close()  # once the calls under way have ended: nobody waits for those
    prompts = {generator.decode(request.prefix) for _, _, requests in generator.calls for request in requests}
    assert prompts and not any(text.startswith("another") for text in prompts)


def ended_late(model: PolicyModel) -> None:
    with pytest.raises(RefusedRequest, match="no answer within"):
        model.predict(None, [QUESTION])


def test_more_questions_than_are_taken_are_refused_as_too_many(settings) -> None:
    model, generator = policy_model({**settings, "questions_per_request": 100})
    with pytest.raises(RefusedRequest, match="63 questions, at most 62 are answered at once") as refused:
        model.predict(None, [QUESTION] * 63)
    assert refused.value.get_http_status_code() == 400 and not generator.calls
    model.service._n_open = 60  # as if others had asked
    with pytest.raises(RefusedRequest, match="62 are taken at most; ask again later") as refused:
        model.predict(None, [QUESTION] * 3)
    assert refused.value.get_http_status_code() == 429 and not generator.calls


def test_without_a_server_there_is_no_limit_of_time(settings, monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "0")
    monkeypatch.delenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", raising=False)  # a test before may have been a server
    assert policy_model(settings)[0].predict(None, [QUESTION])
