"""The declared tables of the larger model: its answers, and the comparison at equal FLOPs by name."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.formats.tables import SOLUTIONS, validator
from stepscale.studies.columns import ACCURACY, COUNTS

_OF = {
    "of": Column("str", about="search or revisions"),
    "bins": Column("str", about="kind of difficulty bins"),
}

LARGER_ANSWERS = Table(
    "larger_answers",
    {
        **SOLUTIONS.columns,
        "prefill_tokens": Column("float64", low=0, about="tokens of the prompt"),
        "decode_tokens": Column("float64", low=0, about="tokens passed after the prompt"),
        "flops": Column("float64", low=0, about="of the larger model's answer"),
        "generation_flops": Column("float64", low=0, about="of one generation by the generator, the mean"),
    },
    key=("problem_id",),
)
MATCH = Table(
    "match",
    {
        **_OF,
        "bin": Column("int64", low=0, about="0: all problems; 1 is the easiest"),
        "version": Column("str", about="of the paper, which decides the formula"),
        "r": Column("float64", low=0, about="R, inference tokens per pretraining token"),
        "counted": Column("str", about="generations or FLOPs"),
        "budget": Column("float64", low=0, about="what the small model may spend, in what is counted"),
        "beyond": Column("bool", about="whether that is more than was measured"),
        "small": share("accuracy of the small model", nullable=True),
        "larger": share("accuracy of the larger model", nullable=True),
        "difference": Column("float64", nullable=True, about="small minus larger"),
        **interval(of="difference", nullable=True),
        "better": Column("str", nullable=True),
        "flops": Column("float64", nullable=True, low=0, about="what the small model spends per problem"),
        "verifier_flops": Column("float64", nullable=True, low=0, about="the verifier's part of it"),
        "n_problems": COUNTS["n_problems"],
        "larger_flops": Column("float64", nullable=True, low=0, about="what the larger model spends per problem"),
        "size_ratio": Column("float64", low=1, about="M, parameters of the larger model per one of the small"),
    },
    key=("of", "bins", "bin", "version", "r", "counted"),
)
BIN_CURVES = Table(
    "bin_curves",
    {
        **_OF,
        "bin": Column("int64", low=1, about="1 is the easiest"),
        "n": Column("float64", low=0, about="generations"),
        **ACCURACY,
    },
    key=("of", "bins", "bin", "n"),
)
QUANTITIES = Table(
    "quantities",
    {
        "of": _OF["of"],
        "name": Column("str", about="a quantity that claim B7 is settled by"),
        "mean": Column("float64", nullable=True),
        **interval(nullable=True),
        "n_problems": COUNTS["n_problems"],
        "resampled": Column(
            "list[float]", about="the estimate in each resample; its error and the claim's power are theirs"
        ),
    },
    key=("of", "name"),
)
TABLES = {"match": MATCH, "curves": BIN_CURVES, "quantities": QUANTITIES}

larger_answers = validator(LARGER_ANSWERS)
