"""MkDocs hooks: pages and drawings that are made from the code when the site is built, so that they cannot fall behind it."""

import re
import sys
from pathlib import Path
from typing import Any

import drawings  # MkDocs puts this folder on the path while it loads a hook, and takes it off afterwards
import reference
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: Any) -> Files:
    """Adds the reference of parameters and tables, and the drawings of pipelines and packages."""
    source = str(Path(__file__).parents[2] / "src")
    if source not in sys.path:
        sys.path.insert(0, source)
    pages = {
        "index.md": _from_root("README.md"),
        "contributing.md": _from_root("CONTRIBUTING.md"),
        "reference/parameters.md": reference.parameters_page(),
        "reference/tables.md": reference.tables_page(),
        "figures/pipelines.svg": drawings.pipelines(),
        "figures/packages.svg": drawings.packages(),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def _from_root(name: str) -> str:
    """A page that stands at the top of the repository, its links made relative to ``docs/``."""
    text = (Path(__file__).parents[2] / name).read_text(encoding="utf-8")
    return re.sub(r"\]\(docs/", "](", text).replace("](CONTRIBUTING.md)", "](contributing.md)")
