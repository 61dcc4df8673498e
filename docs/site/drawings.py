"""The two drawings of the architecture page, as SVG: the pipelines with what passes between them, and the packages by floor."""

import tomllib
from html import escape
from pathlib import Path
from textwrap import wrap

_ROOT = Path(__file__).parents[2]
_WIDTH, _HEIGHT = 180, 44
_STYLE = (
    "<style>text{font:16px system-ui,sans-serif;fill:#1f2d3d}.small{font-size:13px;fill:#51616f}"
    "rect{fill:#e8f3f1;stroke:#2a7f75}.study{fill:#f4efe6;stroke:#a97c2f}path{fill:none;stroke:#6b7a86;marker-end:url(#tip)}"
    "svg{background:#fff}</style>"
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" style="fill:#6b7a86;stroke:none;marker-end:none"/></marker></defs>'
)


def pipelines() -> str:
    """The five pipelines from top to bottom with what passes between them; the studies on the right, with what each reads."""
    from stepscale.pipeline_registry import MAIN, STUDIES

    studies = tuple(STUDIES)
    outputs, read = {}, {}
    for name, create in (MAIN | STUDIES).items():
        pipeline = create()
        outputs[name] = _datasets(pipeline.all_outputs())
        read[name] = _datasets(pipeline.inputs())
    rows = max(len(MAIN), len(studies))
    parts, height = [], 92.0 * rows
    for i, name in enumerate(MAIN):
        y = 20 + height * i / len(MAIN)
        parts += _box(20, y, name)
        if i:
            passed = sorted(set().union(*(outputs[giver] for giver in [*MAIN][:i])) & read[name])
            above = 20 + height * (i - 1) / len(MAIN) + _HEIGHT
            parts.append(f'<path d="M{20 + _WIDTH / 2},{above:.0f} L{20 + _WIDTH / 2},{y - 2:.0f}"/>')
            parts += _lines(34 + _WIDTH / 2, above + 18, wrap(", ".join(passed), 33)[:3])
    for i, name in enumerate(studies):
        y = 20 + height * i / len(studies)
        givers = [giver for giver in (*MAIN, *studies) if giver != name and outputs[giver] & read[name]]
        parts += _box(390, y, name, ' class="study"')
        parts += _lines(390, y + _HEIGHT + 15, wrap("from " + ", ".join(givers), 36)[:2])
    return _svg(640, 20 + height, parts)


def _box(x: float, y: float, name: str, kind: str = "") -> list[str]:
    return [
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{_WIDTH}" height="{_HEIGHT}" rx="8"{kind}/>',
        f'<text x="{x + _WIDTH / 2:.0f}" y="{y + 27:.0f}" text-anchor="middle">{escape(name)}</text>',
    ]


def _lines(x: float, y: float, texts: list[str]) -> list[str]:
    return [
        f'<text class="small" x="{x:.0f}" y="{y + 15 * i:.0f}">{escape(text)}</text>' for i, text in enumerate(texts)
    ]


def packages() -> str:
    """The rooms of ``src/stepscale`` by floor, as the import contract has them: a room imports from the floors below only."""
    contract = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    parts = []
    for floor, layer in enumerate(contract["layers"]):
        names = [name.strip() for name in layer.replace(":", "|").split("|")]
        width = (460 - 10 * (len(names) - 1)) / len(names)
        for i, name in enumerate(names):
            x, y = 20 + i * (width + 10), 20 + floor * 46
            parts.append(f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="34" rx="6"/>')
            parts.append(f'<text x="{x + width / 2:.0f}" y="{y + 22}" text-anchor="middle">{escape(name)}</text>')
    return _svg(500, 30 + 46 * len(contract["layers"]), parts)


def _datasets(names: set[str]) -> set[str]:
    return {name for name in names if name != "parameters" and not name.startswith("params:")}


def _svg(width: float, height: float, parts: list[str]) -> str:
    body = "\n".join(parts)
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">{_STYLE}\n{body}\n</svg>\n'
