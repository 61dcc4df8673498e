"""The text campaign: every hostile text through all targets."""

from functools import partial

from campaigns.contract import Findings
from campaigns.text.cases import TextCase, text_case
from campaigns.text.readers import read_together
from campaigns.text.targets import TARGETS
from campaigns.text.watching import Executions, watched

_ALONE = 20  # of so many records one is read from a file of its own
_WARM_UP = TextCase(r"\boxed{1} and $x$", "1", "1")


class TextCampaign:
    """100,000 texts by default."""

    name = "text"
    kinds = ("crashes", "hangs", "executed")
    default_cases = 100_000
    cases_per_chunk = 500

    def __init__(self) -> None:
        self._executions: Executions | None = None

    def run(self, seed: int, cases: range) -> Findings:
        """Each text through all targets."""
        findings = Findings()
        if self._executions is None:
            for target in TARGETS.values():  # libraries are imported, and ask the machine what it is
                target(_WARM_UP)
            self._executions = Executions()
        made = {number: text_case(seed, number) for number in cases}
        for number, case in made.items():
            for name, target in TARGETS.items():
                if name == "readers" and number % _ALONE:
                    continue
                watched(findings, number, name, partial(target, case), case.text)
            self._executions.note(findings, number, case.text)
        read_together(findings, {number: case for number, case in made.items() if number % _ALONE})
        self._executions.note(findings, cases.start, "one of the texts read together")
        return findings


CAMPAIGN = TextCampaign()
