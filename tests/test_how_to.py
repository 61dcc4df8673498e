"""The code of the how-to pages runs as it stands, on a model folder of this repository."""

import inspect
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

import stepscale
from stepscale.formats.registry import check_options
from stepscale.verifiers import VerifierTraining

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


@pytest.fixture
def training_calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of each training that a page asks for, in place of a training of minutes."""
    calls: list[dict[str, Any]] = []
    signature = inspect.signature(stepscale.train_reward_model)

    def train(*args: Any, **named: Any) -> SimpleNamespace:
        call = signature.bind(*args, **named)
        call.apply_defaults()
        calls.append(call.arguments)
        check_options(call.arguments["format"], call.arguments["reader_options"] or {})
        return SimpleNamespace(metrics={"processbench.mean_f1": 0.5})

    monkeypatch.setattr(stepscale, "train_reward_model", train, raising=False)
    monkeypatch.setattr(stepscale, "load_verifier", lambda name, **options: name, raising=False)
    return calls


def test_a_reward_model_can_be_trained_by_the_settings_that_the_page_names(training_calls, capsys) -> None:
    for code in blocks("train_a_reward_model.md"):
        exec(code, {})
    [call] = training_calls
    assert isinstance(call["training"], VerifierTraining) and call["training"].optimization.checkpoints.every == 200
    assert capsys.readouterr().out == "0.5\n"


def test_a_training_by_trl_becomes_the_call_that_the_page_names(training_calls) -> None:
    class DataSet:
        def to_json(self, name: str) -> None:
            assert name == "steps.jsonl"

    _, becomes, *models_of_trl = blocks("move_from_trl.md")
    exec(becomes, {"dataset": DataSet()})
    [call] = training_calls
    assert call["data"] == "steps.jsonl" and call["format"] == "trl_stepwise"
    assert call["training"].after_error and call["training"].neutral == "positive"
    assert all("load_verifier" in code for code in models_of_trl)


def test_given_samples_are_measured_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    records = [
        {
            "problem_id": f"p{i}",
            "question": f"{i}?",
            "gold_answer": "0",
            "model_name": "m",
            "candidates": [
                {
                    "answer": str(k % (1 + i % 4)),
                    "author_is_correct": k % (1 + i % 4) == 0,
                    "n_steps": 1,
                    "step_scores": {"prm": [0.9 - 0.1 * (k % (1 + i % 4))]},
                }
                for k in range(8)
            ],
        }
        for i in range(12)
    ]
    Path("my_samples.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    names: dict[str, Any] = {}
    for code in blocks("measure_given_samples.md"):
        exec(code, names)
    assert set(names["curves"]["n"]) == {1, 2, 4, 8}
    [by_policy] = names["curves"].attrs["times_fewer"].values()
    assert all(low <= estimate <= high for estimate, low, high in by_policy.values())
