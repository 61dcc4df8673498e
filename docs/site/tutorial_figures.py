"""Runs the code of docs/tutorial.md and draws its two figures: `python docs/site/tutorial_figures.py`."""

import re
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs/figures"
_TEAL, _OCHRE, _GREY, _RED = "#2a7f75", "#a97c2f", "#6b7a86", "#b23a48"
_LINES = (
    ("pass_at_k", "pass@N", _GREY, "dotted"),
    ("best_of_n", "best-of-N by the PRM", _TEAL, "solid"),
    ("weighted", "weighted vote", _OCHRE, "dashed"),
    ("majority", "majority vote", _RED, "solid"),
)


def code_blocks() -> list[str]:
    """The Python of the tutorial."""
    return re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/tutorial.md").read_text(encoding="utf-8"), re.S | re.M)


def draw_curves(curves: Any, path: Path) -> None:
    """Accuracy against N with 95 % bands."""
    figure, axes = _axes(6.4, 3.6)
    for method, name, color, dash in _LINES:
        rows = curves[(curves["method"] == method) & curves["aggregation"].isin(["product", None])]
        axes.plot(rows["n"], 100 * rows["accuracy"], color=color, linestyle=dash, marker="o", markersize=4, label=name)
        axes.fill_between(rows["n"], 100 * rows["low"], 100 * rows["high"], color=color, alpha=0.1, linewidth=0)
    budgets = sorted(set(curves["n"]))
    axes.set_xscale("log", base=2)
    axes.set_xticks(budgets, [str(n) for n in budgets])
    axes.set_xlabel("samples per problem, N")
    axes.set_ylabel("accuracy (% of problems)")
    axes.legend(frameon=False, loc="upper left")
    _save(figure, path)


def draw_steps(steps: list[str], right: list[float], ratings: list[int], path: Path) -> None:
    """P(right) of each step of a solution as bars; the labeler's ratings on the right."""
    figure, axes = _axes(6.4, 0.8 + 0.36 * len(steps))
    marks = [f"{rating:+d}" if rating else "0" for rating in ratings] + [""] * (len(steps) - len(ratings))
    colors = [_RED if mark == "-1" else _TEAL if mark else _GREY for mark in marks]
    axes.barh(range(len(steps)), right, color=colors, height=0.6)
    axes.set_yticks(
        range(len(steps)), [step if len(step) <= 44 else step[:41] + "..." for step in steps], family="monospace"
    )
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12)
    axes.set_xticks([0, 0.5, 1])
    axes.set_xlabel("P(step is right) by the PRM; the labeler's rating on the right")
    for place, mark in enumerate(marks):
        axes.text(1.05, place, mark, va="center")
    _save(figure, path)


def _axes(width: float, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "stepscale", "font.size": 10}
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(width, height))
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None}, facecolor="white")
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


if __name__ == "__main__":
    start = time.perf_counter()
    names: dict[str, Any] = {}
    for number, code in enumerate(code_blocks(), 1):
        print(f"-- block {number}", flush=True)
        exec(code, names)
    print(f"-- {time.perf_counter() - start:.0f} s")
    draw_curves(names["curves"], FIGURES / "tutorial_curves.svg")
    draw_steps(
        names["chosen"]["steps"], names["right"][names["surest"]], names["ratings"], FIGURES / "tutorial_steps.svg"
    )
