"""The page in headless Chromium, by keyboard, by mouse and on a phone's screen."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from served_page import Served, records_in, sample

from stepscale.labeling.page.sample import Sample

HOSTILE = "<img src=x onerror='document.title=\"hacked\"'><script>document.title='hacked'</script>"
Serve = Callable[..., Served]


class Page:
    """The page as somebody uses it."""

    def __init__(self, browser: Any, server: Served, labeler: str = "ann") -> None:
        self.browser = browser
        self.browser.get(server.address + "?labeler=" + labeler)

    def sample(self) -> str:
        return str(self.wait("return document.body.dataset.sample"))

    def wait(self, script: str) -> Any:
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.browser, 600, 0.05).until(lambda d: d.execute_script(script))

    def press(self, keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        named = {"\n": Keys.ENTER, "<": Keys.BACKSPACE, "\t": Keys.TAB, "!": Keys.ESCAPE}
        for key in keys:
            ActionChains(self.browser).send_keys(named.get(key, key)).perform()

    def next_after(self, sample: str) -> str:
        return str(self.wait(f"return document.body.dataset.sample != {sample!r} && document.body.dataset.sample"))

    def steps(self) -> list[str]:
        script = "return [...document.querySelectorAll('#steps > li')].map((item) => item.innerText.trim())"
        return list(self.browser.execute_script(script))

    def text(self, css: str) -> str:
        return str(self.browser.find_element("css selector", css).text)


@pytest.fixture
def plain(browser: Any) -> Any:
    """The browser with nothing stored, as a wide window."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", online())
    browser.set_window_size(1200, 900)
    browser.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    browser.get_log("browser")
    return browser


