"""Several processes that answer questions, one per core: threads that draw share Python's lock and leave cores idle.

In: how the models are opened, and questions from many threads. Out: answers, the same whichever process gives them. A question
goes to the process with the fewest, and stays there.
"""

import os
import threading

from stepscale.engine.lanes import is_single_core_size
from stepscale.serving.answering import Answerer, PolicyAnswer
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.shared_drawing import ContinuouslyBatched
from stepscale.serving.shared_models import CountsSteps
from stepscale.serving.worker import Worker
from stepscale.serving.worker_process import OpenAnswerer


def processes_for(answerer: Answerer) -> int:
    """How many processes answer best: one per core where both models are small and in this process, else one.

    A larger model takes all cores by itself, and a copy of it per process would cost memory. A server batches by itself.

    Args:
        answerer: Holds the models.
    """
    generator, verifier = answerer.generator, answerer.verifier
    if not isinstance(generator, ContinuouslyBatched) or not isinstance(verifier, CountsSteps):
        return 1
    return len(generator.lanes()) if is_single_core_size(verifier.parameters) else 1


class Workers:
    """Processes that answer; see ``side_by_side.Answers``.

    Args:
        open_answerer: Opens the models, in each process; it is pickled.
        processes: How many.
        questions_at_once: The most questions that come at once.

    Raises:
        InputError: The models cannot be opened.
    """

    def __init__(self, open_answerer: OpenAnswerer, processes: int, questions_at_once: int) -> None:
        threads = max(1, (os.cpu_count() or 1) // processes)
        self._choosing = threading.Lock()
        self._workers = [Worker(open_answerer, threads, questions_at_once) for _ in range(processes)]
        try:
            for worker in self._workers:
                worker.opened.result()
        except BaseException:
            self.close()
            raise

    def answer(self, question: PolicyQuestion) -> PolicyAnswer:
        """See ``side_by_side.Answers``.

        Args:
            question: As checked by ``Answerer.check``.

        Raises:
            WorkerLost: The process that had the question has ended. OutOfTime and Unanswered come, too.
        """
        with self._choosing:
            worker = min(self._workers, key=lambda candidate: candidate.load)
            slot = worker.take()
        return worker.answer(slot, question)

    def close(self) -> None:
        """End the processes, once there are no questions."""
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.join()
