"""The policy as MLflow loads and serves it ("models from code": MLflow runs this file, nothing is unpickled).

In: rows of ``problem`` and ``budget``. Out: an answer a row. A bad request is a client's error (HTTP 400) whose message is the
reason. One of the two files beside ``tracking`` that know MLflow: a model that MLflow can load has to be its PythonModel.
"""

import json
from pathlib import Path
from threading import Lock
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from stepscale.errors import InputError
from stepscale.serving.question import read_question


class BadRequest(MlflowException):
    """The reason alone: MLflow's server puts all of the request before the message of any other error, in lines of its own."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, error_code=INVALID_PARAMETER_VALUE)
        self._reason = reason

    def serialize_as_json(self) -> str:
        """What the client reads."""
        return json.dumps({"error_code": self.error_code, "message": self._reason})


class PolicyModel(PythonModel):
    """Answers questions, one at a time, whatever the server's threads."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load policy, generator and PRM from the model's artifacts. Raises InputError."""
        from stepscale.serving.answering import Answerer

        folders = {name: Path(path) for name, path in context.artifacts.items()}
        self._answerer = Answerer.load(**folders)
        self._one_at_a_time = Lock()

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """An answer a row, in order; all rows are checked before the first is answered. Raises BadRequest."""
        try:
            rows = model_input.to_dict("records")
            if not rows:
                raise InputError("the request holds no rows; give one problem and budget or more")
            questions = [read_question(row.get("problem"), row.get("budget")) for row in rows]
            with self._one_at_a_time:
                for question in questions:
                    self._answerer.check(question)
                return [self._answerer.answer(question).model_dump() for question in questions]
        except InputError as error:
            raise BadRequest(str(error)) from None


set_model(PolicyModel())
