"""The tutorial's code runs, in order, on few problems; its figures are drawn from what it made."""

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIZES = "N_PROBLEMS, N_TRAIN_SAMPLES, N_TEST_SAMPLES = 200, 8, 16"
MAX_FIGURE_BYTES = 60_000  # bytes of a figure


def test_the_tutorial_runs_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs/site"))
    import tutorial_figures

    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    code = tutorial_figures.code_blocks()
    assert sum(SIZES in block for block in code) == 1
    names: dict[str, Any] = {}
    for block in code:
        exec(block.replace(SIZES, SIZES.replace("200, 8, 16", "20, 2, 4")), names)
    printed = capsys.readouterr().out
    assert "of 40 samples are right" in printed and "PRM - majority:" in printed
    tutorial_figures.draw_curves(names["curves"], tmp_path / "curves.svg")
    right = names["right"][names["surest"]]
    tutorial_figures.draw_steps(names["chosen"]["steps"], right, names["ratings"], tmp_path / "steps.svg")
    assert all((tmp_path / name).stat().st_size < MAX_FIGURE_BYTES for name in ("curves.svg", "steps.svg"))


@pytest.mark.parametrize("name", ["tutorial_curves.svg", "tutorial_steps.svg"])
def test_the_tutorials_figures_are_small_and_hold_no_script(name: str) -> None:
    drawing = (ROOT / "docs/figures" / name).read_text()
    assert len(drawing) < MAX_FIGURE_BYTES and "<script" not in drawing
