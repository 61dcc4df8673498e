"""What is served, named in a file: own folders or a server, a learned policy or none; mistakes are one clear line."""

import json

import pytest
import yaml
from search_fakes import random_generator, random_verifier

from stepscale.errors import InputError
from stepscale.serving.answering import Answerer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.sources import ModelSources, UnlearnedPolicy, open_answerer

SAMPLING = {"temperature": 0.7, "top_p": 0.95, "max_new_tokens": 60}
LEARNED_FROM_NOTHING = {"budgets": [4, 1], "sampling": SAMPLING}


@pytest.fixture
def opened(monkeypatch):
    """What would be opened, by kind."""
    calls: dict[str, tuple[str, dict]] = {}

    def opener(kind, model):
        def load(source, **how):
            calls[kind] = (str(source), how)
            return model

        return load

    monkeypatch.setattr("stepscale.generation.open_generator.load_generator", opener("any", random_generator(3)))
    local = random_generator(3)
    local.context = 100
    monkeypatch.setattr("stepscale.generation.local.LocalGenerator.load", opener("local", local))
    monkeypatch.setattr("stepscale.verifiers.open_verifier.load_verifier", opener("verifier", random_verifier(0)))
    return calls


def written(tmp_path, **sources):
    path = tmp_path / "served.yml"
    default = {"generator": {"source": str(tmp_path)}, "verifier": {"source": "prm"}, "policy": LEARNED_FROM_NOTHING}
    path.write_text(yaml.safe_dump({**default, **sources}))
    return path


def test_a_server_and_a_public_prm_are_opened_as_the_file_says(tmp_path, opened, settings) -> None:
    (tmp_path / "policy.json").write_text(json.dumps(settings))
    generator = {"source": "http://127.0.0.1:9/v1", "model": "qwen", "api_key_variable": "KEY", "concurrency": 8}
    verifier = {"source": "Qwen/Qwen2.5-Math-PRM-7B", "adapter": "qwen_math_prm"}
    path = written(tmp_path, generator=generator, verifier=verifier, policy=str(tmp_path / "policy.json"))
    answerer = open_answerer(path)
    source, how = opened["any"]
    assert source == generator.pop("source") and how == {**generator, "prompt": settings["prompt"]}
    assert opened["verifier"][0] == verifier["source"] and opened["verifier"][1]["adapter"] == "qwen_math_prm"
    assert answerer.policy == ServedPolicy.model_validate(settings)


def test_a_folder_is_asked_by_the_policys_prompt_and_without_one_by_its_own(tmp_path, opened, settings) -> None:
    (tmp_path / "policy.json").write_text(json.dumps({**settings, "ends_before": "Problem:"}))
    answerer = open_answerer(written(tmp_path, policy=str(tmp_path / "policy.json")))
    assert opened["local"][1]["prompt_template"] == settings["prompt"]
    assert opened["local"][1]["ends_before"] == "Problem:" and "any" not in opened
    with pytest.raises(InputError, match="room for 40"):
        answerer.check(PolicyQuestion("1" * 60, 4))
    open_answerer(written(tmp_path))
    assert opened["any"][0] == str(tmp_path) and "prompt" not in opened["any"][1]


def test_where_nothing_was_learned_each_budget_is_spent_on_samples_and_a_weighted_vote() -> None:
    policy = UnlearnedPolicy.model_validate(LEARNED_FROM_NOTHING).served()
    answerer = Answerer(policy, random_generator(3), random_verifier(0))
    for budget, spent in ((1, 1), (3, 1), (4, 4), (100, 4)):
        answer = answerer.answer(PolicyQuestion("problem 1", budget))
        assert answer.generations == spent and "weighted vote" in answer.strategy


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"generator": {"sauce": "x"}}, "generator.source"),
        ({"policy": {"sampling": {**SAMPLING, "top_p": 2}}}, "top_p"),
        ({"color": 1}, "color"),
        ({"policy": "absent.json"}, "absent.json: cannot be read"),
        (
            {"generator": {"source": "./absent"}, "policy": LEARNED_FROM_NOTHING | {"prompt": "{problem}"}},
            "no such folder",
        ),
    ],
)
def test_a_mistake_in_the_file_is_one_line(tmp_path, change, fault) -> None:
    with pytest.raises(InputError, match=fault) as caught:
        open_answerer(written(tmp_path, **change))
    assert "\n" not in str(caught.value)


def test_what_is_neither_a_saved_policy_nor_a_file_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="neither a saved policy nor a YAML file"):
        open_answerer(tmp_path)
    (tmp_path / "broken.yml").write_text("a: [")
    with pytest.raises(InputError, match="cannot be read as YAML"):
        ModelSources.read(tmp_path / "broken.yml")
