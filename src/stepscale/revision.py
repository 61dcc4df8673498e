"""Which revision of the code is at work."""

import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@cache
def code_revision() -> str:
    """The commit, with ``+`` if the tree has changes; outside git the version of the package."""
    this_file = Path(__file__)
    try:
        _git(
            this_file.parent, "ls-files", "--error-unmatch", this_file.name
        )  # installed, it may lie inside another project's tree
        return _git(this_file.parent, "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        pass
    try:
        return f"v{version('stepscale')}"
    except PackageNotFoundError:
        return "unknown"


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
