"""Where a report comes from: revision, versions, machine, time. Knows nothing about results."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from stepscale.revision import code_revision


def provenance() -> dict[str, str]:
    """Facts for the end of a report."""
    return {
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "git revision": code_revision(),
        "versions": ", ".join(f"{name} {_version(name)}" for name in ("stepscale", "torch", "transformers"))
        + f", Python {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
