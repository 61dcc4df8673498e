"""The declared table of published step benchmarks."""

from stepscale.formats.declarations import Column, Table
from stepscale.formats.tables import validator

STEP_BENCHMARKS = Table(
    "step_benchmarks",
    {
        "verifier": Column("str"),
        "benchmark": Column("str", about="processbench, prmbench or hard2verify"),
        "part": Column("str", about="of the benchmark; all: of all its records"),
        "chosen_on": Column(
            "str", about="how the threshold was found: fixed, or the ProcessBench part it was chosen on"
        ),
        "threshold": Column("float64", low=0, high=1, about="a step whose P(negative) is above it is called wrong"),
        "metric": Column("str"),
        "value": Column("float64", nullable=True, low=0, high=1 + 1e-9),
        "low": Column("float64", nullable=True, about="lower end of the 95 % interval over problems; null: not known"),
        "high": Column("float64", nullable=True, about="upper end"),
        "n_solutions": Column("int64", low=1),
        "n_problems": Column("int64", low=1),
    },
    key=("verifier", "benchmark", "part", "chosen_on", "metric"),
)

step_benchmarks = validator(STEP_BENCHMARKS)
