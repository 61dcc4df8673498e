"""What settles "solve before you verify" (arXiv 2504.01005): at small budgets a vote of more samples wins, at large ones judging.

Neither paper of this project claims it, so it stands in a table of its own and not among their claims.
"""

import pandas as pd

from stepscale.estimators.intervals import verdict
from stepscale.studies.solve_or_verify.tables import QUANTITIES


def quantities(matched: pd.DataFrame) -> pd.DataFrame:
    """The two sides of the claim, each as a quantity that should lie above zero; no rows where nothing could be matched."""
    rows = []
    if len(matched):
        ordered = matched.sort_values("flops")
        small, large = ordered.iloc[0], ordered.iloc[-1]
        sides = [
            (f"solve - verify at the FLOPs of {int(small['solve_samples'])} samples", -1, small),
            (f"verify - solve at the FLOPs of {int(large['solve_samples'])} samples", 1, large),
        ]
        for name, sign, row in sides:
            low, high = sorted((sign * row["low"], sign * row["high"]))
            value = sign * row["difference"]
            rows.append({"name": name, "value": value, "low": low, "high": high, "verdict": verdict(low, high)})
    return pd.DataFrame(rows, columns=list(QUANTITIES.columns))
