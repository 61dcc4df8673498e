"""The code in a recipe's key: what makes rows, and all that it imports, but not how it is laid out."""

import subprocess
import sys
from pathlib import Path

import pytest

import stepscale
from stepscale.resume import Recipe, code, code_hash, content_hash

TOY = {
    "__init__.py": "",
    "rows.py": "from toy import sums\nfrom toy.parts.double import twice\n\n\ndef make(x):\n    return twice(sums.add(x, 1))\n",
    "sums.py": 'def add(a, b):\n    """Their sum."""\n    return a + b\n',
    "parts/__init__.py": "",
    "parts/double.py": "def twice(x):\n    from ..late import two\n\n    return two * x\n",
    "late.py": "two = 2\n",
    "aside.py": "nobody = 0\n",
}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package ``toy``, importable."""
    for name, text in TOY.items():
        (tmp_path / "toy" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "toy" / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "toy"


def key() -> str:
    """The key of a piece that ``toy.rows`` makes, as a new process would find it."""
    for cached in (code._file_of, code._read):
        cached.cache_clear()
    return Recipe.of("toy.rows", inputs={"problems": content_hash([1])}, settings={"n": 1}, seed=0).key


@pytest.mark.parametrize("file", ["rows.py", "sums.py", "parts/double.py", "late.py"])
def test_changed_code_of_any_module_that_makes_the_rows_changes_the_key(toy: Path, file: str) -> None:
    before = key()
    assert key() == before
    (toy / file).write_text((toy / file).read_text() + "\nchanged = True\n")
    assert key() != before


def test_layout_comments_docstrings_and_other_modules_leave_the_key_as_it_is(toy: Path) -> None:
    before = key()
    (toy / "aside.py").write_text("nobody = 1\n")
    (toy / "sums.py").write_text(
        '"""Sums."""\n\ndef add(a,\n        b):  # of numbers\n    return (a\n            + b)\n'
    )
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import toy.aside\n"
    assert key() == before
    (toy / "late.py").write_text(typed + TOY["late.py"])
    with_types = key()
    (toy / "aside.py").write_text("nobody = 2\n")
    assert key() == with_types


def test_a_module_named_in_a_text_is_followed_for_it_is_imported_when_it_is_needed(toy: Path) -> None:
    (toy / "late.py").write_text('two = __import__("importlib").import_module("toy.aside").nobody\n')
    before = key()
    (toy / "aside.py").write_text("nobody = 3\n")
    assert key() != before


def test_any_module_of_a_package_is_followed_where_one_of_them_is_chosen_by_name(toy: Path) -> None:
    (toy / "late.py").write_text('two = lambda name: __import__("importlib").import_module(f"toy.parts.{name}")\n')
    (toy / "parts/__init__.py").touch()
    (toy / "parts/chosen.py").write_text("nobody = 1\n")
    before = key()
    (toy / "parts/chosen.py").write_text("nobody = 2\n")
    assert key() != before


def test_readers_and_adapters_are_part_of_what_reads_and_scores_by_name() -> None:
    assert {"stepscale.formats.math_problems", "stepscale.formats.prm800k"} <= code._imported(
        {"stepscale.formats.registry"}
    )
    assert "stepscale.verifiers.adapters.trl" in code._imported({"stepscale.verifiers.adapters"})


PACKAGES_ABOVE = {"__init__.py": "from toy import aside\n", "parts/__init__.py": "from toy import aside\n"}


@pytest.mark.parametrize("package", PACKAGES_ABOVE)
def test_a_package_above_a_module_counts_and_what_it_imports(toy: Path, package: str) -> None:
    before = key()
    (toy / package).write_text(PACKAGES_ABOVE[package])
    importing = key()
    assert importing != before
    (toy / "aside.py").write_text("nobody = 4\n")
    assert key() != importing


LAZY = """from stepscale.lazy import lazy_names
HOMES = {"nobody": "far.away", "another": "far.other"}
__getattr__ = lazy_names(__name__, HOMES)
"""
LAZY_AT_ONCE = LAZY.replace("HOMES)", '{"nobody": "far.away", "another": "far.other"})').replace("HOMES =", "_ =")


@pytest.mark.parametrize("exports", [LAZY, LAZY_AT_ONCE])
@pytest.mark.parametrize(
    "use",
    [
        "from toy.lazily import nobody",
        "from .lazily import nobody",
        "from toy.lazily import *",
        "import toy.lazily\nnobody = toy.lazily.nobody",
        "from toy import lazily\nnobody = lazily.nobody",
        "def two():\n    from toy.lazily import nobody as two\n    return two",
    ],
)
def test_a_name_that_a_package_exports_lazily_counts_by_the_module_it_comes_from(
    toy: Path, use: str, exports: str
) -> None:
    (toy / "lazily" / "far").mkdir(parents=True)
    for file, text in {"__init__.py": exports, "far/__init__.py": "", "far/away.py": "nobody = 0\n"}.items():
        (toy / "lazily" / file).write_text(text)
    (toy / "late.py").write_text(f"{use}\ntwo = 2\n")
    before = key()
    (toy / "lazily" / "far" / "away.py").write_text("nobody = 1\n")
    assert key() != before


def test_a_lazy_name_that_is_not_imported_leaves_the_key_as_it_is(toy: Path) -> None:
    (toy / "lazily" / "far").mkdir(parents=True)
    for file, text in {"__init__.py": LAZY, "far/__init__.py": "", "far/other.py": "another = 0\n"}.items():
        (toy / "lazily" / file).write_text(text)
    (toy / "late.py").write_text("from toy.lazily import nobody\ntwo = 2\n")
    before = key()
    (toy / "lazily" / "far" / "other.py").write_text("another = 1\n")
    assert key() == before


def test_a_piece_of_a_pipeline_does_not_depend_on_how_it_is_reported() -> None:
    modules = code._imported({"stepscale.pipelines.revisions.chain_pieces"})
    assert "stepscale.pipelines.revisions" in modules
    assert not any(name.startswith(("stepscale.report", "stepscale.studies")) for name in modules)


def test_the_hash_is_the_same_in_another_process_and_another_place(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(Path(stepscale.__file__).parent, tmp_path / "site" / "stepscale")
    say = "from stepscale.resume import code_hash; print(code_hash('stepscale.generation.graded'))"
    done = subprocess.run(
        [sys.executable, "-c", say], env={"PYTHONPATH": str(tmp_path / "site")}, capture_output=True, text=True
    )
    assert done.stdout.strip() == code_hash("stepscale.generation.graded"), done.stderr


def test_what_samples_are_made_by_is_the_engine_and_the_graders_not_the_report() -> None:
    modules = code._imported({"stepscale.generation.graded", "stepscale.generation.local"})
    assert {"stepscale.engine.llama", "stepscale.grading.extract", "stepscale.seeds"} <= modules
    assert not any(
        name.startswith(("stepscale.report", "stepscale.studies", "stepscale.pipelines")) for name in modules
    )


def test_every_part_of_a_recipe_is_in_its_key() -> None:
    same = {"inputs": {"a": "1"}, "settings": {"n": 1}, "seed": 0}
    keys = {Recipe.of("stepscale.cost", **same).key, Recipe.of("stepscale.seeds", **same).key}
    for part in ({"inputs": {"a": "2"}}, {"inputs": {"b": "1"}}, {"settings": {"n": 2}}, {"seed": 1}):
        keys.add(Recipe.of("stepscale.cost", **(same | part)).key)
    assert len(keys) == 6
