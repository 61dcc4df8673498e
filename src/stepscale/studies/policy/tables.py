"""The declared table of what a policy answered to problems that it was not chosen on."""

from stepscale.formats.declarations import Column, Table, share
from stepscale.formats.tables import validator

POLICY_CONFIDENCES = Table(
    "policy_confidences",
    {
        "problem_id": Column("str"),
        "split": Column("str", about="valid: its confidence is fitted there; test: and measured here"),
        "budget": Column("int64", low=1),
        "confidence": share("of the vote, before calibration"),
        "right": Column("bool"),
    },
    key=("problem_id", "budget"),
)

policy_confidences = validator(POLICY_CONFIDENCES)
