"""Do probabilities mean what they say? Reliability bins, expected calibration error, Brier score, AUROC.

In: predicted probabilities and what came out (0, 1, or a share for soft labels), both [n]. Knows nothing of verifiers.
"""

from typing import Any

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


def quality(predicted: ArrayLike, outcome: ArrayLike, bins: int = 10) -> dict[str, Any]:
    """auroc (None if only one outcome occurs), accuracy at 1/2, ece, brier, base_rate, n. A share above 1/2 counts as right."""
    from sklearn.metrics import roc_auc_score

    p, y = np.asarray(predicted, float), np.asarray(outcome, float)
    right = y > 0.5
    table = reliability(p, y, bins)
    both = 0 < right.sum() < len(right)
    return {
        "auroc": float(roc_auc_score(right, p)) if both else None,
        "accuracy": float(((p >= 0.5) == right).mean()),
        "ece": float((table["n"] * (table["predicted"] - table["observed"]).abs()).sum() / len(p)),
        "brier": float(((p - y) ** 2).mean()),
        "base_rate": float(y.mean()),
        "n": len(p),
    }
