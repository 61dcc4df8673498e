"""Speed of the readers: PRM800K against pandas and `datasets`, Figure 3 against the published evaluator's procedure.

`run()` gives rows {"name", "ratio", "ours", "rival", "unit", "runs"}; `python -m bench.formats` prints them. Every
rival is run beside ours on the same file, each in a process of its own, in turn. The files are generated in a temporary
folder at the sizes of the published ones.

What is timed: `read_*` rows end with pandas frames in memory on both sides (ours the checked tables with every label;
the rivals' the raw records: `pandas.read_json(lines=True)`, and `datasets`' JSON reader with `to_pandas()`). `stream_*`
rows end with the records seen once: ours as Python objects, the rival's in its cache on disk (`load_dataset` alone).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench._published_files import (
    PHASE2_BYTES,
    PLACES,
    PROBLEMS,
    SAMPLES,
    arrays,
    published_procedure,
    write_phase2,
    write_scored_samples,
)

ROOT = Path(__file__).resolve().parents[1]
RUNS = 3
TRIALS = 400  # of the published evaluator
BUDGETS = (10, 100, 1000, 1860)  # those that the published evaluator prints
FIGURE3_BUDGETS = (1, 2, 4, 10, 20, 40, 100, 200, 400, 700, 1000, 1300, 1600, 1860)
MEMORY_GIB = 1.0
FIGURE3_SECONDS = 60.0


def run(phase2_bytes: int = PHASE2_BYTES, samples: int = SAMPLES, runs: int = RUNS) -> list[dict[str, Any]]:
    """The rows of this bench: medians of paired runs."""
    with tempfile.TemporaryDirectory() as folder:
        phase2, scored = Path(folder) / "phase2.jsonl", Path(folder) / "scored.jsonl"
        write_phase2(phase2, phase2_bytes)
        seconds: dict[str, list[float]] = {name: [] for name in _READERS}
        peaks = []
        for _ in range(runs):
            for name in _READERS:
                took, peak = _timed(name, phase2)
                seconds[name].append(took)
                peaks += [peak] if name == "read" else []
        phase2.unlink()
        write_scored_samples(scored, samples)
        figure3 = [_timed("figure3", scored)[0] for _ in range(runs)]
    ours = statistics.median(figure3)
    return [
        _row("read_prm800k_vs_pandas", seconds["read"], seconds["pandas"]),
        _row("read_prm800k_vs_datasets", seconds["read"], seconds["datasets"]),
        _row("stream_prm800k_vs_datasets", seconds["stream"], seconds["datasets_load"]),
        _row("read_prm800k_vs_datasets_load_only", seconds["read"], seconds["datasets_load"]),
        _goal("read_prm800k_peak_vs_goal", max(peaks), MEMORY_GIB, "GiB", runs),
        _goal("figure3_file_vs_goal", ours, FIGURE3_SECONDS, "s", runs),
        figure3_row(runs),
    ]


def figure3_row(runs: int = RUNS) -> dict[str, Any]:
    """The closed form against the published procedure of random draws, on the same arrays of the published size."""
    from stepscale.estimators import best_of_n

    prm, correct, answered = arrays(PROBLEMS, PLACES)
    ours = [_seconds(lambda: best_of_n(prm, correct, BUDGETS, mask=answered)) for _ in range(runs)]
    rival = [_seconds(lambda: published_procedure(prm, correct, answered, BUDGETS, TRIALS)) for _ in range(1)]
    return _row("figure3_vs_published", ours, rival)


def _time_read(path: str) -> None:
    from stepscale.formats import read

    read(path, "prm800k")


def _time_stream(path: str) -> None:
    from stepscale.formats import iter_records

    for _ in iter_records(path):
        pass


def _time_pandas(path: str) -> None:
    import pandas as pd

    pd.read_json(path, lines=True)


def _time_datasets_load(path: str) -> Any:
    import datasets

    with tempfile.TemporaryDirectory() as cache:
        return len(datasets.load_dataset("json", data_files=path, cache_dir=cache)["train"])


def _time_datasets(path: str) -> None:
    import datasets

    with tempfile.TemporaryDirectory() as cache:
        datasets.load_dataset("json", data_files=path, cache_dir=cache)["train"].to_pandas()


def _time_figure3(path: str) -> None:
    from stepscale.estimators import best_of_n, majority, pass_at_k, weighted
    from stepscale.estimators.samples import sample_grid
    from stepscale.formats import read

    data = read(path, "scored_samples", steps=False)
    grid = sample_grid(data.problems, data.solutions, PLACES)
    for verifier in ("prm", "orm"):
        rewards = data.scores.loc[data.scores["verifier"] == verifier, "reward"].to_numpy(dtype=float)
        scores = grid.place(rewards)
        best_of_n(scores, grid.correct, FIGURE3_BUDGETS, mask=grid.mask)
    weighted(grid.answers, scores, grid.correct, FIGURE3_BUDGETS, mask=grid.mask)
    majority(grid.answers, grid.correct, FIGURE3_BUDGETS, mask=grid.mask)
    pass_at_k(grid.correct, FIGURE3_BUDGETS, mask=grid.mask)


_READERS: dict[str, Callable[[str], Any]] = {
    "read": _time_read,
    "stream": _time_stream,
    "pandas": _time_pandas,
    "datasets": _time_datasets,
    "datasets_load": _time_datasets_load,
}
_TIMED = {**_READERS, "figure3": _time_figure3}


def _timed(name: str, path: Path) -> tuple[float, float]:
    """Seconds (imports not counted) and peak resident memory in GiB of one function in a process of its own."""
    environment = {**os.environ, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "-m", "bench.formats", "--one", name, str(path)]
    process = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=ROOT)
    took, peak = process.stdout.split()[-2:]
    return float(took), float(peak)


def _one(name: str, path: str) -> None:
    import datasets  # noqa: F401  imports are not what is compared
    import pandas  # noqa: F401

    import stepscale.estimators
    import stepscale.formats.prm800k
    import stepscale.formats.scored_samples  # noqa: F401

    start = time.perf_counter()
    _TIMED[name](path)
    took = time.perf_counter() - start
    print(took, _peak())


def _peak() -> float:
    """Peak resident memory of this process in GiB: VmHWM, because ``ru_maxrss`` knows the process that started this one too."""
    status = Path("/proc/self/status")
    if status.exists():
        return float(status.read_text().split("VmHWM:")[1].split()[0]) / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _row(name: str, ours: list[float], rival: list[float]) -> dict[str, Any]:
    a, b = statistics.median(ours), statistics.median(rival)
    return {
        "name": name,
        "ratio": round(b / a, 2),
        "ours": round(a, 3),
        "rival": round(b, 3),
        "unit": "s",
        "runs": len(ours),
    }


def _goal(name: str, ours: float, goal: float, unit: str, runs: int) -> dict[str, Any]:
    return {
        "name": name,
        "ratio": round(goal / ours, 2),
        "ours": round(ours, 3),
        "rival": goal,
        "unit": unit,
        "runs": runs,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _one(*sys.argv[2:4])
    else:
        for result in run():
            print(json.dumps(result))
