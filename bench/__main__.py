"""All measured speeds: ``python -m bench`` (or ``make bench``), or some of them: ``python -m bench grading formats``.

Every file beside this one has ``run()``, which gives rows {"name", "ratio", "ours", "rival", "unit", "runs"}; the ratio
is how many times faster ours is than the rival named in that file. Rows are printed; those of a whole bench are kept in
``bench/results.json``, for rates measured on different days are not compared.
"""

import json
import os
import platform
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

HERE = Path(__file__).parent


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Measure the benches of NAMES, or all of them."""
    all_names = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    unknown = set(names) - set(all_names)
    if unknown:
        raise click.ClickException(f"no bench is called {', '.join(sorted(unknown))}; there are {', '.join(all_names)}")
    rows = []
    for name in names or all_names:
        for row in import_module(f"bench.{name}").run():
            rows.append(row)
            print(
                f"{name:12} {row['name']:42} {row['ours']:>12.4g} {row['unit']:16} rival {row['rival']:>10.4g}"
                f"  x{row['ratio']:.2f}  ({row['runs']} runs)",
                flush=True,
            )
    if not names:
        (HERE / "results.json").write_text(json.dumps({"machine": _machine(), "ratios": rows}, indent=1) + "\n")


def _machine() -> dict[str, Any]:
    from bench._lab import matmul_flops

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "matmul_gflops": round(matmul_flops() / 1e9, 1),
        "python": platform.python_version(),
        "torch": version("torch"),
        "transformers": version("transformers"),
    }


if __name__ == "__main__":
    main()