def online(is_online: bool = True) -> dict[str, Any]:
    return {"offline": not is_online, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


def test_ten_solutions_are_labeled_by_keyboard(plain: Any, serve: Serve) -> None:
    server = serve([sample(f"p{i}", round=1, score=i / 10) for i in range(10)])
    page = Page(plain, server)
    current = page.sample()
    assert page.steps() == ["step 1 of p0"], "the steps appear one by one"
    for _ in range(5):
        page.press("3")
        assert len(page.steps()) == 2
        page.press("2")
        assert len(page.steps()) == 3
        page.press("1<3")
        page.press("\n")
        current = page.next_after(current)
    for keys in ("31", "1", "3g", "b", "g<1"):
        page.press(keys)
        assert "2" not in keys and not plain.execute_script("return document.querySelector('#steps > .now')")
        page.press("\n")
        current = page.next_after(current)
    assert current == "none" and "Nothing is left to label" in page.text("#message")
    assert "10 labeled, 0 left" in page.text("#progress")
    records = records_in(server.labels)
    ends = [r["label"]["finish_reason"] for r in records]
    assert ends == ["solution"] * 5 + ["found_error", "found_error", "give_up", "bad_problem", "found_error"]
    ratings = [[s["completions"][0]["rating"] for s in r["label"]["steps"]] for r in records]
    assert ratings == [[1, 0, 1]] * 5 + [[1, -1], [-1], [1], [], [-1]]
    assert all(0 < r["label"]["total_time"] < 60_000 and r["labeler"] == "ann" for r in records)
    assert not [entry for entry in plain.get_log("browser") if entry["level"] == "SEVERE"]


def test_a_solution_is_labeled_by_mouse(plain: Any, serve: Serve) -> None:
    server = serve([sample(), sample("q")])
    page = Page(plain, server)
    first = page.sample()

    def click(name: str) -> None:
        plain.find_element("css selector", f"[data-action='{name}']").click()

    for name in ("3", "Backspace", "2", "1"):
        click(name)
    assert "first negative step" in page.text("#end")
    page.press("\n")  # and not the button that was clicked last
    page.next_after(first)
    assert [s["completions"][0]["rating"] for s in records_in(server.labels)[0]["label"]["steps"]] == [0, -1]


def test_hostile_text_is_shown_as_text_and_never_runs(plain: Any, serve: Serve) -> None:
    steps = (HOSTILE, f"$\\text{{{HOSTILE}}}$", r"$\href{javascript:document.title='hacked'}{x}$", "a\x00\u202eb")
    page = Page(plain, serve([Sample(problem=HOSTILE, steps=steps, answer=HOSTILE, solution=HOSTILE)]))
    page.sample()
    page.press("3333")
    assert page.text("#problem") == HOSTILE and page.steps()[0].startswith(HOSTILE)
    tags = plain.execute_script("return document.querySelectorAll('main img, main script, main a, main [href]').length")
    assert tags == 0 and "hacked" not in plain.title


def test_a_step_shows_all_its_characters_in_their_order(plain: Any, serve: Serve) -> None:
    steps = ("a\x00 \u202e13 = 4\u2066", " \n", r"$\text{" + "a-b>" * 60 + "}$", "end")
    page = Page(plain, serve([sample(steps=steps)]))
    page.sample()
    page.press("333")
    step_texts = page.steps()
    assert step_texts[0].startswith("a⟨U+0000⟩ ⟨U+202E⟩13 = 4⟨U+2066⟩") and step_texts[1].startswith("(no text)")
    lines = "return document.querySelector('#steps mtext').getClientRects().length"
    height = "return document.querySelector('#steps mtext').getBoundingClientRect().height"
    assert plain.execute_script(lines) == 1 and plain.execute_script(height) < 40, "a formula's text is one line"


def test_the_message_stays_on_the_screen_below_many_steps(plain: Any, serve: Serve) -> None:
    server = serve([sample(n_steps=40)])
    page = Page(plain, server)
    page.sample()
    page.press("3" * 40)
    plain.execute_script("scrollTo(0, document.documentElement.scrollHeight)")
    assert plain.execute_script("return scrollY") > 500
    top = "return document.getElementById('message').getBoundingClientRect().top"
    assert plain.execute_script(top) >= 0 and "Press Enter to save" in page.text("#message")


def test_a_server_that_cannot_save_says_why(plain: Any, serve: Serve) -> None:
    server = serve([sample()])
    page = Page(plain, server)
    page.sample()
    server.labels.unlink()
    page.press("1\n")
    page.wait("return document.getElementById('message').innerText.includes('Not saved yet: the server\\'s disk')")


def test_formulas_are_drawn_without_a_network(plain: Any, serve: Serve) -> None:
    sample = Sample(
        problem=r"What is $\frac{1}{2}+\sqrt{4}$?", steps=(r"It is \[\boxed{\frac{5}{2}}\]",), answer=r"\frac52"
    )
    page = Page(plain, serve([sample]))
    page.sample()
    tops = "return [...document.querySelectorAll('#problem mfrac mn')].map((node) => node.getBoundingClientRect().top)"
    over, under = plain.execute_script(tops)
    assert under > over + 5, "the denominator stands below the numerator"
    assert len(plain.find_elements("css selector", "#steps math .boxed")) == 1
    assert len(plain.find_elements("css selector", "#answer mfrac")) == 1
    loaded = plain.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert all(name.startswith("http://127.0.0.1:") for name in loaded)


def test_two_tabs_and_a_double_press_write_one_record(plain: Any, serve: Serve) -> None:
    server = serve([sample(), sample("q")])
    page = Page(plain, server)
    first = page.sample()
    page.press("333")
    tab = plain.current_window_handle
    plain.switch_to.new_window("tab")
    other = Page(plain, server)
    assert other.sample() == first and len(other.steps()) == 3, "the second tab goes on where the first one is"
    other.press("\n\n\n")
    second = other.next_after(first)
    plain.close()
    plain.switch_to.window(tab)
    page.press("\n\n")
    assert page.next_after(first) == second
    assert "You had labeled this one before" in page.text("#message")
    assert len(records_in(server.labels)) == 1


def test_a_label_outlives_a_lost_connection_a_dead_server_and_a_reload(plain: Any, serve: Serve) -> None:
    server = serve([sample(), sample("q")])
    page = Page(plain, server)
    first = page.sample()
    page.press("331")
    plain.execute_cdp_cmd("Network.emulateNetworkConditions", online(False))
    page.press("\n")
    page.wait("return document.getElementById('message').innerText.includes('Not saved yet')")
    server.stop()
    plain.execute_cdp_cmd("Network.emulateNetworkConditions", online())
    page.wait("return document.getElementById('message').innerText.includes('Not saved yet')")
    assert not records_in(server.labels)
    server.start()
    page = Page(plain, server)  # a reload while the label waits
    second = page.next_after(first)
    assert [r["label"]["finish_reason"] for r in records_in(server.labels)] == ["found_error"]
    page.press("3")
    page = Page(plain, server)
    assert page.sample() == second and len(page.steps()) == 2, "what was rated before a reload is still rated"


@pytest.mark.parametrize(
    ("draft", "n_shown"),
    [
        ({"judgments": [{"ratings": [1, 1]}]}, 1),  # of two completions, where the server asked for alternatives
        ({"judgments": [{"ratings": [-1]}, {"ratings": [1]}]}, 1),  # where it asked for every step
        ({"judgments": [{"ratings": [1]}, {"ratings": []}]}, 2),
        ({"judgments": [{"ratings": [1]}, {"ratings": [7]}, 5]}, 2),
        ({"judgments": 5, "finish": "none of ours"}, 1),
        ({"judgments": [{"ratings": [1], "written": "x"}] * 9}, 3),
    ],
)
def test_a_draft_that_does_not_fit_what_is_asked_is_taken_as_far_as_it_does(
    plain: Any, serve: Serve, draft: Any, n_shown: int
) -> None:
    server = serve([sample(), sample("q")])
    page = Page(plain, server)
    first = page.sample()
    script = "localStorage.setItem('stepscale/draft/ann/' + arguments[0], arguments[1])"
    plain.execute_script(script, first, json.dumps(draft))
    page = Page(plain, server)
    page.sample()
    page.wait(f"return document.querySelectorAll('#steps > li').length === {n_shown}")
    page.press("1\n")
    page.next_after(first)
    assert records_in(server.labels)[0]["label"]["finish_reason"] in ("found_error", "solution")


def test_a_kept_label_that_is_refused_is_told_beside_the_next_step(plain: Any, serve: Serve) -> None:
    server = serve([sample()])
    page = Page(plain, server)
    page.sample()
    unsent_record = {"sample": "0" * 16, "steps": [{"ratings": [1]}], "finish": None, "milliseconds": 1}
    plain.execute_script("localStorage.setItem('stepscale/unsent/ann', arguments[0])", json.dumps(unsent_record))
    page = Page(plain, server)
    page.sample()
    page.wait("return document.getElementById('message').innerText.includes('Step 1 of 3')")
    assert f"Not saved: no sample {unsent_record['sample']} is to be labeled here" in page.text("#message")


def test_alternatives_are_rated_one_by_one_and_a_step_is_written(plain: Any, serve: Serve) -> None:
    server = serve([sample(alternatives=(("other",),)), sample("q")], ask="alternatives")
    page = Page(plain, server)
    first = page.sample()
    page.press("1")
    assert "Step 1 of 3, completion 2 of 2" in page.text("#message")
    colors = plain.execute_script(
        "return [...document.querySelectorAll('#steps > li, .completion')].map((node) => getComputedStyle(node).backgroundColor)"
    )
    assert colors[0] == colors[1] != colors[2], "only the completion that is rated next stands out"
    page.press("1")
    page.press("w")
    page.press("by hand: $x$")
    plain.find_element("id", "written-take").click()
    assert "by hand" in page.steps()[0] and len(page.steps()) == 2
    page.press("33\n")
    page.next_after(first)
    steps = records_in(server.labels)[0]["label"]["steps"]
    assert steps[0]["human_completion"]["text"] == "by hand: $x$" and steps[0]["chosen_completion"] is None
    assert [c["rating"] for c in steps[0]["completions"]] == [-1, -1] and len(steps) == 3


def test_the_completion_rated_next_is_on_the_screen_however_many_there_are(plain: Any, serve: Serve) -> None:
    page = Page(plain, serve([sample(alternatives=(tuple(f"way {i}" for i in range(30)),))], ask="alternatives"))
    page.sample()
    page.press("1" * 20)
    box = "return document.querySelector('.completion.now').getBoundingClientRect().{}"
    bar = "return document.getElementById('bar').getBoundingClientRect().top"
    assert plain.execute_script(box.format("top")) >= 0
    assert plain.execute_script(box.format("bottom")) <= plain.execute_script(bar)


def test_the_question_mark_shows_the_keys_and_escape_closes_them(plain: Any, serve: Serve) -> None:
    page = Page(plain, serve([sample()]))
    page.sample()
    page.press("?")
    assert "Negative" in page.text("#keys")
    page.press("3!")
    assert len(page.steps()) == 1, "keys do not rate behind the help"
    page.press("?")
    plain.find_element("id", "use-keys").click()
    page.press("!3")
    assert len(page.steps()) == 1, "single keys can be turned off (WCAG 2.1.4)"


def test_a_screen_reader_gets_names_live_words_and_focus(plain: Any, serve: Serve) -> None:
    page = Page(plain, serve([sample()]))
    page.sample()
    tree = plain.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = {(n["role"]["value"], n.get("name", {}).get("value", "").strip()) for n in tree if not n["ignored"]}
    for name in ("Negative", "Neutral", "Positive", "Take back", "Give up", "Bad problem", "Save"):
        assert ("button", name) in named
    assert {("heading", "Label steps"), ("region", "Problem"), ("region", "Solution")} <= named
    assert any(role == "toolbar" and name == "Rate the step" for role, name in named)
    assert {"main", "banner"} <= {role for role, _ in named}
    page.press("3")
    focused = plain.execute_script("return document.activeElement.innerText")
    assert focused.strip() == "step 2 of p", "focus is on the new step"
    assert plain.execute_script("return document.getElementById('message').textContent") == "Step 2 of 3: step 2 of p"


CONTRAST = """
const parse = (color) => color.match(/[\\d.]+/g).map(Number);
const linear = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(linear);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
const behind = (node) => { for (; node; node = node.parentElement) { const c = parse(getComputedStyle(node).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
return [...document.querySelectorAll('h1, h2, p, li, button:enabled, .mark, .text, summary, #end')]
  .filter((node) => node.innerText && node.offsetParent)
  .map((node) => { const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), node.innerText.slice(0, 30)]; });
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(plain: Any, serve: Serve, scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    plain.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    page = Page(plain, serve([sample(answer="4", solution="It is four.")]))
    page.sample()
    page.press("321")
    contrasts = plain.execute_script(CONTRAST)
    assert len(contrasts) > 12 and min(contrasts)[0] >= 4.5, min(contrasts)
    background = plain.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_on_a_phone_nothing_runs_off_the_screen_and_buttons_fit_a_finger(plain: Any, serve: Serve) -> None:
    plain.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    )
    long = "a very long line " * 20 + "$" + "+".join(["x"] * 80) + "$ " + "m" * 200
    page = Page(plain, serve([Sample(problem=long, steps=(long, "b", "c"))]))
    page.sample()
    for name in ("3", "3"):
        plain.find_element("css selector", f"[data-action='{name}']").click()
    assert plain.execute_script("return document.documentElement.scrollWidth") <= 360
    sizes = plain.execute_script(
        "return [...document.querySelectorAll('#bar button')].filter((b) => b.offsetParent)"
        ".map((b) => Math.min(b.offsetHeight, b.offsetWidth))"
    )
    assert len(sizes) == 7 and min(sizes) >= 44
    box = "return document.querySelector({!r}).getBoundingClientRect().{}"
    bottom, top = (
        plain.execute_script(box.format(*sample)) for sample in (("#steps > .now", "bottom"), ("#bar", "top"))
    )
    assert bottom <= top + 1, "the new step is not behind the buttons"
