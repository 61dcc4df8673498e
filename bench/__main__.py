"""All measured speeds: ``python -m bench`` (or ``make bench``), or some of them: ``python -m bench grading formats``.

Every file beside this one has ``run()``, which gives rows {"name", "ratio", "ours", "rival", "unit", "runs"}; the ratio
is how many times faster ours is than the rival named in that file. Rows are printed and kept in ``bench/results.json``.
"""

import json
import platform
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> None:
    known = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    unknown = set(names) - set(known)
    if unknown:
        sys.exit(f"no bench is called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    rows = []
    for name in names or known:
        for row in import_module(f"bench.{name}").run():
            rows.append({"bench": name, **row})
            print(
                f"{name:12} {row['name']:42} {row['ours']:>12.4g} {row['unit']:16} rival {row['rival']:>10.4g}"
                f"  x{row['ratio']:.2f}  ({row['runs']} runs)",
                flush=True,
            )
    where = {"python": platform.python_version(), "machine": platform.processor() or platform.machine()}
    (HERE / "results.json").write_text(json.dumps({"where": where, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
