"""Curves as pictures for a page that runs no script."""

import pandas as pd

from stepscale.figures.static_curves import static_curves

LINE = pd.DataFrame({"n": [1, 2, 4], "accuracy": [0.3, 0.4, 0.5], "low": 0.2, "high": 0.6})


def test_lines_have_a_legend_and_axes_their_titles() -> None:
    table = pd.concat(
        [LINE.assign(label=name) for name in ("PRM", "a name too long for three beside each other, or so it seems")]
    )
    drawn = static_curves(table, "n", "generations")
    assert drawn.startswith("<?xml") and all(
        word in drawn for word in ("PRM", "a name too long", "generations", "accuracy")
    )


def test_a_single_line_without_a_name_needs_no_legend() -> None:
    drawn = static_curves(LINE.assign(label=""), "n", "attempt, from 0", log=False)
    assert "attempt, from 0" in drawn and "accuracy" in drawn
