"""The page: self-contained, escaped, the answer first, readable on a telephone, drawn by a real browser without an error."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parts_by_hand import interval, line, part
from served_page import browser

from stepscale.errors import InputError
from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.estimators.quantities import quantity
from stepscale.report.claims import settle
from stepscale.report.html_page import html_page
from stepscale.report.markdown import markdown_page
from stepscale.report.part import Figure, Panel, Part, Series, View, read_part
from stepscale.report.report_page import ReportPage

__all__ = ["browser"]

FACTS = {"git revision": "abc123", "machine": "A & B", "seed": "7"}


def page(*parts: Part) -> ReportPage:
    return ReportPage(parts, FACTS, {"seed": "7"})


@pytest.fixture(scope="module")
def html() -> str:
    return html_page(page(part(), part("search", ("B1",)), part("revisions", ()), part("policy", ())))


def show(browser: Any, html: str, folder: Path, width: int, anchor: str = "") -> None:
    (folder / "report.html").write_text(html, encoding="utf-8")
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get("about:blank")
    browser.get((folder / "report.html").as_uri() + anchor)


def test_a_browser_shows_every_figure_without_an_error_and_runs_no_text_of_a_model(browser, html, tmp_path) -> None:
    show(browser, html, tmp_path, width=1100)
    assert browser.get_log("browser") == []
    assert browser.execute_script("return window.pwned === undefined")
    script = "return [...document.querySelectorAll('#figures svg')].filter(s => s.getBoundingClientRect().width > 100).length"
    assert browser.execute_script(script) == 3, "the main figures, each in its first unit"


def test_the_switch_of_a_figure_shows_another_unit(browser, html, tmp_path) -> None:
    show(browser, html, tmp_path, width=1100)
    texts = "return document.querySelector('#best-of-n-curves').innerText"
    browser.find_elements("css selector", "#best-of-n-curves label")[2].click()
    shapes = browser.execute_script(
        "return [...document.querySelectorAll('#best-of-n-curves .view')].map(v => v.getBoundingClientRect().height > 0)"
    )
    assert shapes == [False, False, True] and "FLOPs per problem" in browser.execute_script(texts)


def test_a_link_into_a_folded_part_opens_it(browser, html, tmp_path) -> None:
    show(browser, html, tmp_path, width=1100)
    assert browser.execute_script("return document.querySelector('#search').open") is False
    browser.execute_script("location.hash = '#search'")
    browser.execute_async_script("setTimeout(arguments[0], 200)")
    assert browser.execute_script("return document.querySelector('#search').open") is True


def test_nothing_is_wider_than_a_telephone_though_every_part_is_open(browser, html, tmp_path) -> None:
    show(browser, html.replace("<details", "<details open"), tmp_path, width=390)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_nothing_is_fetched_and_the_page_is_small(html: str) -> None:
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"']?(https?:)?//", html)
    assert len(html) < 600_000, "sixteen drawings of few points"


def test_the_page_of_every_study_at_the_largest_size_stays_below_two_megabytes() -> None:
    # all studies of `smoke` draw 50 panels, and those that it leaves out draw fewer than 20 more; N goes from 1 to 256
    budgets = tuple(float(2**power) for power in range(9))
    values = tuple(float(share) for share in np.linspace(0.31, 0.87, 9))
    bounds = {"low": tuple(y - 0.0312 for y in values), "high": tuple(y + 0.0287 for y in values)}
    names = [f"strategy {place}" for place in range(8)]
    panel = Panel(series=tuple(Series(name=name, x=budgets, y=values, **bounds) for name in names))
    figures = [
        Figure(title=f"Figure {place}", reading="How.", views=(View(x_title="N", panels=(panel,)),))
        for place in range(10, 17)
    ]
    bare, drawn = (
        len(html_page(page(Part(name="search", title="What?", text="A text.", figures=some))).encode())
        for some in ((), tuple(figures))
    )
    assert drawn - bare > 10_000 and bare + 10 * (drawn - bare) < 2_000_000


def test_text_of_a_model_is_escaped_wherever_it_appears(html: str) -> None:
    assert "window.pwned" in html
    assert "<script>window.pwned" not in html
    assert "<img src=x" not in html


def test_the_answer_comes_first_and_every_id_is_there_once(html: str) -> None:
    order = [html.index(mark) for mark in ('class="lead"', 'id="claims"', 'id="figures"', '<details class="part"')]
    assert order == sorted(order)
    ids = Counter(re.findall(r'\sid="([^"]+)"', html))
    assert not [name for name, n in ids.items() if n > 1]
    assert all(link in ids for link in re.findall(r'href="#([^"]+)"', html) if not link.startswith("m"))
    titles = re.findall(r"<summary>(What[^<]+)</summary>", html)
    assert len(titles) == 4 == len(set(titles))
    main = html[html.index('id="figures"') : html.index('<details class="part"')]
    assert main.count('class="figure"') == 3


def test_a_leading_figure_is_drawn_once(html: str) -> None:
    assert html.count('id="best-of-n-curves"') == 1 and html.count('id="policy-curves"') == 1


def test_the_claims_table_shows_every_claim_with_its_badge_and_links_to_its_study(html: str) -> None:
    assert html.count('<span class="badge not-measured">') == 14
    assert html.count('<span class="badge held">') == 2
    assert '<a href="#search">B1</a>' in html and "69.0 / 61.0 at N=256" in html
    assert "78.2 / 72.4 / 69.6" in html


def test_the_run_ends_with_what_its_parts_say_and_what_became_of_the_claims() -> None:
    lines = page(part(), part("search", ("B1", "B2"))).summary
    assert lines[0].startswith("best-of-8") and lines[2].startswith(
        "A1 held: PRM - ORM = +0.080 [+0.060, +0.100] (Best"
    )
    assert lines[3].startswith("3 claims were measured: held A1, B1, B2")
    assert page(part()).summary[1].startswith("A1 held: "), "of few claims each is told"


def test_a_claim_that_did_not_hold_stands_with_the_bound_it_goes_by() -> None:
    refuted = settle("A6", {"second fifth": interval(-0.05), "first fifth": interval(0.05)}, seeds=1)
    report = page(Part(name="best-of-n", title="t", claims=(refuted,)))
    bound = "1 of 2 parts; upper bound allowing for 2: -0.027"
    assert f"second fifth<br>{bound}</span>" in html_page(report)
    assert report.summary[0].startswith(f"A6 did not hold: second fifth = -0.050 [-0.070, -0.030], {bound} (PRM ahead")


def test_the_first_line_says_what_is_too_small_for_a_claim(tmp_path: Path) -> None:
    few = settle("A6", {"a fifth": bootstrap_interval(np.linspace(-0.5, -0.4, 2), 200, 0)}, seeds=1)
    weak = part(claims=()).model_copy(
        update={"figures": (), "too_small": ("4 of 10 test problems have a right solution",)}
    )
    report = page(weak, Part(name="search", title="t", claims=(few,)))
    line = "TOO SMALL FOR A CLAIM: 4 of 10 test problems have a right solution; fewer than 30 problems decide A6"
    assert report.summary[0] == line and f'<p class="alert">{line}</p>' in html_page(report)
    assert line in markdown_page(report, "kedro run", tmp_path / "figures")
    assert page(part()).too_small == ""


def test_what_was_not_run_is_simply_not_there() -> None:
    other = part().model_copy(update={"figures": ()})
    alone = html_page(page(other, Part(name="search", title="never shown")))
    assert "never shown" not in alone and "Nothing measured" not in alone and 'id="search"' not in alone
    assert "Main figures" not in html_page(page(Part(name="x", title="t", text="nothing")))


def test_the_run_says_where_it_comes_from(html: str) -> None:
    for fact in ("git revision", "machine", "seed"):
        assert f"<dt>{fact}</dt>" in html
    assert "A &amp; B" in html


def test_a_part_is_the_same_after_a_stay_on_disk_and_a_damaged_one_is_one_clear_line(tmp_path: Path) -> None:
    endless = Series(name="s", x=(1.0,), y=(float("nan"),), low=(float("-inf"),), high=(float("inf"),))
    figure = Figure(title="f", reading="r", views=(View(x_title="x", panels=(Panel(series=(endless,)),)),))
    whole = part().model_copy(update={"figures": (*part().figures, figure)})
    file = tmp_path / "part.json"
    file.write_text(whole.model_dump_json())
    assert read_part(file).model_dump_json() == whole.model_dump_json()
    file.write_text('{"name": "x"}')
    with pytest.raises(InputError, match=r"part\.json: not a part of a report .*; run its study again"):
        read_part(file)


def test_markdown_has_the_same_claims_tables_and_figures_as_the_page(tmp_path: Path) -> None:
    text = markdown_page(page(part(), part("search", ())), "kedro run --env thorough", tmp_path / "figures")
    assert "Of `kedro run --env thorough`" in text and "- machine: A & B" in text
    table = text[: text.index("### Quantities of the claims")]
    rows = [row for row in table.splitlines() if row.startswith(("| A", "| B"))]
    assert len(rows) == 16 and rows[0].endswith(
        "69.0 / 61.0 at N=256; PRM - ORM = +0.080 [+0.060, +0.100] | held |  |  | 60 | 1 |"
    )
    assert "### A table" in text and "A note." in text and "### Nothing measured" not in text
    files = {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    assert {"best-of-n-curves-generations.svg", "best-of-n-curves-flops.svg", "search-bins.svg"} <= set(files)
    assert len(files) == 10 and all(f"(figures/{name})" in text for name in files)
    assert b"generations per problem" in files["best-of-n-curves-generations.svg"]
    markdown_page(page(part()), "kedro run", tmp_path / "again")
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert again == {name: text for name, text in files.items() if name.startswith("best-of-n-")}


def test_the_claims_table_shows_all_quantities_with_effect_and_power_on_both_pages(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(0.01, 0.3, 90)
    parts = {
        "no worse": quantity(bootstrap_interval(values), 0.0, -0.05, note="a remark"),
        "log2 of times fewer": quantity(bootstrap_interval(values + 2, level=0.90), 2.0, 1.0),
    }
    claim = settle("B3", parts, 3, {"with all samples": bootstrap_interval(values)})
    report = page(Part(name="search", title="t", claims=(claim,)))
    html, text = html_page(report), markdown_page(report, "kedro run", tmp_path / "figures")
    for row in claim.quantities:
        bounds = f"{row.estimate:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"
        assert bounds in html and bounds in text and row.name in html
    assert f'data-name="power">{claim.power:.0%}<' in html and f"| {claim.power:.0%} | 90 | 3 |" in text
    assert "a remark" in html and "> -0.050" in text and "none: reported only" in text and "at 90%" in html
    assert "3 quantities" in html


def test_a_saving_that_could_not_be_matched_is_told_in_words(tmp_path: Path) -> None:
    nothing = quantity(Interval(*np.full(3, np.nan), 90), 2.0, 1.0, unmet="one of the curves is flat")
    report = page(Part(name="search", title="t", claims=(settle("B3", {"log2 of times fewer": nothing}, 1),)))
    html, text = html_page(report), markdown_page(report, "kedro run", tmp_path / "figures")
    for output in (html, text):
        assert "one of the curves is flat" in output and "nan" not in output.lower().replace("nano", "")


def test_stars_stacks_and_points_are_drawn_and_an_open_star_is_open() -> None:
    from stepscale.report.drawing import whole_view

    def figure_html(hollow: tuple[bool, ...]) -> str:
        stars = Series(name="PRM", x=(2.5, 8.0), y=(0.45, 0.55), mark="stars", hollow=hollow, in_legend=False)
        panel = Panel(series=(line("PRM"), stars))
        view = View(x_title="N", panels=(panel,), vertical_lines=((2.5, "R = 22"),), ticks=((1, "one"),))
        return whole_view(Figure(title="t", reading="r", views=(view,)), view)

    pages = figure_html((False, False)), figure_html((False, True)), figure_html((True, True))
    assert [text.count("fill-opacity: 0; stroke: #2f6fed") for text in pages] == [0, 1, 2]
    assert "R = 22" in pages[0] and ">one<" in pages[0]
    stacked = Panel(series=(line("negative", "stack"), line("positive", "stack"), line("ends", "points")))
    view = View(x_title="round", panels=(stacked,), scale="category")
    assert "round" in whole_view(Figure(title="t", reading="r", views=(view,)), view)
