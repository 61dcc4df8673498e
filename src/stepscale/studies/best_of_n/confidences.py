"""The generator's own confidence in recorded samples, as one number per sample: a ranking that needs no verifier."""

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.confidence import OF_GENERATOR, lowest_group_confidence, self_certainty
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.vote_rules import VoteRule


def is_confidence(judge: str) -> bool:
    """Whether a ranking is by the generator's own confidence and not by a verifier.

    Args:
        judge: Its name, as ``confidences`` gives it, or that of a verifier.
    """
    return judge.split()[0] in OF_GENERATOR


def left_out(judges: Collection[str]) -> tuple[str, ...]:
    """Why votes by the generator's confidence are not among those measured.

    Args:
        judges: Names of all judges that were measured, as ``confidences`` gives them.
    """
    reasons = {
        "mean_logprob": "Votes by mean_logprob are left out: not every sample has its mean log-likelihood.",
        "self_certainty": "Votes by self_certainty and lowest_group are left out: samples lack the certainties of their tokens.",
    }
    return tuple(reason for judge, reason in reasons.items() if judge not in judges)


def confidences(grid: SampleGrid, samples: pd.DataFrame, rules: Iterable[VoteRule] = ()) -> dict[str, Floats]:
    """By name the confidence of each sample [problems, samples]; kinds that the samples lack are left out.

    Args:
        grid: The samples.
        samples: The solutions table the grid was made from.
        rules: Rules for votes, for the groups of tokens that they look at.

    Returns:
        ``mean_logprob`` where all samples have one; ``self_certainty`` and, by rule, "lowest_group of 2048" where all
        samples with an answer have the self-certainty of their tokens.
    """
    judged: dict[str, Floats] = {}
    if len(samples) and samples["mean_logprob"].notna().all():
        judged["mean_logprob"] = grid.place(samples["mean_logprob"].to_numpy(float))
    if "certainties" not in samples or not samples.loc[samples["answer"].notna(), "certainties"].map(len).all():
        return judged
    of_tokens = [list(cell) for cell in samples["certainties"]]
    judged["self_certainty"] = grid.place(
        np.array([self_certainty(values) if values else 0.0 for values in of_tokens], float)
    )
    for rule in rules:
        if rule.by == "lowest_group":
            lowest = [lowest_group_confidence(values, rule.group) if values else 0.0 for values in of_tokens]
            judged[rule.judge] = grid.place(np.array(lowest, float))
    return judged
