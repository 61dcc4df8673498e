"""The two drawings of the architecture page, as SVG: the pipelines with what passes between them, and the packages by floor."""

import tomllib
from html import escape
from importlib import import_module
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_STYLE = (
    "<style>text{font:14px system-ui,sans-serif;fill:#1f2d3d}.small{font-size:12px;fill:#51616f}"
    "rect{fill:#e8f3f1;stroke:#2a7f75}.study{fill:#f4efe6;stroke:#a97c2f}path{fill:none;stroke:#6b7a86;marker-end:url(#tip)}"
    "svg{background:#fff}</style>"
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" style="fill:#6b7a86;stroke:none;marker-end:none"/></marker></defs>'
)


def pipelines() -> str:
    """The five pipelines from left to right, the studies below, and by how many data sets each hangs on another."""
    from stepscale.pipeline_registry import PIPELINES, STUDIES

    main = [name for name in PIPELINES if name not in STUDIES]
    made, read = {}, {}
    for name in (*main, *STUDIES):
        pipeline = import_module(f"stepscale.pipelines.{name}.pipeline").create_pipeline()
        made[name] = _datasets(pipeline.all_outputs())
        read[name] = _datasets(pipeline.inputs())
    width, gap, height = 170, 40, 44
    places = {name: (20 + i * (width + gap), 40) for i, name in enumerate(main)}
    places |= {
        name: (20 + (i % len(main)) * (width + gap), 190 + 120 * (i // len(main))) for i, name in enumerate(STUDIES)
    }
    parts = []
    for name, (x, y) in places.items():
        kind = ' class="study"' if name in STUDIES else ""
        parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8"{kind}/>')
        parts.append(f'<text x="{x + width / 2}" y="{y + 27}" text-anchor="middle">{escape(name)}</text>')
        givers = [giver for giver in places if giver != name and made[giver] & read[name]]
        if name in STUDIES:
            names = ", ".join(givers)
            parts.append(f'<text class="small" x="{x}" y="{y + 62}">reads from {len(givers)}:</text>')
            parts += [
                f'<text class="small" x="{x + 8}" y="{y + 78 + 14 * i}">{escape(line)}</text>'
                for i, line in enumerate(_wrapped(names, 26))
            ]
        elif givers:
            shared = sorted(made[givers[-1]] & read[name])
            parts.append(f'<path d="M{x - gap},{y + height / 2} L{x - 2},{y + height / 2}"/>')
            parts += [
                f'<text class="small" x="{x}" y="{y + 62 + 14 * i}">{escape(line)}</text>'
                for i, line in enumerate(shared[:5])
            ]
    rows = 1 + (len(STUDIES) - 1) // len(main)
    return _svg(20 + len(main) * (width + gap), 190 + 120 * rows + 20, parts)


def packages() -> str:
    """The rooms of ``src/stepscale`` by floor, as the import contract has them: a room imports from the floors below only."""
    contract = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    parts = []
    for floor, layer in enumerate(contract["layers"]):
        names = [name.strip() for name in layer.replace(":", "|").split("|")]
        width = (720 - 10 * (len(names) - 1)) / len(names)
        for i, name in enumerate(names):
            x, y = 20 + i * (width + 10), 20 + floor * 46
            parts.append(f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="34" rx="6"/>')
            parts.append(f'<text x="{x + width / 2:.0f}" y="{y + 22}" text-anchor="middle">{escape(name)}</text>')
    return _svg(760, 30 + 46 * len(contract["layers"]), parts)


def _datasets(names: set[str]) -> set[str]:
    return {name for name in names if name != "parameters" and not name.startswith("params:")}


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, width)


def _svg(width: float, height: float, parts: list[str]) -> str:
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">{_STYLE}\n{body}\n</svg>\n'
