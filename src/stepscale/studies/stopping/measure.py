"""Stopping rules beside the online policy on the same recorded samples, in the same random orders, at equal cost.

In: what policy and rules meet, and what samples and searches cost in each unit. Out: per rule and setting what it reaches and
spends; how many times less the online policy spends to be as accurate; and its lead at the same spending. Whatever is fitted (the
online policy, a calibration, a threshold) is fitted on one half of the problems and measured on the other, both ways round.
Intervals are over problems, paired, with all choices held fixed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.curve import Curve, curve
from stepscale.estimators.efficiency import efficiency_table
from stepscale.estimators.equal_cost import lead_at_own_cost
from stepscale.estimators.horizontal_shift import dense_budgets
from stepscale.estimators.intervals import bootstrap_interval, verdict
from stepscale.estimators.online_comparison import cross_validated
from stepscale.estimators.online_outcomes import Outcomes, Prices, repriced
from stepscale.estimators.stopping.prefixes import Prefixes
from stepscale.estimators.stopping.replay import RuleResult, follow_rule
from stepscale.estimators.stopping.risk_control import RiskControlled, early_errors
from stepscale.estimators.stopping.rule import StoppingRule
from stepscale.estimators.stopping.rules import COMPARED_RULES

RULE_ORDERS = 16  # random orders of each problem's samples, the same for policy and rules
GENERATIONS, TOKENS, FLOPS = "generations", "tokens", "FLOPs"


@dataclass(frozen=True)
class UnitPrices:
    """What is paid in one unit.

    Attributes:
        scored: The first n samples, scored by the verifier [problems, places].
        unscored: The same without a verifier [problems, places].
        runs: Each search run that the online policy may switch to [problems, runs].
    """

    scored: Floats
    unscored: Floats
    runs: Floats


@dataclass(frozen=True)
class Recorded:
    """What policy and rules meet.

    Attributes:
        halves: 0 or 1 for each problem [problems].
        online: What the online policy meets, by the half of the problems that is measured.
        prefixes: What stopping rules meet, likewise.
        prices: By unit.
    """

    halves: NDArray[np.int64]
    online: tuple[Outcomes, Outcomes]
    prefixes: tuple[Prefixes, Prefixes]
    prices: Mapping[str, UnitPrices]

    @property
    def places(self) -> int:
        """Recorded samples per problem, which are the most that a rule may draw."""
        return int(self.prefixes[0].signals.first.shape[-1])


def compare_rules(recorded: Recorded, verifier: str, resamples: int, seed: int) -> dict[str, pd.DataFrame]:
    """Tables ``stopping`` and ``stopping_risk``.

    Args:
        recorded: What policy and rules meet.
        verifier: Whose scores they go by.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides the resamples.
    """
    followed = [[(rule, _followed(recorded, rule)) for rule in family] for family in COMPARED_RULES]
    parts = []
    for unit, prices in recorded.prices.items():
        online = _online_curve(recorded, prices, resamples, seed)
        parts += [_rows(family, prices, online, resamples, seed).assign(unit=unit) for family in followed]
    risks = pd.DataFrame(list(_risk_rows(recorded, resamples, seed)))
    tables = {"stopping": pd.concat(parts, ignore_index=True), "stopping_risk": risks}
    return {name: table.assign(verifier=verifier) for name, table in tables.items()}


def _followed(recorded: Recorded, rule: StoppingRule) -> RuleResult:
    """Each problem under the rule as the other half fitted it."""
    n_problems = len(recorded.halves)
    accuracy = np.zeros(n_problems)
    n_samples = np.zeros((len(recorded.prefixes[0].signals.first), n_problems), np.int64)
    errors = []
    for half, of_half in enumerate(recorded.prefixes):
        inside = recorded.halves == half
        result = follow_rule(of_half.on(np.flatnonzero(inside)), _fitted(recorded, rule, half), recorded.places)
        accuracy[inside], n_samples[:, inside] = result.accuracy, result.n_samples
        errors.append(result.error * inside.mean())
    return RuleResult(accuracy, n_samples, float(np.hypot(*errors)))


def _fitted(recorded: Recorded, rule: StoppingRule, half: int) -> StoppingRule:
    """The rule as it is measured on a half: fitted to the other."""
    return rule.fitted(recorded.prefixes[half].on(np.flatnonzero(recorded.halves != half)))


def _online_curve(recorded: Recorded, prices: UnitPrices, resamples: int, seed: int) -> Curve:
    """The online policy, chosen for each of a dense row of budgets.

    It ends at what all samples cost, with the accuracy of the largest budget: who may spend that much need not.
    """
    columns = [n - 1 for n in recorded.online[0].sample_counts]
    paid = [repriced(half, Prices(prices.scored[:, columns], prices.runs)) for half in recorded.online]
    reached = []
    for n in dense_budgets(recorded.places):
        try:
            reached.append(cross_validated(paid, recorded.halves, float(prices.scored[:, n - 1].mean())))
        except InputError:  # no policy is so cheap
            continue
    accuracy, cost = (
        np.stack(values, axis=1)
        for values in zip(*((replayed.accuracy, replayed.cost) for replayed in reached), strict=True)
    )
    if cost.mean(axis=0).max() < prices.scored[:, -1].mean():
        accuracy, cost = np.column_stack([accuracy, accuracy[:, -1]]), np.column_stack([cost, prices.scored[:, -1]])
    return curve(accuracy, cost, resamples, seed)


def _rows(
    family: Sequence[tuple[StoppingRule, RuleResult]], prices: UnitPrices, online: Curve, resamples: int, seed: int
) -> pd.DataFrame:
    """A row per setting of one family of rules."""
    paid = prices.scored if family[0][0].needs_scores else prices.unscored
    accuracy = np.stack([result.accuracy for _, result in family], axis=1)
    rule_curve = curve(accuracy, np.stack([result.spent(paid) for _, result in family], axis=1), resamples, seed)
    lead, reached = lead_at_own_cost(rule_curve, online), rule_curve.interval
    at_equal_accuracy = efficiency_table(rule_curve, online).rename(
        columns={"low": "factor_low", "high": "factor_high"}
    )
    verdicts = [
        None if np.isnan(mean) else verdict(-high, -low, len(accuracy))
        for mean, low, high in zip(lead.mean, lead.low, lead.high, strict=True)
    ]
    return at_equal_accuracy[["factor", "factor_low", "factor_high", "status"]].assign(
        rule=[rule.label for rule, _ in family],
        setting=[rule.setting for rule, _ in family],
        cost=rule_curve.x,
        accuracy=reached.mean,
        low=reached.low,
        high=reached.high,
        error=[result.error for _, result in family],
        difference=-lead.mean,
        difference_low=-lead.high,
        difference_high=-lead.low,
        verdict=pd.Series(verdicts, dtype=object),
        n_problems=len(accuracy),
    )


def _risk_rows(recorded: Recorded, resamples: int, seed: int) -> Iterator[dict[str, object]]:
    """For each controlled risk and half: the threshold that the other half chose, and the risk it has here."""
    for rule in (rule for family in COMPARED_RULES for rule in family):
        for half, of_half in enumerate(recorded.prefixes):
            fitted = _fitted(recorded, rule, half)
            if not isinstance(fitted, RiskControlled):
                break
            losses = early_errors(fitted, of_half.on(np.flatnonzero(recorded.halves == half))).mean(axis=0)
            risk = bootstrap_interval(losses, resamples, seed)
            named = {
                "setting": fitted.setting,
                "alpha": fitted.alpha,
                "half": "AB"[half],
                "threshold": fitted.threshold,
            }
            yield named | risk.cells("risk") | {"n_problems": len(losses)}
