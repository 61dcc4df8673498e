"""The declared tables of solve or verify."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.formats.tables import validator

JUDGEMENTS = Table(
    "judgments",
    {
        "problem_id": Column("str"),
        "sample_id": Column("int64", low=0),
        "verdicts": Column("list[int]", about="of each judgment: 1 no error, 0 an error, -1 not readable to the end"),
        "written": Column("list[int]", about="tokens that each judgment wrote"),
        "question_tokens": Column("int64", low=0, about="tokens of the question, read once for all judgments"),
    },
    key=("problem_id", "sample_id"),
)
GRID = Table(
    "solve_or_verify_grid",
    {
        "label": Column("str", about="how the answer is chosen"),
        "samples": Column("int64", low=1, about="S"),
        "judgments": Column("int64", low=0, about="V; 0: nothing is judged"),
        "flops": Column("float64", low=0, about="per problem, generator and critic"),
        "accuracy": share(),
        **interval(),
        "n_problems": Column("int64", low=1),
    },
    key=("label", "samples", "judgments"),
)
MATCHED = Table(
    "solve_or_verify_matched",
    {
        "solve_samples": Column("int64", low=1, about="N of the vote"),
        "flops": Column("float64", low=0, about="of that vote per problem, which judging may not exceed"),
        "solve": share("accuracy of the vote"),
        "verify": share("accuracy with judgments, S and V chosen on the other half of the problems"),
        "samples": Column("int64", low=1, about="S chosen on all problems"),
        "judgments": Column("int64", low=1, about="V chosen on all problems"),
        "difference": Column("float64", about="verify - solve"),
        **interval(of="difference"),
        "n_problems": Column("int64", low=1),
    },
    key=("solve_samples",),
)
QUANTITIES = Table(
    "solve_or_verify_quantities",
    {
        "name": Column("str"),
        "value": Column("float64"),
        **interval(of="value"),
        "verdict": Column(
            "str",
            about="wins, loses or undecided: what the interval says about the quantity above zero; or not read: too few "
            "judgments could be read",
        ),
        "unread": share("share of the judgments that could not be read to the end"),
    },
    key=("name",),
)
TABLES = {"grid": GRID, "matched": MATCHED, "quantities": QUANTITIES}

judgments = validator(JUDGEMENTS)
