"""Curves as pictures for a page that runs no script."""

import pandas as pd

from stepscale.report.static_curves import static_curves

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


def test_a_star_beyond_what_was_measured_is_open() -> None:
    def drawn(**beyond: object) -> str:
        stars = pd.DataFrame({"n": [2.5, 8.0], "accuracy": [0.45, 0.55], "label": "PRM", **beyond})
        return static_curves(LINE.assign(label="PRM"), "n", "generations", stars=stars)

    full = drawn()
    assert drawn(beyond=[False, False]) == full, "a table without the column has no star beyond"
    pages = full, drawn(beyond=[False, True]), drawn(beyond=[True, True])
    assert [page.count("fill-opacity: 0; stroke: #2f6fed") for page in pages] == [0, 1, 2]
