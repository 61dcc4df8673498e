"""Does what a how-to page says, in a copy of the package: writes its files, makes its edits, runs the rest."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.S | re.M)


def follow(page: str, folder: Path) -> tuple[str, str]:
    """(what the page's code printed, what the page says that it prints).

    A block with a title is that file, or a ``diff`` of it. The other Python blocks are one program.
    """
    blocks = list(_BLOCK.finditer((ROOT / "docs" / page).read_text(encoding="utf-8")))
    shutil.copytree(ROOT / "src/stepscale", folder / "src/stepscale", ignore=shutil.ignore_patterns("__pycache__"))
    for block in blocks:
        if block["title"]:
            path = folder / block["title"]
            is_edit = block["language"] == "diff"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(patched(path.read_text(), block["text"]) if is_edit else block["text"])
    program = "".join(b["text"] for b in blocks if b["language"] == "python" and not b["title"])
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout, "".join(b["text"] for b in blocks if b["language"] == "text")


def patched(text: str, edit: str) -> str:
    """``text`` after an edit whose lines begin with " ", "-" or "+"; its lines must stand in ``text`` exactly once."""
    lines = edit.splitlines()
    before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    assert text.count(before) == 1, f"the page edits what is not there: {before!r}"
    return text.replace(before, after)
