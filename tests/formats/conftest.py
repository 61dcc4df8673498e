"""The shared development data, where there is any, and JSONL files written on the spot."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))  # for prm800k_records, which two test files share

SHARED = Path(os.environ.get("STEPSCALE_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


@pytest.fixture
def real() -> Callable[[str], Path]:
    """The path of a shared file; the test is skipped, with the reason, where it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"no shared data: {path} is absent (set STEPSCALE_SHARED_DATA)")
        return path

    return find


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """A JSONL file of the given records; strings are written as they are."""

    def write(*records: Any, name: str = "data.jsonl") -> Path:
        path = tmp_path / name
        lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
