"""The loop closed by people: what it asks for is labeled by keys in a browser, and the next command learns from it."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from opened_project import open_project
from served_page import Served, browser, records_in

from stepscale.labeling.page.asked_samples import read_samples
from stepscale.labeling.page.page_options import PageOptions

__all__ = ["browser"]

SMALL = (
    "problems.lab.train=24,problems.lab.valid=6,problems.lab.test=10,problems.lab.heldout=4,loop.problems=5,loop.audit=1,"
    "loop.labeler.kind=file,loop.labeler.path=people.jsonl"
)


@pytest.fixture
def heard(project: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """What the project's loggers have said since it was last asked."""
    open_project(project)  # configures logging, which takes pytest's handler away
    logger = logging.getLogger("stepscale")
    logger.addHandler(caplog.handler)

    def call() -> str:
        text = caplog.text
        caplog.clear()
        return text

    with caplog.at_level(logging.INFO, "stepscale"):
        yield call
    logger.removeHandler(caplog.handler)


@pytest.mark.e2e
def test_solutions_labeled_in_a_browser_train_the_next_selector(
    project: Path, run_in: Callable[..., Any], browser: Any, heard: Callable[[], str]
) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    def run(*words: str) -> str:
        done = run_in(project, "--env", "smoke", "--params", SMALL, *words)
        assert done.exit_code == 0, done.output
        return heard()

    data = project / "data" / "smoke" / "05_model_input" / "loop"
    begun = run(
        "--pipelines", "ingestion,active_learning,supervision,data_loop", "--to-nodes", "begin_loop,label_steps"
    )
    waiting = re.search(r"round 0: (\d+) of \1 solutions wait for labels", begun)
    assert waiting, begun
    n_asked = int(waiting[1])  # two of each problem, one where its samples are all alike
    assert 5 < n_asked <= 10
    assert "python -m stepscale label" in begun and "--to people.jsonl" in begun
    server = Served(read_samples(data), project / "people.jsonl", PageOptions(), {})
    browser.get(server.address + "?labeler=ann")
    sample_id = ""
    for i in range(n_asked):
        script = f"return document.body.dataset.sample != {sample_id!r} && document.body.dataset.sample"
        sample_id = WebDriverWait(browser, 600, 0.05).until(lambda d, script=script: d.execute_script(script))
        ratings = "1" if i % 3 == 0 else "3" * len(server.queue._samples[sample_id].steps)
        ActionChains(browser).send_keys(ratings + Keys.ENTER).perform()
    WebDriverWait(browser, 600).until(lambda d: "Nothing is left" in d.find_element("id", "message").text)
    server.stop()
    assert len(records_in(project / "people.jsonl")) == n_asked
    output = run("--pipelines", "data_loop", "--from-nodes", "label_beginning", "--to-nodes", "round_1.choose")
    assert f"labels {n_asked} of {n_asked} solutions; 0 wait for labels" in output
    assert "round 1: " in output and "solutions wait for labels" in output
    labels = pd.read_parquet(data / "loop_labels_0.parquet")
    assert set(labels["labeler"]) == {"ann"} and len(labels[["problem_id", "sample_id"]].drop_duplicates()) == n_asked
    assert pd.read_parquet(data / "loop_scores_1.parquet")["score"].notna().all(), "a selector learned from them"
    again = read_samples(data)
    assert {s.round for s in again} == {1} and all(s.score is not None for s in again)
    scores = [s.score for s in again]
    assert scores == sorted(scores, reverse=True), "the most convincing first"
