"""The code of the how-to pages runs as it stands, on a model folder of this repository."""

import re
from pathlib import Path

import pytest
import yaml

import stepscale

ROOT = Path(__file__).resolve().parents[1]
BASE = ROOT / "data/01_raw/lab_base"


def blocks(page: str, language: str = "python") -> list[str]:
    text = (ROOT / "docs/how_to" / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory):
    """The lab's base, and a token classifier on it, as TRL trains them."""
    import torch

    from stepscale.engine.loading import load_token_classifier, load_tokenizer, save

    folder = tmp_path_factory.mktemp("prm")
    torch.manual_seed(0)
    save(load_token_classifier(BASE, num_labels=2), load_tokenizer(BASE), folder)
    return stepscale.load_generator(BASE), stepscale.load_verifier(folder)


def test_a_search_method_can_be_added_as_the_page_says(models) -> None:
    page = "add_a_search_method.md"
    names: dict = dict(zip(("generator", "verifier"), models, strict=True))
    for code in blocks(page):
        exec(code, names)
    method = names["TemperedBeam"]
    [[planned]] = [yaml.safe_load(text) for text in blocks(page, "yaml")]
    assert planned.pop("method") == "tempered_beam"
    options = method(n=8, **planned)
    assert names["answer"].strategy == options.strategy, "the page's solve and its plan are one strategy"
    assert f"`{options.display_name()}`" in (ROOT / "docs/how_to" / page).read_text()
    assert options.search_key == options.strategy != method(n=8, width=4).search_key


def test_a_problem_is_solved_as_the_page_says(models, monkeypatch, capsys) -> None:
    generator, verifier = models
    monkeypatch.setattr(stepscale, "load_generator", lambda name: generator, raising=False)
    monkeypatch.setattr(stepscale, "load_verifier", lambda name: verifier, raising=False)
    names: dict = {}
    for code in blocks("solve_a_problem.md"):
        exec(code, names)
    lines = capsys.readouterr().out.splitlines()[-5:]
    assert [line.split()[0] for line in lines] == ["best_of_n", "weighted", "majority", "beam", "dvts"]
