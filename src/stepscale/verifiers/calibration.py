"""Do probabilities mean what they say? Reliability bins, and the expected calibration error.

In: predicted probabilities and what came out (0, 1, or a share for soft labels), both [n]. Knows nothing of verifiers.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def reliability(predicted: ArrayLike, outcome: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Equal-width bins: predicted (mean), observed (share), low, high (95 % Wilson interval), n. Empty bins are left out."""
    p, y = np.asarray(predicted, float), np.asarray(outcome, float)
    which = np.minimum((p * bins).astype(int), bins - 1)
    rows = []
    for b in np.unique(which):
        inside = which == b
        n, share = int(inside.sum()), float(y[inside].mean())
        low, high = wilson(share, n)
        rows.append({"predicted": p[inside].mean(), "observed": share, "low": low, "high": high, "n": n})
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "n"])


def wilson(share: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share of n (Wilson score)."""
    centre, spread = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return float((centre - spread) / scale), float((centre + spread) / scale)


def expected_error(bins: pd.DataFrame) -> float:
    """Expected calibration error: the mean distance of predicted from observed over the bins, weighted by ``n``."""
    return float((bins["n"] * (bins["predicted"] - bins["observed"]).abs()).sum() / bins["n"].sum())
