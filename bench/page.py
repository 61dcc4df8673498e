"""From a key to the next step on the screen of the labeling page, in headless Chromium; the rival is the goal, 50 ms.

The time is the browser's own: from the key's event to the first frame after the next step was in the page. A second row has
the processor time of the page's thread for each key, all its work in between included. It does not depend on what else runs.
"""

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from stepscale.labeling.page.page_options import PageOptions
from stepscale.labeling.page.sample import Sample

sys.path.append(str(Path(__file__).parents[1] / "tests"))
STEPS = 60
GOAL = 50.0
_WATCH = """
window.times = [];
let pressed = 0;
addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - pressed))))
  .observe(document.getElementById("steps"), { childList: true });
"""


def run() -> list[dict[str, Any]]:
    """Milliseconds by the clock, at the median, and of the page's thread, in the mean; the ratio is the goal over that."""
    from selenium.webdriver.common.action_chains import ActionChains
    from served_page import Served, chromium

    step = r"We add $\frac{%d}{2}+\sqrt{x^2+1}$ to both sides, so that $x=\frac{-b\pm\sqrt{b^2-4ac}}{2a}$ holds."
    samples = [Sample(problem=f"Problem {i}", steps=tuple(step % j for j in range(STEPS))) for i in range(2)]
    with tempfile.TemporaryDirectory() as folder, chromium() as window:
        server = Served(samples, Path(folder) / "people.jsonl", PageOptions(), {})
        window.get(server.address + "?labeler=bench")
        while not window.execute_script("return document.body.dataset.sample"):
            pass
        window.execute_script(_WATCH)
        window.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        before = _thread_milliseconds(window)
        for _ in range(STEPS - 1):
            ActionChains(window).send_keys("3").perform()
        times = window.execute_script("return new Promise((resume) => setTimeout(() => resume(times), 500))")
        busy = (_thread_milliseconds(window) - before) / len(times)
        server.stop()
    return [
        {"name": name, "ratio": round(GOAL / ours, 2), "ours": ours, "rival": GOAL, "unit": unit, "runs": len(times)}
        for name, ours, unit in (
            ("key_to_next_step", statistics.median(times), "ms (median)"),
            ("key_to_next_step_thread", busy, "processor ms"),
        )
    ]


def _thread_milliseconds(window: Any) -> float:
    """Processor time of the page's own thread so far."""
    metrics = window.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return 1000 * float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


if __name__ == "__main__":
    print(run())
