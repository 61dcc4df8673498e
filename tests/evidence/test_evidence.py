"""The table of figures, and what redoes them: values are read, moves are told, the page is the table's."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))

from evidence.figures import Figure, read_figures
from evidence.page import PAGE, page_of
from evidence.reading import value_of
from evidence.redoing import redo
from stepscale.errors import InputError

ENTRY = """
[[figure]]
id = "one"
claim = "One"
page = "estimators.md"
command = "python -c 'print(1)'"
read = "a"
value = 1
low = 0.5
high = 1.5
interval = "95 %"
revision = "abc"
minutes = 1
"""


def figure(**changes: object) -> Figure:
    numbers = {
        "id": "one",
        "claim": "c",
        "page": "p.md",
        "command": "true",
        "read": "a.0.b",
        "value": 1,
        "low": 0.5,
        "high": 1.5,
    }
    return Figure.model_validate({**numbers, "revision": "r", "minutes": 1, **changes})


def test_the_page_is_made_of_the_table() -> None:
    assert PAGE.read_text() == page_of(read_figures()), "python -m evidence --page writes it again"


def test_pages_that_figures_name_are_there() -> None:
    for stated in read_figures():
        assert (PAGE.parent / stated.page).is_file(), stated.id


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[figure]", "cannot be read"),
        (ENTRY.replace('claim = "One"', ""), "figure 1, claim: Field required"),
        (ENTRY.replace("value = 1", "value = 2"), r"2.0 is not within \[0.5, 1.5\]"),
        (ENTRY + ENTRY, "two figures have the id one"),
    ],
)
def test_a_wrong_table_is_one_clear_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "figures.toml").write_text(text)
    with pytest.raises(InputError, match=reason) as caught:
        read_figures(tmp_path / "figures.toml")
    assert "\n" not in str(caught.value)


def test_values_are_read_from_output_json_and_tables(tmp_path: Path) -> None:
    assert value_of(figure(), 'a log line\n{"a": [{"b": 3}]}\n', tmp_path) == 3
    (tmp_path / "x.json").write_text('{"a": [{"b": 4}]}')
    assert value_of(figure(file="x.json"), "", tmp_path) == 4
    (tmp_path / "x.json").write_text('{"a": {"at R = 0": 1, "at R = 0.16": {"b": 5}}}')
    assert value_of(figure(file="x.json", read="a.at R = 0.16.b"), "", tmp_path) == 5, "keys may hold dots"
    pd.DataFrame({"n": [1, 8], "accuracy": [0.5, 0.75]}).to_parquet(tmp_path / "x.parquet")
    assert value_of(figure(file="x.parquet", read="accuracy where n=8"), "", tmp_path) == 0.75
    for wrong in (figure(read="c"), figure(file="none.json"), figure(file="x.parquet", read="accuracy where n=9")):
        with pytest.raises(InputError, match="has no number at"):
            value_of(wrong, '{"a": 1}', tmp_path)


def test_each_command_runs_once_and_a_figure_out_of_its_interval_has_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_DATA", raising=False)
    (tmp_path / "once.py").write_text("import pathlib\npathlib.Path('ran').touch(exist_ok=False)\nprint('[1, 2]')\n")
    command = "python once.py"
    entries = [
        figure(command=command, read="0"),
        figure(id="two", command=command, read="1"),
        figure(id="fails", command="python -c 'raise SystemExit(1)'"),
        figure(id="absent", needs="NO_SUCH_DATA"),
    ]
    assert [redone.status for redone in redo(entries, tmp_path)] == ["holds", "moved", "failed", "left out"]
