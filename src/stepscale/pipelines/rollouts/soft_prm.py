"""The soft PRM's scores of the test samples."""

from pathlib import Path

import pandas as pd

from stepscale.labeling.options import RolloutOptions
from stepscale.parameters import VerifierBlock


def score_with_soft_prm(
    soft_prm_model: Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    verifiers: VerifierBlock,
    rollouts: RolloutOptions | None,
) -> pd.DataFrame:
    """Scores of the first samples of each test problem; none without rollouts."""
    from stepscale.cost import Ledger
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import SCORES
    from stepscale.verifiers.scores_table import score_solutions
    from stepscale.verifiers.scoring import ModelVerifier

    if rollouts is None:
        return empty(SCORES)
    test = set(problems.loc[problems["split"] == "test", "problem_id"])
    few = solutions[solutions["problem_id"].isin(test) & (solutions["sample_id"] < rollouts.scored_samples)]
    verifier = ModelVerifier(soft_prm_model, "soft_prm", **verifiers.placement.model_dump())
    return score_solutions(verifier, problems, few, Ledger())
