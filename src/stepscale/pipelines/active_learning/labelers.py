"""The labeler that an option names, opened; nodes after it know only the contract."""

from pathlib import Path

from stepscale.errors import InputError
from stepscale.labeling.contract import Labeler
from stepscale.labeling.options import ByRollouts, NeedsNoModel
from stepscale.parameters import LoopSettings


def open_labeler(labeler: NeedsNoModel) -> Labeler:
    """A labeler that needs no model.

    Args:
        labeler: Which one, and its settings.

    Raises:
        InputError: Its file is missing, or a line of it is bad.
    """
    return labeler.open()


def open_for_loop(generator_model: Path, settings: LoopSettings) -> Labeler:
    """The loop's labeler: the lab, people, or the generator's own rollouts.

    Args:
        generator_model: Folder of the generator.
        settings: The labeler of the loop, and the generator that rollouts need.

    Raises:
        InputError: It is PRM_large, which labels in another pipeline; or as ``open_labeler``.
    """
    labeler = settings.loop.labeler
    if isinstance(labeler, ByRollouts):
        return _rollouts(generator_model, labeler, settings)
    if isinstance(labeler, NeedsNoModel):
        return labeler.open()
    raise InputError(
        "loop.labeler: prm_large labels in the pipeline data_loop_by_prm, which takes the PRM of supervision; run "
        "data_loop_by_prm in the place of data_loop"
    )


def _rollouts(generator_model: Path, labeler: ByRollouts, settings: LoopSettings) -> Labeler:
    from stepscale.generation.contract import Sampling
    from stepscale.labeling.rollouts import RolloutJob, RolloutLabeler
    from stepscale.pipelines.sampling import open_configured_generator

    model = open_configured_generator(generator_model, settings.generator, settings.seed)
    sampling = Sampling(**settings.generator.sampling.model_dump())
    return RolloutLabeler(model, RolloutJob(sampling, settings.seed, labeler.per_step), rated=True)
