"""A claim whose parts have no numbers is shown, not formatted to death."""

from math import nan

from stepscale.estimators.intervals import Interval
from stepscale.estimators.quantities import quantity
from stepscale.report.claims import settle
from stepscale.report.report_page import deciding_part


def test_a_claim_that_could_not_be_matched_says_so() -> None:
    unknown = Interval(nan, nan, nan, 100)
    parts = {
        name: quantity(unknown, 2.0, 1.0, unmet="not matched, for one of the curves is flat") for name in ("a", "b")
    }
    claim = settle("B3", parts, seeds=1)
    assert claim.status == "inconclusive" and claim.high_among is None
    assert deciding_part(claim).startswith("not matched") and "1 of 2 parts" in deciding_part(claim)
