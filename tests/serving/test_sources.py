"""What is served, named in a file: own folders or a server, a learned policy or none; mistakes are one clear line."""

import json
import socket
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from fake_vllm import FakeVLLM
from search_fakes import random_generator, random_verifier

from stepscale.engine.loading import load_tokenizer
from stepscale.errors import InputError
from stepscale.remote.access import ServerAccess
from stepscale.remote.client import check_serves
from stepscale.serving.__main__ import main
from stepscale.serving.answering import Answerer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.sources import ModelSources, UnlearnedPolicy, open_answerer

GENERATOR = Path(__file__).resolve().parents[2] / "data/01_raw/lab_base"
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

    generator = random_generator(3)
    generator.context = 100
    monkeypatch.setattr("stepscale.generation.open_generator.load_generator", opener("generator", generator))
    monkeypatch.setattr("stepscale.verifiers.open_verifier.load_verifier", opener("verifier", random_verifier(0)))
    return calls


def written(tmp_path, **sources):
    path = tmp_path / "served.yml"
    default = {
        "generator": {"source": str(tmp_path)},
        "verifier": {"source": str(tmp_path)},
        "policy": LEARNED_FROM_NOTHING,
    }
    path.write_text(yaml.safe_dump({**default, **sources}))
    return path


def test_a_server_and_a_public_prm_are_opened_as_the_file_says(tmp_path, opened, settings) -> None:
    (tmp_path / "policy.json").write_text(json.dumps(settings))
    generator = {"source": "http://127.0.0.1:9/v1", "model": "qwen", "api_key_variable": "KEY", "concurrency": 8}
    verifier = {"source": "Qwen/Qwen2.5-Math-PRM-7B", "adapter": "qwen_math_prm"}
    path = written(tmp_path, generator=generator, verifier=verifier, policy=str(tmp_path / "policy.json"))
    answerer = open_answerer(path)
    source, how = opened["generator"]
    assert source == generator.pop("source") and how.items() >= {**generator, "prompt": settings["prompt"]}.items()
    assert opened["verifier"][0] == verifier["source"] and opened["verifier"][1]["adapter"] == "qwen_math_prm"
    assert answerer.policy == ServedPolicy.model_validate(settings)


def test_a_folder_is_asked_by_the_policys_prompt_and_without_one_by_its_own(tmp_path, opened, settings) -> None:
    (tmp_path / "policy.json").write_text(json.dumps({**settings, "ends_before": "Problem:"}))
    answerer = open_answerer(written(tmp_path, policy=str(tmp_path / "policy.json")))
    assert opened["generator"][1]["prompt"] == settings["prompt"]
    assert opened["generator"][1]["ends_before"] == "Problem:"
    with pytest.raises(InputError, match="room for 40"):
        answerer.check(PolicyQuestion("1" * 60, 4))
    open_answerer(written(tmp_path))
    assert opened["generator"][0] == str(tmp_path) and opened["generator"][1]["prompt"] is None


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
        ({"verifier": "prm"}, "verifier: "),
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


@pytest.mark.parametrize(
    ("verifier", "fault"),
    [("./absent", "absent: there is no such folder"), ("http://127.0.0.1:9/v1", "does not tell its models; is it run")],
)
def test_a_verifier_that_is_not_there_is_told_before_a_generator_is_loaded(
    tmp_path, monkeypatch, verifier, fault
) -> None:
    def load(source, **how):
        raise AssertionError("this may take minutes")

    monkeypatch.setattr("stepscale.generation.open_generator.load_generator", load)
    with pytest.raises(InputError, match=fault):
        open_answerer(written(tmp_path, verifier={"source": verifier}))


class Says(FakeVLLM):
    """Continues any text with the same solution, and scores each token alike."""

    def next(self, prefix: list[int], seed: int) -> int:
        solution = [*self.tokenizer("Answer: 7", add_special_tokens=False)["input_ids"], self.tokenizer.eos_token_id]
        n_written = max(n for n in range(len(solution)) if prefix[len(prefix) - n :] == solution[:n])
        return solution[n_written]


