"""The reference of tables, made from their declarations when the site is built."""

import sys
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[2] / "docs" / "site"


def test_every_declared_table_is_on_the_page_under_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SITE))
    import reference

    names = [table.name for table in reference.declared_tables()]
    assert len(set(names)) == len(names), "two tables have one name"
    page = reference.tables_page()
    assert all(f"## `{name}`" in page for name in names)
    for name in ("problems", "points", "revision_chains", "online_policy", "release_counts", "match", "search_results"):
        assert name in names
    assert "| `doubt` | float64 >= 0 and <= 1 | no | how near" in page
    sys.modules.pop("reference")
