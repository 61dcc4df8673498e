"""The labeler that an option names, opened with what it is made of; nodes after it know only the contract.

The loop's nodes hand over the generator and the PRMs of an earlier run, those that are there; what a labeler needs and does
not find is one clear line.
"""

from dataclasses import dataclass
from pathlib import Path

from stepscale.errors import InputError
from stepscale.labeling.contract import Labeler
from stepscale.labeling.options import ByFile, ByLargePRM, ByRollouts, BySymbols
from stepscale.parameters import GeneratorBlock, VerifierBlock


@dataclass(frozen=True)
class Means:
    """What labelers of the loop are made of. ``prm``, ``large_prm``: None where no run has made them yet."""

    generator_model: Path
    prm: Path | None
    large_prm: Path | None
    generator: GeneratorBlock
    verifiers: VerifierBlock
    seed: int


def open_for_loop(who: BySymbols | ByLargePRM | ByRollouts | ByFile, means: Means) -> Labeler:
    """The loop's labeler. Raises InputError if its model or file is missing."""
    if isinstance(who, ByLargePRM):
        return _large_prm(who, means)
    if isinstance(who, ByRollouts):
        return _rollouts(who, means)
    return open_for_pool(who)


def open_for_pool(who: BySymbols | ByFile) -> Labeler:
    """A labeler that needs no model. Raises InputError if its file is missing or a line of it is bad."""
    if isinstance(who, ByFile):
        from stepscale.labeling.by_file import FileLabeler

        return FileLabeler(who.path, who.name)
    from stepscale.labeling.symbolic import SymbolicLabeler

    return SymbolicLabeler()


def folder_of_large_prm(verifiers: VerifierBlock, prm: Path | None, large_prm: Path | None) -> Path:
    """Of the two folders that of PRM_large. Raises InputError if no run has made it."""
    folder, key, node = prm, "verifiers.prm", "train_prm"
    if verifiers.large:
        folder, key, node = large_prm, "verifiers.large", "supervision.train_large_prm"
    if folder is None or not any(folder.iterdir()):
        raise InputError(
            f"loop.labeler: prm_large labels by the PRM of {key}, which no run has made yet; first kedro run --to-nodes {node}, "
            "then kedro run --only-missing-outputs, with the same --env and --params"
        )
    return folder


def _large_prm(who: ByLargePRM, means: Means) -> Labeler:
    from stepscale.labeling.by_verifier import VerifierLabeler
    from stepscale.verifiers.scoring import ModelVerifier

    folder = folder_of_large_prm(means.verifiers, means.prm, means.large_prm)
    verifier = ModelVerifier(folder, who.kind, **means.verifiers.placement.model_dump())
    return VerifierLabeler(verifier, who.threshold)


def _rollouts(who: ByRollouts, means: Means) -> Labeler:
    from stepscale.generation.contract import Sampling
    from stepscale.generation.shards import model_key
    from stepscale.labeling.rollouts import RolloutJob, RolloutLabeler
    from stepscale.pipelines.sampling import open_generator

    model = open_generator(means.generator_model, means.generator, means.seed)
    sampling = Sampling(**means.generator.sampling.model_dump())
    job = RolloutJob(
        sampling, means.seed, model_key(means.generator_model, means.generator.placement.dtype), who.per_step
    )
    return RolloutLabeler(model, job, rated=True)
