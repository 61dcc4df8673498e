"""The policy as MLflow loads and serves it ("models from code": MLflow runs this file, nothing is unpickled).

In: questions of ``problem`` and ``budget``, in any of MLflow's forms. Out: an answer per question. A bad request is a client's
error (HTTP 400) whose message is the reason. Work ends a little before MLflow's server stops waiting for it. This file imports
MLflow, as ``tracking`` does: a model that MLflow can load has to be its PythonModel.
"""

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.environment_variables import _MLFLOW_IS_IN_SERVING_ENVIRONMENT, MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import (
    DEADLINE_EXCEEDED,
    INTERNAL_ERROR,
    INVALID_PARAMETER_VALUE,
    REQUEST_LIMIT_EXCEEDED,
    TEMPORARILY_UNAVAILABLE,
)
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from stepscale.errors import InputError
from stepscale.serving.question import read_questions
from stepscale.serving.service import AnswerService, Overloaded, ServiceLimits
from stepscale.serving.worker import WorkerLost
from stepscale.time_limit import Deadline, OutOfTime

_log = logging.getLogger(__name__)
_WORKING_SHARE = 0.9  # of the server's time limit: the work ends before the server stops waiting


class RefusedRequest(MlflowException):
    """The reason alone: MLflow's server puts all of the request before the message of any other error, in lines of its own.

    Args:
        reason: What the client reads, in one line.
        code: MLflow's error code, which decides the HTTP status.
    """

    def __init__(self, reason: str, code: int = INVALID_PARAMETER_VALUE) -> None:
        super().__init__(reason, error_code=code)
        self._reason = reason

    def serialize_as_json(self) -> str:
        """The reply as JSON."""
        return json.dumps({"error_code": self.error_code, "message": self._reason})


class PolicyModel(PythonModel):
    """Answers questions side by side, whatever the server's threads."""

    service: AnswerService

    def load_context(self, context: PythonModelContext) -> None:
        """Load policy, generator and PRM from the model's artifacts.

        Raises:
            InputError: One of them is missing or damaged.
        """
        from stepscale.serving.answering import Answerer

        folders = {name: Path(path) for name, path in context.artifacts.items()}
        self.service = AnswerService(Answerer.load(**folders), ServiceLimits())

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """An answer per question, in order; all are checked before the first is answered.

        ``model_input`` has the type that MLflow accepts without a warning; it may have any form that ``read_questions`` reads.

        Args:
            context: MLflow's; unused.
            model_input: One question or several.
            params: MLflow's; unused.

        Raises:
            RefusedRequest: A question is at fault, too many wait, the time is up, or a server's own work fails.
        """
        return answers_to(model_input, self.service, server_seconds())


def answers_to(
    request: object, service: AnswerService, seconds: float | None, deadline: Deadline | None = None
) -> list[dict[str, Any]]:
    """An answer per question, in order; all are checked before the first is answered.

    Args:
        request: One question or several, in any form that ``read_questions`` reads.
        service: What answers.
        seconds: That the request may take; None: there is no server, and no limit.
        deadline: When the work ends; None: after ``seconds``.

    Raises:
        RefusedRequest: A question is at fault, too many wait, the time is up, or a server's own work fails.
    """
    try:
        questions = read_questions(request, service.most_per_request)
        return [answer.model_dump() for answer in service.answer_all(questions, deadline or Deadline(seconds))]
    except InputError as error:
        raise RefusedRequest(str(error)) from None
    except Overloaded as error:
        raise RefusedRequest(str(error), REQUEST_LIMIT_EXCEEDED) from None
    except WorkerLost as error:
        raise RefusedRequest(str(error), TEMPORARILY_UNAVAILABLE) from None
    except OutOfTime:
        raise RefusedRequest(
            f"no answer within {seconds:g} seconds, so the work was ended; ask fewer questions at once, with smaller "
            "budgets, or give the server more time per request",
            DEADLINE_EXCEEDED,
        ) from None
    except Exception as error:
        if seconds is None:
            raise
        _log.error("a question could not be answered", exc_info=error)
        raise RefusedRequest("the server failed; its log tells why", INTERNAL_ERROR) from None


def server_seconds() -> float | None:
    """Seconds that a request may take: a little less than MLflow's server waits; None where no server is."""
    if not _MLFLOW_IS_IN_SERVING_ENVIRONMENT.get():  # type: ignore[no-untyped-call]
        return None
    return _WORKING_SHARE * float(MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT.get())  # type: ignore[no-untyped-call]


set_model(PolicyModel())
