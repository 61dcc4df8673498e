"""The campaign of sick machines: work in trouble ends in one clear line or well, and a later run ends as if nothing had been."""

import os
import random
import sys
import tempfile
from functools import partial
from pathlib import Path

from campaigns.contract import Fault, Findings
from campaigns.disks.troubles import TROUBLES
from campaigns.disks.two_runs import fault_of_two_runs
from campaigns.kills.campaign import WORKS, faults_of, run_apart, undisturbed
from campaigns.kills.work import Work

_REFUSED = 3  # exit status of a run that ended in an error
_NAMES = (*TROUBLES, "two_runs")


class DisksCampaign:
    """Every trouble for every kind of work, over and over with other sizes and moments."""

    name = "disks"
    kinds = ("no_clear_line", "other_bytes", "made_twice", "labels_lost", "left_running", "failed", "no_lock")
    default_cases = 480
    cases_per_chunk = 4

    def __init__(self, works: tuple[Work, ...] = WORKS) -> None:
        self.works = works

    def run(self, seed: int, cases: range) -> Findings:
        """One trouble and one kind of work per case."""
        findings = Findings()
        for case in cases:
            name, work = _NAMES[case % len(_NAMES)], self.works[case // len(_NAMES) % len(self.works)]
            findings.count(name)
            folder = Path(tempfile.mkdtemp(prefix=f"disks-{name}-"))
            folder.chmod(0o755)
            if name == "two_runs":
                detail = fault_of_two_runs(folder, random.Random(f"{seed}-{case}"))
                findings.faults += [Fault("no_lock", case, detail)] if detail else []
            else:
                self._trouble(findings, seed, case, name, work, folder)
        return findings

    def _trouble(self, findings: Findings, seed: int, case: int, name: str, work: Work, folder: Path) -> None:
        shared, expected, _ = undisturbed(work)
        inside, message_file = folder / "work", folder / "said"
        inside.mkdir()
        code = run_apart(partial(_in_trouble, name, f"{seed}-{case}", work, shared, inside, message_file))
        if code == _REFUSED and (detail := message_file.read_text()):
            findings.faults.append(Fault("no_clear_line", case, f"{work.name}, {name}: {detail}"))
        elif code not in (0, _REFUSED):
            findings.faults.append(Fault("failed", case, f"{work.name}, {name}: it ends with {code}"))
        findings.count("refused" if code == _REFUSED else "went_well")
        if (code := run_apart(partial(work.run, shared, inside))) != 0:
            findings.faults.append(Fault("failed", case, f"{work.name} after {name} ends with {code}: {inside}"))
            return
        findings.faults += faults_of(work, inside, expected, case)


def _in_trouble(name: str, seed: str, work: Work, shared: Path, folder: Path, message_file: Path) -> None:
    """Runs in a process of its own: notes the error if it is none that the command line has a clear line for."""
    from stepscale.cli import clear_line

    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for the rest of its life
    line = None
    try:
        if name == "read_only":  # nobody may not read the folder of Python, so that all is imported before
            (imports := message_file.with_name("imports")).mkdir()
            work.run(shared, imports)
        with TROUBLES[name](random.Random(seed), folder):
            work.run(shared, folder)
        return
    except BaseException as error:
        line = clear_line(error) or (str(error) if work.name == "labeling" and isinstance(error, OSError) else None)
        detail = f"{type(error).__name__}: {error!s:.300}, caused by {error.__cause__!r:.200}"
    message_file.write_text("" if line and "\n" not in line else detail)
    os._exit(_REFUSED)


CAMPAIGN = DisksCampaign()
