"""Verifiers of a study that train until the loss of questions kept apart no longer falls (Snell et al. 2024, D)."""

from collections.abc import Iterable

from stepscale.errors import InputError
from stepscale.verifiers.options import VerifierTraining


def stopped_in_time(
    training: VerifierTraining,
    problem_ids: Iterable[str],
    validation_share: float,
    patience: int | None,
    seed: int,
    block: str,
) -> VerifierTraining:
    """The run's settings with a share of the questions kept apart, until whose loss no longer falls it trains.

    Args:
        training: Settings of the run's verifier, which has validation problems of its own to stop by.
        problem_ids: Of the questions it learns from.
        validation_share: Share of them to keep apart, in [0, 1).
        patience: Evaluations without gain until it stops; None for all epochs.
        seed: The run's seed, which decides what is kept apart.
        block: The parameters' block that names share and patience, for the message.

    Raises:
        InputError: Training should stop by that loss, and no question is kept apart.
    """
    from stepscale.verifiers.examples import validation_problems

    questions = set(problem_ids)
    if patience is not None and not validation_problems(questions, validation_share, seed):
        raise InputError(
            f"{block}.patience: none of the {len(questions)} questions is kept apart (validation_share: {validation_share}); "
            "take two questions or more, raise that share above 0, or set patience to null"
        )
    stopped = training.optimization.model_copy(update={"patience": patience})
    return training.model_copy(update={"validation_share": validation_share, "optimization": stopped})
