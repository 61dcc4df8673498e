"""The pages: links that lead somewhere, sentences that can be read, a reference that holds every parameter."""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from sentences import sentences, words

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GENERATED = {"index.md", "contributing.md", "reference/parameters.md", "reference/tables.md"}
DRAWN = {"figures/pipelines.svg", "figures/packages.svg"}
MAX_SENTENCE_WORDS = 30  # words in a sentence
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(path for path in sorted(DOCS.rglob("*.md")) if not path.name.startswith("results")),
]
RESULTS = sorted(DOCS.glob("results*.md"))  # written by a command

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^ *```.*?^ *``` *$|`[^`\n]*`", re.S | re.M)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def reference() -> Iterator[object]:
    sys.path.insert(0, str(DOCS / "site"))
    try:
        import reference

        yield reference
    finally:
        sys.path.remove(str(DOCS / "site"))


@pytest.mark.parametrize("page", [*PAGES, *RESULTS], ids=name_of)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        target = link.split("#")[0]
        if not target or "://" in target or target.startswith("mailto:"):
            continue
        path = (page.parent / target).resolve()
        is_made = path.is_relative_to(DOCS) and str(path.relative_to(DOCS)) in GENERATED | DRAWN
        assert path.exists() or is_made, f"{name_of(page)} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_sentence_is_too_long(page: Path) -> None:
    long = [
        sentence for sentence in sentences(page.read_text(encoding="utf-8")) if words(sentence) > MAX_SENTENCE_WORDS
    ]
    assert not long, f"{len(long)} of over {MAX_SENTENCE_WORDS} words, one: {long[0]}"


def test_a_long_sentence_is_seen_and_code_tables_and_markers_are_not() -> None:
    long = "Word " * 31 + "ends."
    page = (
        f"# {long}\n\n- {long}\n- Short.\n\n| {long} |\n\n```\n{long}\n```\n\n    {long}\n\nTwo. Short `{long}` ones."
    )
    assert [words(sentence) for sentence in sentences(page)] == [32, 1, 1, 3]


def test_every_dependency_has_a_reason_and_a_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    listed = [line for lines in (project["dependencies"], *extras.values()) for line in lines]
    names = {re.split(r"[\[<>=~,]", line)[0] for line in listed} - {"stepscale"}
    reasons = (DOCS / "dependencies.md").read_text()
    pins = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    assert names <= pins
    assert [name for name in sorted(names) if not re.search(rf"\b{re.escape(name)}\b", reasons)] == []


def test_the_site_leads_to_every_page() -> None:
    class Loader(yaml.SafeLoader):
        """Reads the file without the extensions that it names."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    nav = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)["nav"]
    listed = set(_leaves(nav))
    written = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert listed == written | GENERATED


def test_the_reference_has_every_parameter(reference) -> None:
    from stepscale.parameters import Parameters

    page = reference.parameters_page()
    for name, field in Parameters.model_fields.items():
        models = list(reference._models(field.annotation))
        assert f"| `{name}` |" in page if not models else f"## `{name}`" in page
        for model in models:
            assert all(f"| `{key}` |" in page for key in model.model_fields)


def test_the_reference_has_every_declared_table(reference) -> None:
    page = reference.tables_page()
    for name in ("problems", "solutions", "step_labels", "scores", "curves"):
        assert f"## `{name}`" in page
    assert page.count("\n## ") == sum(path.read_text().count(" = Table(") for path in (ROOT / "src").rglob("*.py")), (
        "a table is missing"
    )


def _leaves(nav: object) -> Iterator[str]:
    for part in nav.values() if isinstance(nav, dict) else nav:
        if isinstance(part, str):
            yield part
        else:
            yield from _leaves(part)


def test_the_drawing_of_pipelines_shows_every_pipeline_of_the_main_run_and_every_study(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from stepscale.pipeline_registry import MAIN, STUDIES

    monkeypatch.syspath_prepend(DOCS / "site")
    drawing = import_module("drawings").pipelines()
    assert [name for name in (*MAIN, *STUDIES) if f">{name}</text>" not in drawing] == []
