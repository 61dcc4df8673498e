"""Samples to Label Studio, labels back: each goes once, however often the commands are run."""

from contextlib import closing
from pathlib import Path

from stepscale.labeling.page.known import id_of
from stepscale.labeling.page.sample import Sample
from stepscale.labeling.page.store import RecordFile
from stepscale.labeling.studio.rest import StudioClient
from stepscale.labeling.studio.tasks import make_task, records_of


def push(studio: StudioClient, samples: list[Sample], project: int, prefill: bool = False) -> int:
    """Import the samples that the project does not hold, in their order.

    Args:
        studio: The server.
        samples: To be labeled.
        project: Its number there.
        prefill: Show the ratings that a PRM's step scores suggest.

    Returns:
        How many are new.

    Raises:
        InputError: The server does not take them, or ``prefill`` is asked for and there are no step scores.
    """
    tasks = [make_task(sample, prefill) for sample in samples]
    present = studio.task_ids(project)
    absent = [task for task in tasks if task["data"]["id"] not in present]
    studio.import_tasks(project, absent)
    return len(absent)


def pull(studio: StudioClient, project: int, labels: Path) -> int:
    """Add the project's annotations to a file of records; a person's label of a solution is added once.

    Args:
        studio: The server.
        project: Its number there.
        labels: A file of PRM800K records, which is made if it is not there.

    Returns:
        How many are new.

    Raises:
        InputError: The server does not give them, the file is in use, or an annotation is not finished.
    """
    records = list(records_of(studio.export(project), studio.names()))
    with closing(RecordFile(labels)) as file:
        present = {(record.get("labeler"), id_of(record)) for record in file.records}
        n_before = len(file.records)
        for record in records:
            key = (record["labeler"], id_of(record))
            if key not in present:
                present.add(key)
                file.append(record)
        return len(file.records) - n_before
