"""A large PRM as the labeler of solutions for small ones: PRM_large of Lightman et al. 2023, 4.1 and H.

In: any Verifier. Out: ratings, up to the first step that it finds negative. Knows nothing about models.
"""

import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats.ratings import NEGATIVE, NEUTRAL, POSITIVE
from stepscale.labeling.contract import label_table, up_to_first_negative
from stepscale.verifiers.contract import Verifier
from stepscale.verifiers.scores_table import score_solutions

THRESHOLD = 0.20  # the paper's


class VerifierLabeler:
    """A Labeler: a step is -1 if P(negative) exceeds a threshold, else the likelier of 0 and +1.

    Identical solutions are read once.

    Args:
        verifier: That scores the steps.
        threshold: P(negative) above which a step is wrong, in [0, 1).

    Raises:
        InputError: The threshold lies outside.
    """

    def __init__(self, verifier: Verifier, threshold: float = THRESHOLD) -> None:
        if not 0 <= threshold < 1:
            raise InputError(f"threshold {threshold}: the share of P(negative) above which a step is wrong, in [0, 1)")
        self.name = verifier.name
        self.verifier, self.threshold = verifier, threshold

    def label(self, problems: pd.DataFrame, solutions: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
        """The step_labels of ``solutions``; the tokens that the verifier reads are counted.

        Args:
            problems: Problems of the solutions.
            solutions: Solutions to label.
            ledger: Gets the ``verify`` tokens.

        Returns:
            A row per step.
        """
        scores = score_solutions(self.verifier, problems, solutions, ledger)
        return self.from_scores(solutions, scores)

    def from_scores(self, solutions: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
        """The same from scores that were made before.

        Steps that the verifier could not read have no rating, so the labels of such a solution end before it does.

        Args:
            solutions: The solutions.
            scores: Their scores table, row for row.
        """
        unread = scores["unread"].fillna(0).astype(int) if "unread" in scores else [0] * len(scores)
        rows = zip(scores["negative"], scores["neutral"], unread, strict=True)
        ratings = [
            rate(negative[: len(negative) - n], neutral[: len(neutral) - n], self.threshold)
            for negative, neutral, n in rows
        ]
        return label_table(solutions, self.name, ratings)


def rate(negative: list[float], neutral: list[float], threshold: float = THRESHOLD) -> list[int]:
    """Ratings of one solution's steps from P(-1) and P(0) [n_steps], up to the first negative one.

    Args:
        negative: P(-1) at each step [n_steps].
        neutral: P(0) likewise.
        threshold: P(-1) above which a step is wrong.
    """
    pairs = zip(negative, neutral, strict=True)
    return up_to_first_negative(
        [NEGATIVE if p > threshold else NEUTRAL if q > 1 - p - q else POSITIVE for p, q in pairs]
    )
