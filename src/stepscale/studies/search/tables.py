"""The declared tables of searches: costs of whole samples, the online policy, signs of over-optimization, and ``TABLES``."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.formats.tables import validator
from stepscale.studies.columns import ACCURACY, COUNTS
from stepscale.studies.strategies.tables import AT_COST, CHOSEN, ONLINE_REACHED, SAVINGS, STRATEGY_CURVES

SAMPLE_COSTS = Table(
    "sample_costs",
    {
        "problem_id": Column("str"),
        "n": Column("int64", low=1, about="samples drawn"),
        "prefill_tokens": Column("float64", low=0, about="tokens of the prompt"),
        "decode_tokens": Column("float64", low=0, about="expected tokens the generator passes after the prompt"),
        "verify_tokens": Column("float64", low=0, about="expected tokens the verifier reads"),
        "generator_flops": Column("float64", low=0),
        "verifier_flops": Column("float64", low=0),
    },
    key=("problem_id", "n"),
)
ONLINE_POLICY = Table(
    "online_policy",
    {
        "unit": Column("str", about="generations or FLOPs"),
        "budget": Column("float64", low=0, about="spending per problem that was allowed, in the unit"),
        "cost": Column("float64", low=0, about="spending per problem, probes included"),
        **ONLINE_REACHED,
    },
    key=("unit", "budget", "other"),
)
SEARCH_SIGNS = Table(
    "search_signs",
    {
        "sign": Column("str", about="of over-optimization"),
        "strategy": Column("str"),
        "budget": Column("int64", low=1),
        "value": Column("float64", nullable=True, about="mean per chosen solution"),
        **interval(nullable=True),
        "difference": Column("float64", nullable=True, about="value minus that of best-of-N weighted"),
        **interval("difference_", nullable=True),
        "n_solutions": Column("int64", low=0),
        "n_problems": Column("int64", low=0),
    },
    key=("sign", "strategy", "budget"),
)
BY_BIN = Table(
    "by_bin",
    {
        "bin": Column("int64", low=1, about="1 is the easiest"),
        "strategy": Column("str"),
        "n": Column("int64", low=1, about="generation budget N"),
        **ACCURACY,
    },
    key=("bin", "strategy", "n"),
)
METHODS = Table(
    "method_comparison",
    {
        "strategy": Column("str", about="a search, best-of-N, or a vote by a rule"),
        "n": Column("int64", low=1, about="generation budget N"),
        "accuracy": share(),
        **interval(),
        "difference": Column("float64", about="accuracy minus that of best-of-N weighted at the same N"),
        **interval("difference_"),
        "verdict": Column("str"),
        "tokens": Column("float64", low=0, about="per problem, of generator and verifier"),
        "flops": Column("float64", low=0, about="per problem, of generator and verifier"),
        "n_problems": COUNTS["n_problems"],
    },
    key=("strategy", "n"),
)
TABLES = {"curves": STRATEGY_CURVES, "at_cost": AT_COST, "by_bin": BY_BIN, "savings": SAVINGS, "chosen": CHOSEN}
"""What ``measure_search`` gives, by name."""

sample_costs = validator(SAMPLE_COSTS)
online_policy = validator(ONLINE_POLICY)
search_signs = validator(SEARCH_SIGNS)
method_comparison = validator(METHODS)
