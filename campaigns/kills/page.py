"""A labeler at the page whose server is killed: what was said to be saved is in the file, once."""

import json
from hashlib import sha256
from pathlib import Path

from campaigns.kills.work import Work, note
from stepscale.labeling.page.page_options import PageOptions
from stepscale.labeling.page.queue import Queue
from stepscale.labeling.page.records import StepJudgment, Submission
from stepscale.labeling.page.sample import Sample
from stepscale.labeling.page.store import RecordFile

_SAMPLES = 60


class Page(Work):
    """The queue behind the page, which saves as fast as the disk does; a saved label is noted as soon as it is confirmed."""

    name = "labeling"

    def run(self, shared: Path, folder: Path) -> None:
        """Label what is not labeled yet."""
        samples = [Sample(problem=f"What is {i}?", steps=("one", "two", "three")) for i in range(_SAMPLES)]
        file = RecordFile(folder / "people.jsonl")
        queue = Queue(samples, file, PageOptions())
        while (sample := queue.next("ann")) is not None:
            note(folder, "making", sample.id)
            judgments = [StepJudgment(ratings=[1])] * len(sample.steps)
            queue.save("ann", Submission(sample=sample.id, steps=judgments, milliseconds=1))
            note(folder, "made", sample.id)
        file.close()

    def results(self, folder: Path) -> dict[str, bytes]:
        """The labels without their times, in order."""
        labels = [(record["question"]["problem"], record["label"]["finish_reason"]) for record in _records(folder)]
        return {"labels": sha256(json.dumps(sorted(labels)).encode()).digest()}

    def faults(self, folder: Path) -> list[tuple[str, str]]:
        """Labels that were confirmed and are not in the file, and labels that are there twice."""
        problems = [record["question"]["problem"] for record in _records(folder)]
        twice = [("made_twice", problem) for problem in set(problems) if problems.count(problem) > 1]
        confirmed = sum(line.startswith("made") for line in (folder / "log").read_text().splitlines())
        lost = [("labels_lost", f"{confirmed} confirmed, {len(problems)} there")] if confirmed > len(problems) else []
        return twice + lost


def _records(folder: Path) -> list[dict[str, dict[str, str]]]:
    return [json.loads(line) for line in (folder / "people.jsonl").read_text().splitlines()]
