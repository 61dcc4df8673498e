"""Calibration of each verifier's step probabilities, if a file of samples has step labels too."""

import numpy as np
import pandas as pd

from stepscale.verifiers.calibration import expected_error, expected_error_interval, reliability


def calibration_rows(step_labels: pd.DataFrame, scores: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """A row per verifier and bin of predicted probability; no rows without labels.

    A step counts as right if its rating is not -1, or to the extent of its soft value. Steps without a score are left out.

    Args:
        step_labels: Labels of the samples' own steps (``is_chosen``).
        scores: Scores of the verifiers that judge steps.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides the resamples.
    """
    labels = step_labels[step_labels["is_chosen"].astype(bool)]
    right = labels["value"].astype(float).fillna(labels["rating"].astype(float).ge(0).astype(float))
    labels = labels.assign(right=right)[labels["rating"].notna() | labels["value"].notna()]
    parts = []
    for verifier, rows in scores.groupby("verifier", sort=False):
        judged = rows[["problem_id", "sample_id", "negative"]].explode("negative")
        judged["step"] = judged.groupby(level=0).cumcount()
        scored_steps = judged.merge(labels, on=["problem_id", "sample_id", "step"]).dropna(subset="negative")
        if scored_steps.empty:
            continue
        predicted, ids = np.clip(1 - scored_steps["negative"].to_numpy(float), 0, 1), list(scored_steps["problem_id"])
        bins = reliability(predicted, scored_steps["right"], ids, resamples, seed)
        low, high = expected_error_interval(predicted, scored_steps["right"], ids, resamples, seed)
        error = {"expected_error": expected_error(bins), "expected_error_low": low, "expected_error_high": high}
        parts.append(bins.assign(verifier=str(verifier), **error))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
