"""The declared tables of how verifiers judge (each function is a Kedro catalog ``validator:``)."""

from stepscale.formats.declarations import Column, Table, interval, share
from stepscale.formats.tables import validator

CALIBRATION = Table(
    "calibration",
    {
        "verifier": Column("str"),
        "predicted": share("mean probability in the bin"),
        "observed": share("share that is right"),
        **interval(of="observed"),
        "n": Column("int64", low=1, about="steps or solutions in the bin"),
    },
    key=(),
)
VERIFIER_POSITIONS = Table(
    "verifier_positions",
    {
        "verifier": Column("str"),
        "position": Column("int64", low=1, about="place of the step, from 1"),
        "n": Column("int64", low=1, about="labels there"),
        "share_negative": Column("float64", nullable=True, optional=True, low=0, high=1),
        "share_neutral": Column("float64", nullable=True, optional=True, low=0, high=1),
        "share_positive": Column("float64", nullable=True, optional=True, low=0, high=1),
        "share_right": Column(
            "float64", nullable=True, optional=True, low=0, high=1, about="mean target of a verifier without classes"
        ),
        "predicted": share("mean probability that the step is right"),
        "auroc": share("null where one kind of label is missing", nullable=True),
        **interval("auroc_", nullable=True),
        "n_problems": Column("int64", low=0, about="problems with a label there"),
    },
    key=("verifier", "position"),
)

calibration = validator(CALIBRATION)
verifier_positions = validator(VERIFIER_POSITIONS)
