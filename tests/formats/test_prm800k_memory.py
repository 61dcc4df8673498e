"""Reading PRM800K takes a bounded multiple of the file in memory; bench/formats.py measures it at phase 2's full size."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_BYTES = 40_000_000
READ = """
import resource, sys
from stepscale.formats import prm800k
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
tables = prm800k.read(sys.argv[1])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024, len(tables.step_labels))
"""


def test_peak_memory_stays_below_1_gib_at_phase_2_s_size(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("formats_bench", ROOT / "bench" / "formats.py")
    assert spec is not None and spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    bench.write_phase2(tmp_path / "phase2.jsonl", FILE_BYTES)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", READ, str(tmp_path / "phase2.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    grown, labels = map(int, done.stdout.split())
    assert labels > FILE_BYTES / 1_500
    interpreter = 150 * 2**20  # pandas, pyarrow and what they load
    assert grown / FILE_BYTES * bench.PHASE2_BYTES + interpreter < 2**30
