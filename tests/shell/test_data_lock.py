"""Two runs in one data folder: the second is refused with the first one's name; a dead one holds nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stepscale.errors import InputError
from stepscale.hooks.data_lock import DataLock

HOLD = """
import sys, time
from pathlib import Path
from stepscale.hooks.data_lock import DataLock
lock = DataLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


def test_a_second_run_is_refused_until_the_first_ends_or_dies(tmp_path: Path) -> None:
    source = str(Path(__file__).resolve().parents[2] / "src")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": source},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout and holder.stdout.readline() == "held\n"
    second = DataLock(tmp_path)
    with pytest.raises(InputError, match=rf"is in use by another run \(process {holder.pid} on ") as caught:
        second.acquire()
    assert "\n" not in str(caught.value)
    holder.kill()
    holder.communicate()
    second.acquire()
    second.release()
    DataLock(tmp_path).acquire()
