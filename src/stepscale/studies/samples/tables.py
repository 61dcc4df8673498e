"""The declared tables of given samples, by name; all but the first two have rows per verifier."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.studies.columns import ACCURACY, COUNTS, ERROR, WITH_ORACLE
from stepscale.studies.stopping.tables import TABLES as STOPPING_TABLES
from stepscale.studies.strategies.tables import ONLINE_REACHED, SAVED

_VERIFIER = Column("str")
_DIFFERENCE = {
    "difference": Column("float64", nullable=True, about="accuracy minus the other's"),
    **interval("difference_", nullable=True),
    "verdict": Column("str", nullable=True),
}
_POLICY = Column("str", about="how the way to choose is decided on")
_UNIT = Column("str", about="samples or tokens per problem")

WAYS = Table(
    "ways",
    {
        "method": Column("str"),
        "verifier": Column("str", nullable=True),
        "aggregation": Column("str", nullable=True, about="of step scores into a solution's score"),
        "n": Column("int64", low=1, about="samples chosen from, N"),
        **ACCURACY,
        "error": ERROR,
    },
    key=("method", "verifier", "aggregation", "n"),
)
SEARCHES = Table(
    "searches",
    {
        "search": Column("str", about="given search and how it took its answer"),
        "n": Column("int64", low=1, about="its budget"),
        "tokens": Column("float64", nullable=True, low=0, about="per problem, as its file counts them"),
        **ACCURACY,
        "other": Column("str", nullable=True, about="way to choose among as many samples of the same problems"),
        **_DIFFERENCE,
    },
    key=("search", "n", "other"),
)
LEADS = Table(
    "rule_leads",
    {
        "claim": Column("str"),
        "verifier": _VERIFIER,
        "method": Column("str"),
        "n": Column("int64", low=1),
        "rule": Column("str", about="aggregation and reading of neutral steps"),
        "over": Column("str", about="the rule compared with"),
        **_DIFFERENCE,
        "n_problems": COUNTS["n_problems"],
    },
    key=("claim", "verifier", "over"),
)
CURVES = Table(
    "policy_curves",
    {
        "verifier": _VERIFIER,
        "unit": _UNIT,
        "label": _POLICY,
        "n": Column("float64", low=0, about="spending per problem, in the unit"),
        **ACCURACY,
    },
    key=(),  # two budgets of a policy may spend the same
)
SAVINGS = Table(
    "policy_savings",
    {
        "verifier": _VERIFIER,
        "policy": _POLICY,
        "over": Column("str", about="the baseline"),
        "unit": _UNIT,
        **SAVED,
    },
    key=("verifier", "policy", "unit", "n"),
)
CHOSEN = Table(
    "policy_choices",
    {
        "verifier": _VERIFIER,
        "policy": _POLICY,
        "bin": Column("int64", low=1, about="1 is the easiest"),
        "fold": Column("int64", low=0, high=1, about="half of the bin that is measured"),
        "budget": Column("int64", low=1),
        "strategy": Column("str"),
        "chosen_on": share("accuracy on the half that chose"),
        "measured": share("accuracy on the other half"),
        "n_problems": COUNTS["n_problems"],
    },
    key=("verifier", "policy", "bin", "fold", "budget"),
)
AGREEMENT = Table(
    "difficulty_agreement",
    {
        "verifier": _VERIFIER,
        "kind": Column("str", about="way to estimate difficulty"),
        **WITH_ORACLE,
    },
    key=("verifier", "kind"),
)
ONLINE = Table(
    "online",
    {
        "verifier": _VERIFIER,
        "budget": Column("int64", low=1, about="samples per problem that were allowed"),
        "cost": Column("float64", low=0, about="samples per problem that were drawn, probes included"),
        **ONLINE_REACHED,
    },
    key=("verifier", "budget", "other"),
)
CALIBRATION = Table(
    "step_calibration",
    {
        "verifier": _VERIFIER,
        "predicted": share("mean probability that a step is right"),
        "observed": share("share of steps that were right"),
        **interval(of="observed"),
        "n": Column("int64", low=1, about="steps"),
        "expected_error": share("expected calibration error of the verifier"),
        **interval("expected_error_"),
    },
    key=("verifier", "predicted"),
)
TABLES = {
    "ways": WAYS,
    "searches": SEARCHES,
    "rule_leads": LEADS,
    "policy_curves": CURVES,
    "policy_savings": SAVINGS,
    "policy_choices": CHOSEN,
    "difficulty_agreement": AGREEMENT,
    "online": ONLINE,
    "step_calibration": CALIBRATION,
    **STOPPING_TABLES,
}
"""What ``measure_samples`` gives, by name, each where it can be measured."""
