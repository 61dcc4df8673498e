"""The campaign of kills: a chunk is one kind of work, killed at random moments until so many kills are done."""

import multiprocessing
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import cache, partial
from multiprocessing.process import BaseProcess
from pathlib import Path

from campaigns.contract import Fault, Findings
from campaigns.kills.cluster import ClusterWork
from campaigns.kills.page import Page
from campaigns.kills.runs import Runs
from campaigns.kills.shards import ShardWork, rolled_out, sampled, searched
from campaigns.kills.training import Training
from campaigns.kills.work import Work

WORKS: tuple[Work, ...] = (
    ShardWork("sampling", sampled),
    ShardWork("rollouts", rolled_out),
    ShardWork("search", searched),
    Training(),
    Page(),
    Runs(),
    ClusterWork(),
)
_PRELOADED = [
    "campaigns.kills.campaign",
    "pandas",
    "torch",
    "transformers.models.llama.modeling_llama",
    "mlflow",
    "distributed",
    "stepscale.cli",
]
_KILLED = -9
_PATIENCE = 3_600.0  # seconds for one run: whatever takes longer hangs


class KillsCampaign:
    """1,000 kills by default, as many of each kind of work."""

    name = "kills"
    kinds = ("other_bytes", "made_twice", "labels_lost", "left_running", "failed", "hangs")
    default_cases = 1_000
    cases_per_chunk = 10

    def __init__(self, works: tuple[Work, ...] = WORKS) -> None:
        self.works = works

    def run(self, seed: int, cases: range) -> Findings:
        """Kill one kind of work as many times as there are cases, each time going on with what is left."""
        work = self.works[cases.start // self.cases_per_chunk % len(self.works)]
        findings, rng = Findings(), random.Random(f"{seed}-{cases.start}")
        shared, expected, seconds = undisturbed(work)
        findings.took(f"{work.name}, undisturbed", seconds)
        kills, folder = 0, Path(tempfile.mkdtemp(prefix=f"kills-{work.name}-"))
        while kills < len(cases) or any(folder.iterdir()):
            is_killed = kills < len(cases)
            code = _run(work, shared, folder, rng.uniform(0.02, 1.0) * seconds if is_killed else None)
            case = cases.start + min(kills, len(cases) - 1)
            if code == _KILLED:
                kills += 1
                findings.count(f"kills_{work.name}")
                continue
            if code != 0:
                kind = "hangs" if code is None else "failed"
                findings.faults.append(Fault(kind, case, f"{work.name} ends with {code}; its folder is {folder}"))
                break
            findings.faults += faults_of(work, folder, expected, case)
            findings.count("finished_runs")
            shutil.rmtree(folder)
            folder.mkdir()
        return findings


def faults_of(work: Work, folder: Path, expected: dict[str, bytes], case: int) -> list[Fault]:
    """What is wrong with a finished run."""
    results = work.results(folder)
    changed = [name for name, content in expected.items() if results.get(name) != content]
    faults = [Fault("other_bytes", case, f"{work.name}: {name} differs") for name in changed]
    return faults + [Fault(kind, case, f"{work.name}: {detail}") for kind, detail in work.faults(folder)]


@cache
def undisturbed(work: Work) -> tuple[Path, dict[str, bytes], float]:
    """What every run reads, what an undisturbed run gives, and how long it takes on this machine, once warm."""
    shared = Path(tempfile.mkdtemp(prefix=f"kills-{work.name}-shared-"))
    shared.chmod(0o755)  # for who is not root
    work.prepare(shared)
    for _ in range(2):  # the first one starts the server of processes
        folder = Path(tempfile.mkdtemp(prefix=f"kills-{work.name}-whole-"))
        began = time.monotonic()
        code = _run(work, shared, folder, None)
        if code != 0:
            raise RuntimeError(f"{work.name} ends with {code} though nobody kills it; its folder is {folder}")
    return shared, work.results(folder), time.monotonic() - began


def _run(work: Work, shared: Path, folder: Path, killed_after: float | None) -> int | None:
    """Run the work in a process of its own, killed after so many seconds."""
    return run_apart(partial(work.run, shared, folder), killed_after)


def run_apart(call: Callable[[], object], killed_after: float | None = None) -> int | None:
    """Call in a process of its own, killed after so many seconds; its exit code, None if it hangs."""
    process = start_apart(call)
    process.join(_PATIENCE if killed_after is None else killed_after)
    is_late = process.is_alive()
    if is_late:
        process.kill()
    process.join()
    return None if is_late and killed_after is None else process.exitcode


def start_apart(call: Callable[[], object]) -> BaseProcess:
    """A process of its own that has begun the call."""
    process: BaseProcess = _context().Process(target=call)
    process.start()
    return process


@cache
def _context() -> multiprocessing.context.ForkServerContext:
    """Processes are forked from one that has imported everything: a kill costs what the work costs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


CAMPAIGN = KillsCampaign()
