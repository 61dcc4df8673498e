"""One fit in several processes, one per GPU: each takes its own batches, accelerate (inside Trainer) averages gradients.

In: what ``fitting.fit_here`` takes. Out: the same model, changed in place, and the same report. The processes are launched by
torchrun on this machine and exchange files, so the calling process may itself hold a GPU, threads or an MLflow run.
(torch's ``elastic_launch`` would run in this process: it replaces its handlers of signals, and imports its main module again.)
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from stepscale.training.callbacks import OnLog
from stepscale.training.fitting import FitJob, FitReport, fit_here

_JOB, _CURVES, _STATE, _REPORT = "job.pt", "curves.jsonl", "state.pt", "report.json"

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def fit_side_by_side(model: Any, job: FitJob, on_log: OnLog | None) -> FitReport:
    """Fit ``model`` in ``job.options.processes`` processes.

    Args:
        model: A transformers model.
        job: What to fit it to, picklable.
        on_log: Gets (optimizer step, numbers) for the learning curves.

    Returns:
        What the fit cost.

    Raises:
        RuntimeError: A process failed; what it said went to this process's own output.
    """
    processes = job.options.processes
    alone = replace(job, options=job.options.model_copy(update={"processes": 1}))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.save((model, alone), folder / _JOB)
        command = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            f"--nproc_per_node={processes}",
            "-m",
            __name__,
            str(folder),
        ]
        with subprocess.Popen(command, preexec_fn=_end_with(os.getpid())) as launched:
            curves = _CurvesFile(folder / _CURVES, on_log)
            while launched.poll() is None:
                time.sleep(0.2)
                curves.hand_on()
            curves.hand_on()
        if launched.returncode:
            raise RuntimeError(
                f"training in {processes} processes ended with {launched.returncode}; see its output above"
            )
        model.load_state_dict(torch.load(folder / _STATE, weights_only=True, map_location="cpu"))
        return FitReport(**json.loads((folder / _REPORT).read_text()))


def _end_with(parent: int) -> Callable[[], None]:
    """Makes a new process end when ``parent`` dies, even by SIGKILL, so that no fit continues without its run.

    On other systems than Linux nothing happens.
    """

    def prepare() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


class _CurvesFile:
    """Passes new lines of a file to ``on_log``."""

    def __init__(self, path: Path, on_log: OnLog | None) -> None:
        self.path, self.on_log = path, on_log
        self.place = 0

    def hand_on(self) -> None:
        """Pass on the lines that are new since the last call."""
        if self.on_log is None or not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self.place)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self.place += len(line)
                self.on_log(*json.loads(line))


def _write_to(path: Path) -> Callable[[int, dict[str, float]], None]:
    def write(step: int, values: dict[str, float]) -> None:
        with path.open("a") as file:
            file.write(json.dumps([step, values]) + "\n")

    return write


def main(folder: Path) -> None:
    """One of the processes: it fits the model; the first also writes curves, weights and report.

    Args:
        folder: Holds the model and the job, as ``fit_side_by_side`` left them.
    """
    first = os.environ["RANK"] == "0"
    model, job = torch.load(folder / _JOB, weights_only=False, map_location="cpu")  # our own file, written a moment ago
    report = fit_here(model, job, _write_to(folder / _CURVES) if first else None)
    if first:
        torch.save(model.state_dict(), folder / _STATE)
        (folder / _REPORT).write_text(json.dumps(asdict(report)))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
