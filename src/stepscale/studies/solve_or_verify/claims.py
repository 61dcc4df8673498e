"""What settles "solve before you verify" (arXiv 2504.01005): at small budgets a vote of more samples wins, at large ones judging.

Neither paper of this project claims it, so it stands in a table of its own and not among their claims.
"""

import pandas as pd

from stepscale.estimators.intervals import verdict
from stepscale.studies.solve_or_verify.tables import QUANTITIES

MAX_UNREAD_SHARE = 0.5
"""A critic more of whose judgments cannot be read to the end settles nothing: it was not measured as a verifier."""
NOT_READ = "not read"


def quantities(matched: pd.DataFrame, unread: float) -> pd.DataFrame:
    """The two sides of the claim, each as a quantity that should lie above zero.

    Args:
        matched: Votes and judged samples at equal FLOPs.
        unread: Share of the judgments that cannot be read to the end.

    Returns:
        Two rows; none where nothing could be matched. Their verdict is "not read" where ``unread`` is above one half.
    """
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
            settled = NOT_READ if unread > MAX_UNREAD_SHARE else verdict(low, high, int(row["n_problems"]))
            bounds = {"value": sign * row["difference"], "low": low, "high": high}
            rows.append({"name": name, **bounds, "verdict": settled, "unread": unread})
    return pd.DataFrame(rows, columns=list(QUANTITIES.columns))
