"""The report: self-contained, escaped, drawn by a real browser without an error."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stepscale.estimators.intervals import Interval
from stepscale.report.claims import claims_table, settle
from stepscale.studies.best_of_n.comparison import a1_quantities, curves_table
from stepscale.studies.best_of_n.figures import headline, page
from stepscale.verifiers.calibration import reliability

NS = [1, 2, 4, 8]
HOSTILE = "</script><script>window.pwned = 1</script><img src=x onerror='window.pwned=1'>"
FIGURES = 4


def sources() -> dict[str, Any]:
    """What the pipelines hand to the report, made by hand."""
    rng = np.random.default_rng(0)
    gains = {"PRM": 0.1, "PRM, weighted vote": 0.09, "ORM": 0.06, "Majority": 0.03, "pass@N (ceiling)": 0.14}
    base = rng.random((60, 1)) * 0.4
    values = {name: base + gain * np.arange(len(NS)) for name, gain in gains.items()}
    curves = curves_table("test", values, NS, 200, 0)
    a1 = settle("A1", a1_quantities(values, NS, 200, 0), seeds=1)
    levels = pd.DataFrame(
        {
            "level": level,
            "label": label,
            "accuracy": 0.9 / level,
            "low": 0.8 / level,
            "high": 1 / level,
            "n_problems": 20,
        }
        for level in (1, 2, 3)
        for label in ("pass@1", "Majority", "PRM", "pass@N (ceiling)")
    )
    rules = [
        {"aggregation": how, "neutral as": neutral, "accuracy": 0.5, "low": 0.4, "high": 0.6, "n_problems": 60}
        for how in ("product", "min")
        for neutral in ("positive", "negative")
    ]
    p = rng.random(500)
    bins = reliability(p, rng.random(500) < p, [f"p{i % 60}" for i in range(500)])
    steps = [[f"3 + 4 = 7 {HOSTILE}", 0.98, 1], ["7 * 2 = 15", 0.04, -1], [r"\boxed{15}", 0.1, None]]
    example = {
        "kind": "Error caught",
        "remark": "why",
        "problem": HOSTILE,
        "steps": steps,
        "answer": HOSTILE,
        "gold": "14",
    }
    return {
        "lines": headline(curves, claims_table({"A1": a1})),
        "curves": curves,
        "levels": levels,
        "rules": rules,
        "claims": claims_table({"A1": a1}),
        "calibration": pd.concat([bins.assign(verifier=v) for v in ("prm", "orm")]),
        "metrics": {"prm": {"auroc": 0.9, "auroc_low": 0.87, "auroc_high": 0.925, "n": 4000}, "orm": {"auroc": 0.8}},
        "examples": [example],
        "parameters": {"seed": 7},
    }


@pytest.fixture(scope="module")
def html() -> str:
    return page(**sources())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium with a profile of its own."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no chromium and chromedriver on this machine (apt-get install chromium chromium-driver)")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (
            "headless",
            "no-sandbox",
            "disable-gpu",
            "disable-quic",
            "no-first-run",
            "disable-background-networking",
            "disable-component-update",
            "disable-sync",
            "disable-dev-shm-usage",
            f"user-data-dir={profile}",
        ):
            options.add_argument(f"--{flag}")
        window = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        yield window
        window.quit()


def show(browser: Any, html: str, folder: Path, width: int) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    (folder / "report.html").write_text(html, encoding="utf-8")
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get((folder / "report.html").as_uri())
    drawn = "return document.querySelectorAll('.plotly-graph-div .main-svg .xtitle').length"
    WebDriverWait(browser, 60).until(lambda window: window.execute_script(drawn) >= FIGURES)


def test_a_browser_draws_every_figure_without_an_error_and_runs_no_text_of_a_model(browser, html, tmp_path) -> None:
    show(browser, html, tmp_path, width=1100)
    assert browser.get_log("browser") == []
    figures = browser.execute_script(
        "return [...document.querySelectorAll('.plotly-graph-div')].map(f => [f.querySelectorAll('.main-svg').length,"
        " f.querySelectorAll('.trace, .bars .point').length, f.querySelector('.xtitle').textContent.length,"
        " f.querySelector('.ytitle').textContent.length])"
    )
    assert len(figures) == FIGURES
    assert all(min(counts) > 0 for counts in figures), figures
    assert browser.execute_script("return window.pwned === undefined")


def test_nothing_is_wider_than_a_telephone(browser, html, tmp_path) -> None:
    show(browser, html, tmp_path, width=400)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_nothing_is_fetched_and_plotly_is_there_once(html: str) -> None:
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"']?(https?:)?//", html)
    assert html.count("plotly.js v") == 1
    assert len(html) < 6_000_000


def test_text_of_a_model_is_escaped_wherever_it_appears(html: str) -> None:
    assert "window.pwned" in html
    assert "<script>window.pwned" not in html
    assert "<img src=x" not in html


def test_a_prm_of_values_is_told_from_one_of_ratings() -> None:
    given = sources()
    soft = page(
        **given | {"metrics": {"prm": {"step_auroc": 0.9, "solution_auroc": 0.9}}, "rules": given["rules"][::2]}
    )
    rated = page(**given)
    assert "PRM: a step is correct, against the labeler" in rated and "blue counts neutral" in rated
    assert "PRM: the final answer will be right, at every step" in soft and "blue counts neutral" not in soft
    assert (
        "probability that it is not wrong (red" in rated
        and "probability that the final answer will be right (red" in soft
    )
    unlabelled = {**given["examples"][0], "steps": [["a", 0.5, None]]}
    assert (
        "then the labeler&" not in page(**given | {"examples": [unlabelled]}).replace("'", "&")
        and "then the labeler" in rated
    )


def test_the_summary_comes_first_and_holds_the_numbers(html: str) -> None:
    lines = sources()["lines"]
    assert re.match(r"best-of-8 on 60 problems: PRM \d+\.\d% \[", lines[0])
    assert lines[1].startswith("A1 held: ")
    assert html.index('class="lead"') < html.index('class="card figure"')


def test_a_metric_stands_with_its_interval(html: str) -> None:
    assert "0.900 [0.870, 0.925]" in html
    assert "auroc low" not in html


def test_the_claims_table_shows_every_claim_with_its_badge_and_the_papers_figure(html: str) -> None:
    assert html.count('<span class="badge not-measured">') == 15
    assert html.count('<span class="badge held">') == 1
    assert "78.2 / 72.4 / 69.6" in html
    assert "1 of 5 parts</span>" in html and "upper bound allowing" not in html, "one that held needs no wider bound"


def test_a_claim_that_did_not_hold_stands_with_the_bound_it_goes_by() -> None:
    below, above = (Interval(*np.asarray([m, m - 0.02, m + 0.02]), 60) for m in (-0.05, 0.05))
    rows = claims_table({"A6": settle("A6", {"second fifth": below, "first fifth": above}, seeds=1)})
    told, given = "1 of 2 parts; upper bound allowing for 2: -0.027", sources()
    assert f"second fifth<br>{told}</span>" in page(**(given | {"claims": rows}))
    line = headline(given["curves"], rows)[1]
    assert line.startswith(f"A6 did not hold: second fifth = -0.050 [-0.070, -0.030], {told} (PRM ahead")


def test_the_run_says_where_it_comes_from(html: str) -> None:
    for fact in ("git revision", "parameters: seed", "written", "machine"):
        assert f"<dt>{fact}</dt>" in html
    assert "4,000" in html
