"""Answers questions side by side in this process, each in the calling thread.

In: an ``Answerer``, and questions that were checked. Out: answers. All questions under way share the models. ``workers``
does the same in several processes.
"""

from typing import Protocol

from stepscale.errors import InputError
from stepscale.serving.answering import Answerer, PolicyAnswer
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.shared_models import SharedModels


class Unanswered(Exception):
    """A model behind the service failed: the fault of those who serve it, not of the client."""


class Answers(Protocol):
    """Answers checked questions from many threads at once."""

    def answer(self, question: PolicyQuestion) -> PolicyAnswer:
        """The answer, under the calling thread's time limit.

        Args:
            question: As checked by ``Answerer.check``.

        Raises:
            OutOfTime: The time is up.
            Unanswered: A model failed.
        """
        ...

    def close(self) -> None:
        """End what works for questions, once there are none."""
        ...


class SideBySide:
    """Answers in this process.

    Args:
        answerer: Whose models are shared.
        lanes: The most threads that draw; None: as many as suit the generator.
    """

    def __init__(self, answerer: Answerer, lanes: int | None = None) -> None:
        self._answerer = answerer
        self._models = SharedModels(answerer.generator, answerer.verifier, lanes)

    def answer(self, question: PolicyQuestion) -> PolicyAnswer:
        """See ``Answers``."""
        try:
            with self._models.question() as (generator, verifier):
                return self._answerer.answer_with(question, generator, verifier)
        except InputError as error:  # the question was checked: it is the models' settings that are at fault
            raise Unanswered(str(error)) from error

    def close(self) -> None:
        """See ``Answers``."""
        self._models.close()
