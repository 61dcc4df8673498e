"""Reading PRM800K takes a bounded multiple of the file in memory; bench/formats.py measures it at phase 2's full size."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_BYTES = 40_000_000
READ = """
import sys
from pathlib import Path
from stepscale.formats.prm800k import reading as prm800k
peak = lambda: int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
tables = prm800k.read(sys.argv[1])
print((peak() - before) * 1024, len(tables.step_labels))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of one process is told by Linux alone")
def test_peak_memory_stays_below_1_gib_at_phase_2_s_size(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("published_files", ROOT / "bench" / "_published_files.py")
    assert spec is not None and spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    bench.write_phase2(tmp_path / "phase2.jsonl", FILE_BYTES)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", READ, str(tmp_path / "phase2.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    grown, labels = map(int, done.stdout.split())
    assert labels > FILE_BYTES / 1_500 and grown > FILE_BYTES / 4  # it was measured
    interpreter = 150 * 2**20  # pandas, pyarrow and what they load
    assert grown / FILE_BYTES * bench.PHASE2_BYTES + interpreter < 2**30
