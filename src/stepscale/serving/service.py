"""Questions answered side by side, within bounds: how many at once, how many wait, and for how long.

In: an ``Answerer`` and limits. Out: a promise of an answer for each question, or a refusal before anything is computed. A
question whose time is up, or whose client has gone, is dropped.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from pydantic import Field

from stepscale.serving.answering import Answerer, PolicyAnswer
from stepscale.serving.question import PolicyQuestion, check_number
from stepscale.serving.side_by_side import Answers, SideBySide
from stepscale.time_limit import Deadline, OutOfTime, time_left, within
from stepscale.user_settings import UserSettings


class ServiceLimits(UserSettings):
    """Limits of a service."""

    questions_at_once: int = Field(64, ge=1, description="answered side by side")
    questions_waiting: int = Field(256, ge=0, description="that wait for their turn; more are refused (HTTP 429)")

    @property
    def questions(self) -> int:
        """Questions that are taken at the same time."""
        return self.questions_at_once + self.questions_waiting


class Overloaded(Exception):
    """The service has as many questions as it accepts."""


class AnswerService:
    """Answers questions from any thread, in order of arrival.

    Args:
        answerer: Checks questions, and answers them where nothing else is given.
        limits: Of what is taken.
        answers: Answers what was checked; closed with the service.
    """

    def __init__(self, answerer: Answerer, limits: ServiceLimits, answers: Answers | None = None) -> None:
        self.answerer, self.limits = answerer, limits
        self._answers = answers or SideBySide(answerer)
        self._threads = ThreadPoolExecutor(limits.questions_at_once, "question")
        self.most_per_request = min(answerer.policy.questions_per_request, limits.questions)
        self._lock, self._n_open = Lock(), 0

    def submit(self, questions: Sequence[PolicyQuestion], deadline: Deadline) -> list[Future[PolicyAnswer]]:
        """Begin to answer the questions of one request; all are checked before the first is answered.

        Args:
            questions: Of one request.
            deadline: When its work ends.

        Returns:
            A future per question.

        Raises:
            InputError: There are too many of them, or one cannot be answered.
            Overloaded: Too many of other requests wait.
        """
        check_number(len(questions), self.most_per_request)
        for question in questions:
            self.answerer.check(question)
        with self._lock:
            if self._n_open + len(questions) > self.limits.questions:
                raise Overloaded(
                    f"{self._n_open} questions are being answered or wait, and {self.limits.questions} are taken at most; "
                    "ask again later"
                )
            self._n_open += len(questions)
        futures = [self._threads.submit(self._answer, question, deadline) for question in questions]
        for future in futures:
            future.add_done_callback(self._close_one)
        return futures

    def answer_all(self, questions: Sequence[PolicyQuestion], deadline: Deadline) -> list[PolicyAnswer]:
        """The answers, in order.

        Args:
            questions: Checked ones.
            deadline: When their time is up.

        Raises:
            OutOfTime: It is up. What ``submit`` and ``Answers.answer`` raise comes, too.
        """
        futures = self.submit(questions, deadline)
        seconds_left = deadline.left()
        try:
            return [
                future.result(timeout=None if seconds_left == float("inf") else max(0.0, deadline.left()))
                for future in futures
            ]
        except TimeoutError:
            raise OutOfTime from None
        finally:
            deadline.end_now()
            for future in futures:  # a call under way ends by itself, and keeps its place until then
                future.cancel()

    def close(self) -> None:
        """Finish what was submitted, and end all threads."""
        self._threads.shutdown()
        self._answers.close()

    def _answer(self, question: PolicyQuestion, deadline: Deadline) -> PolicyAnswer:
        with within(deadline.left):
            time_left()
            return self._answers.answer(question)

    def _close_one(self, _: Future[PolicyAnswer]) -> None:
        with self._lock:
            self._n_open -= 1