@pytest.fixture
def server():
    server = Says(load_tokenizer(GENERATOR), pool=lambda ids: [[0.1, 0.2, 0.7]] * len(ids))
    yield server
    server.close()


@pytest.mark.parametrize("as_ids", [True, False])
def test_a_generator_and_a_prm_behind_servers_answer_a_question(tmp_path, server, pieces, as_ids) -> None:
    generator = {"source": server.base_url, "tokenizer": str(GENERATOR) if as_ids else None}
    verifier = {"source": server.base_url, "tokenizer": str(pieces["prm"])}
    answer = open_answerer(written(tmp_path, generator=generator, verifier=verifier)).answer(PolicyQuestion("1+1", 4))
    assert (answer.answer, answer.generations) == ("7", 4) and [step.text for step in answer.steps] == ["Answer: 7"]
    assert answer.steps[0].score == pytest.approx(0.9) and answer.tokens_spent.verify > 0
    prompts = [body["prompt"] for path, body in server.bodies if path.endswith("/completions")]
    assert isinstance(prompts[-1], list) == as_ids


@pytest.mark.parametrize(
    ("generator", "verifier", "fault"),
    [
        ({"model": "other"}, {}, "serves fake, not 'other'"),
        ({"source": "http://127.0.0.1:9/v1", "model": "fake"}, {}, "cannot be reached .*; start it first"),
        ({"source": "http://127.0.0.1:9/v1"}, {}, "does not tell its models; is it running"),
        ({"source": "http://"}, {}, "names no host"),
        ({"api_key_variable": "NO_SUCH_KEY"}, {}, "variable NO_SUCH_KEY is not set"),
        ({"tokenizer": "./absent"}, {}, "absent"),
        ({"concurrency": 0}, {}, "generator.concurrency: "),
        ({}, {"tokenizer": "./absent"}, "absent"),
        ({}, {"tokenizer": str(GENERATOR)}, "conventions of .* are not known by its name; set adapter"),
        ({}, {"model": "other"}, "serves fake, not 'other'"),
        ({}, {"api_key_variable": "NO_SUCH_KEY"}, "variable NO_SUCH_KEY is not set"),
        ({"source": str(GENERATOR), "model": "fake"}, {}, "is not a server's address, so it takes no model"),
    ],
)
def test_a_server_that_cannot_be_asked_is_one_line_before_anything_is_served(
    tmp_path, server, pieces, generator, verifier, fault
) -> None:
    there = {"source": server.base_url}
    path = written(tmp_path, generator=there | generator, verifier=there | {"tokenizer": str(pieces["prm"])} | verifier)
    with pytest.raises(InputError, match=fault) as caught:
        open_answerer(path)
    assert "\n" not in str(caught.value)


def test_a_server_is_asked_once_for_its_models_before_anything_is_served(server) -> None:
    check_serves(ServerAccess(base_url=server.base_url, model="fake"))
    assert server.n_looked == 1


def test_what_is_neither_a_saved_policy_nor_a_file_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="neither a saved policy nor a YAML file"):
        open_answerer(tmp_path)
    (tmp_path / "broken.yml").write_text("a: [")
    with pytest.raises(InputError, match="cannot be read as YAML"):
        ModelSources.read(tmp_path / "broken.yml")
    (tmp_path / "empty.yml").write_text("")
    with pytest.raises(InputError, match=r"empty\.yml: the file: "):
        ModelSources.read(tmp_path / "empty.yml")


def test_what_the_command_cannot_open_or_listen_on_is_one_line_before_any_model_is_opened(
    tmp_path, monkeypatch
) -> None:
    def refusal(*words: str) -> str:
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 1 and len(result.output.splitlines()) == 1, result.exception
        return result.output

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert "path is ''; give the name of a file or folder" in refusal("")
    assert "cannot be opened (File name too long); check the path" in refusal("y" * 300)
    assert f"{tmp_path}/home/saved: neither a saved policy" in refusal("~/saved")
    for host in ("a..b", "h" * 300):
        assert "cannot be listened on" in refusal("saved", "--host", host)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        line = refusal("saved", "--port", port)
    assert f"127.0.0.1:{port} cannot be listened on" in line and "choose another --port" in line
