"""What runs in a process that answers questions for the server.

In: numbered questions from a pipe, each with the seconds that it has. Out: what became of each, on the same pipe. The models are
opened once. The process ends when it is told to, or when the server's end of the pipe is closed. A signal that goes to the whole
group, such as Ctrl-C, is the server's to heed. ``worker`` is the server's side.
"""

import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from stepscale.engine.lanes import limit_threads
from stepscale.errors import InputError
from stepscale.serving.answering import Answerer, PolicyAnswer
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.side_by_side import SideBySide, Unanswered
from stepscale.time_limit import Deadline, OutOfTime, time_left, within

OpenAnswerer = Callable[[], Answerer]
Outcome = PolicyAnswer | Exception


@dataclass(frozen=True)
class Ask:
    """A question for the process.

    Attributes:
        number: Comes back with the answer.
        question: A checked one.
        seconds: Until it must be answered.
    """

    number: int
    question: PolicyQuestion
    seconds: float


@dataclass(frozen=True)
class End:
    """The answer to this question is no longer needed."""

    number: int


@dataclass(frozen=True)
class Stop:
    """There are no questions any more."""


@dataclass(frozen=True)
class Opened:
    """The models are open, or why they are not."""

    error: InputError | None = None


@dataclass(frozen=True)
class Settled:
    """What became of a question.

    Attributes:
        number: Of the question.
        outcome: The answer, or the error that took its place.
    """

    number: int
    outcome: Outcome


def work(server: Connection, open_answerer: OpenAnswerer, threads: int, questions_at_once: int) -> None:
    """Answer until the server closes its end.

    Args:
        server: Questions come from it, and what became of them goes to it.
        open_answerer: Opens the models.
        threads: That products may take, and threads that draw.
        questions_at_once: The most that come at once.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    limit_threads(threads)
    try:
        answers = SideBySide(open_answerer(), threads)
    except InputError as error:
        server.send(Opened(error))
        return
    server.send(Opened())
    _AnsweringProcess(server, answers, questions_at_once).run()


class _AnsweringProcess:
    """The questions that are being answered."""

    def __init__(self, server: Connection, answers: SideBySide, questions_at_once: int) -> None:
        self._server, self._answers = server, answers
        self._threads = ThreadPoolExecutor(questions_at_once, "question")
        self._deadlines: dict[int, Deadline] = {}
        self._sending = threading.Lock()

    def run(self) -> None:
        """Read what comes until the end."""
        with suppress(EOFError, OSError):
            while not isinstance(message := self._server.recv(), Stop):
                match message:
                    case Ask(number, question, seconds):
                        self._deadlines[number] = Deadline(seconds)
                        self._threads.submit(self._settle, number, question, self._deadlines[number])
                    case End(number) if number in self._deadlines:
                        self._deadlines[number].end_now()
        for deadline in list(self._deadlines.values()):
            deadline.end_now()
        self._threads.shutdown()
        self._answers.close()

    def _settle(self, number: int, question: PolicyQuestion, deadline: Deadline) -> None:
        """Answer one, and tell."""
        try:
            with within(deadline.left):
                time_left()
                outcome: Outcome = self._answers.answer(question)
        except (OutOfTime, Unanswered) as error:
            outcome = error
        except Exception:
            outcome = Unanswered(traceback.format_exc())  # the server's log gets it
        del self._deadlines[number]
        with self._sending, suppress(OSError):  # the server may be gone
            self._server.send(Settled(number, outcome))
