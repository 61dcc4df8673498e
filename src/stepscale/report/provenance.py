"""Where a report comes from: revision, versions, machine, time. Knows nothing of results."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def provenance(folder: Path | None = None) -> dict[str, str]:
    """Facts for the foot of a report; ``folder`` is the project (default: the current one)."""
    return {
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "git revision": _revision(folder or Path.cwd()),
        "versions": ", ".join(f"{name} {_version(name)}" for name in ("stepscale", "torch", "transformers"))
        + f", Python {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _revision(folder: Path) -> str:
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "none (not a git checkout)"
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
