"""What waits for people at the end of a run: solutions that the data loop selected and that have no labels yet."""

import logging
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from stepscale.errors import InputError
from stepscale.hooks.lineage import place_on_disk
from stepscale.labeling.options import ByFile
from stepscale.supervision.loop_options import ROUNDS, LoopOptions

logger = logging.getLogger(__name__)


def say_waiting(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """If people label, log how many solutions of the latest round wait for labels, and the command to label them.

    Args:
        pipeline: The nodes that will run.
        catalog: Kedro's catalog of the run.
    """
    outputs = pipeline.all_outputs()
    waiting_rounds = [
        i for i in range(ROUNDS + 1) if f"loop_asked_{i}" in outputs and f"loop_labels_{i}" not in outputs
    ]
    labeler = LoopOptions.model_validate(catalog.load("params:loop")).labeler if waiting_rounds else None
    if not isinstance(labeler, ByFile):
        return
    from stepscale.labeling.people import n_waiting

    path = place_on_disk(catalog[f"loop_asked_{waiting_rounds[-1]}"])
    if path is None or not path.is_file():  # in a remote store
        return
    try:
        waiting, n_asked = n_waiting(path, labeler)
    except InputError as error:  # the run itself is done, and it was right
        logger.warning("%s", error)
        return
    logger.info("round %d: %d of %d solutions wait for labels", waiting_rounds[-1], waiting, n_asked)
    if waiting:
        logger.info("label them: python -m stepscale label %s --to %s", path, labeler.path)
