"""A disk that takes no more, as safetensors, torch and Python say it."""

import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from stepscale.disk_faults import disk_refusal

_ROOM = 20_000  # bytes in a file


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file grows beyond some bytes, as on a full disk."""
    handler, (soft, hard) = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_ROOM, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: save_file({"weights": torch.zeros(10 * _ROOM)}, path),
        lambda path: torch.save(torch.zeros(10 * _ROOM), path),  # a large record
        lambda path: torch.save(torch.zeros(_ROOM // 4 - 200), path),  # only the end does not fit
        lambda path: path.write_bytes(bytes(2 * _ROOM)),
    ],
)
def test_a_file_that_is_not_written_whole_is_one_line(
    write: Callable[[Path], object], full_disk: None, tmp_path: Path
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - their types are the writers' own
        write(tmp_path / "file")
    line = disk_refusal(caught.value)
    assert line and line.endswith("make room or mend its permissions, then run again") and "\n" not in line


@pytest.mark.parametrize("fault", [RuntimeError("shapes differ"), FileNotFoundError(2, "No such file"), KeyError("a")])
def test_another_fault_is_none_of_the_disk(fault: Exception) -> None:
    assert disk_refusal(fault) is None
