"""Root becomes nobody where a folder is read-only. What Python imports only then is no trouble of the work's."""

import importlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))

from campaigns.disks.campaign import DisksCampaign
from campaigns.kills.work import Work


class LateImport(Work):
    """It imports a module from a folder that is its owner's alone."""

    name = "late_import"

    def prepare(self, shared: Path) -> None:
        (shared / "private").mkdir(mode=0o700)
        (shared / "private" / "needed_late.py").write_text("")

    def run(self, shared: Path, folder: Path) -> None:
        sys.path.append(str(shared / "private"))
        importlib.import_module("needed_late")
        (folder / "result").write_text("1")

    def results(self, folder: Path) -> dict[str, bytes]:
        return {"result": (folder / "result").read_bytes()}


def test_what_nobody_may_not_import_is_imported_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.kills.campaign._PRELOADED", ["stepscale.cli"])
    findings = DisksCampaign((LateImport(),)).run(0, range(1, 2))
    assert findings.counts == {"read_only": 1, "refused": 1} and findings.faults == []
