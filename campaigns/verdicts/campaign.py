"""The campaign of verdicts: hostile pairs by both sets of rules, beside the graders that these follow."""

from functools import partial

from campaigns.contract import Fault, Findings
from campaigns.text.cases import text_case
from campaigns.text.watching import Executions, watched
from campaigns.verdicts.documented import documented
from campaigns.verdicts.reference import References
from stepscale.grading import is_equivalent


class VerdictsCampaign:
    """20,000 pairs by default. Pairs of two texts over 20,000 characters are none that a grader is asked about."""

    name = "verdicts"
    kinds = ("crashes", "hangs", "executed", "differing_verdicts")
    default_cases = 20_000
    cases_per_chunk = 50

    def __init__(self) -> None:
        self._executions: Executions | None = None
        self._references = References()  # their processes live from chunk to chunk: to import them takes seconds

    def run(self, seed: int, cases: range) -> Findings:
        """Each pair by all graders."""
        findings, references = Findings(), self._references
        is_equivalent("$x$", "$y$", "lenient")  # starts a worker
        self._executions = self._executions or Executions()
        for number in cases:
            case = text_case(seed, number)
            expected = references.verdicts(case.prediction, case.gold)
            for rules in ("prm800k", "lenient"):
                call = partial(is_equivalent, case.prediction, case.gold, rules)
                verdict = watched(findings, number, rules, call, case.prediction)
                if rules in expected and verdict is not None:
                    findings.count(f"answered_by_reference_{rules}")
                    self._compare(findings, number, rules, (verdict, expected[rules]), (case.prediction, case.gold))
            self._executions.note(findings, number, case.prediction)
        return findings

    def _compare(
        self, findings: Findings, number: int, rules: str, verdicts: tuple[bool, bool], pair: tuple[str, str]
    ) -> None:
        """A difference is a fault unless docs/grading.md names it."""
        ours, theirs = verdicts
        if ours is theirs:
            return
        if reason := documented(*pair, rules):
            findings.count(f"documented_{rules}_{reason}")
            return
        if self._references.afresh(*pair).get(rules) is not theirs:
            findings.count(f"unrepeated_by_reference_{rules}")
            return
        detail = f"{rules}: {ours}, reference {theirs}: {pair[0]!r:.300} for gold {pair[1]!r:.300}"
        findings.faults.append(Fault("differing_verdicts", number, detail))


CAMPAIGN = VerdictsCampaign()
