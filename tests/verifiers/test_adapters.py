"""Public reward models, as tiny random models with their token conventions, against their published way of scoring."""

import json
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.verifiers.adapters import PublicVerifier, open_public_verifier
from stepscale.verifiers.adapters.parts import trajectory_steps
from stepscale.verifiers.adapters.qwen_math_prm import SYSTEM
from stepscale.verifiers.contract import Trajectory

Make = Callable[..., Any]
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA_CHAT = (
    "<s>{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def save_folder(folder: Path, body: Any, head: dict[str, torch.Tensor], tokenizer: Any, **config: Any) -> Path:
    """A folder as these models are published: plain body weights, a head of their own, perhaps code of their own."""
    body.save_pretrained(folder)
    weights = {f"model.{name}": tensor for name, tensor in body.state_dict().items()} | head
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, folder / "model.safetensors")
    written = json.loads((folder / "config.json").read_text()) | config
    (folder / "config.json").write_text(json.dumps(written))
    tokenizer.save_pretrained(folder)
    return folder


def reloaded(folder: Path) -> Any:
    """The tokenizer as anyone gets it: transformers adapts some to the model's type."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def random_body(config: Any) -> Any:
    from transformers import AutoModel

    torch.manual_seed(0)
    return AutoModel.from_config(config).eval()


def random_linear(rows: int, width: int, name: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(rows)
    return {
        f"{name}.weight": torch.randn(rows, width, generator=generator) / 4,
        f"{name}.bias": torch.randn(rows, generator=generator) / 4,
    }


def hidden(body: Any, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        states: torch.Tensor = body(input_ids=torch.tensor([ids])).last_hidden_state[0]
    return states


@pytest.fixture
def qwen(tmp_path: Path, make_bpe: Make, tiny_config: Make) -> tuple[Path, Callable[[Trajectory], Any]]:
    tokenizer = make_bpe(("<pad>", "<s>", "</s>", "<extra_0>", "<|im_start|>", "<|im_end|>"))
    tokenizer.chat_template = CHATML
    body = random_body(tiny_config("qwen2", len(tokenizer)))
    head = random_linear(32, 32, "score.0") | random_linear(2, 32, "score.2")
    folder = save_folder(
        tmp_path / "qwen",
        body,
        head,
        tokenizer,
        architectures=["Qwen2ForProcessRewardModel"],
        auto_map={
            "AutoModel": "modeling_rm.Qwen2ForProcessRewardModel",
            "AutoConfig": "configuration_rm.Qwen2RMConfig",
        },
    )
    tokenizer = reloaded(folder)

    def published(t: Trajectory) -> Any:
        messages = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": t.problem},
            {"role": "assistant", "content": "<extra_0>".join(t.steps) + "<extra_0>"},
        ]
        ids = tokenizer(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False))[
            "input_ids"
        ]
        x = torch.relu(hidden(body, ids) @ head["score.0.weight"].T + head["score.0.bias"])
        probabilities = (x @ head["score.2.weight"].T + head["score.2.bias"]).softmax(-1)
        return probabilities[torch.tensor(ids) == tokenizer.convert_tokens_to_ids("<extra_0>"), 1].numpy()

    return folder, published


@pytest.fixture
def skywork(tmp_path: Path, make_bpe: Make, tiny_config: Make) -> tuple[Path, Callable[[Trajectory], Any]]:
    tokenizer = make_bpe()
    body = random_body(tiny_config("qwen2", len(tokenizer)))
    head = random_linear(1, 32, "v_head.summary")
    folder = save_folder(tmp_path / "skywork", body, head, tokenizer, architectures=["Qwen2ForPrmModel"])
    tokenizer = reloaded(folder)

    def published(t: Trajectory) -> Any:
        ids, flags = list(tokenizer.encode("<s>" + t.problem + "\n")), []
        newline = tokenizer.encode("\n")[-1]
        for step in t.steps:
            ids += [*tokenizer.encode(step), newline]
            flags.append(len(ids) - 1)
        return (
            (hidden(body, ids) @ head["v_head.summary.weight"].T + head["v_head.summary.bias"])
            .sigmoid()[flags, 0]
            .numpy()
        )

    return folder, published


@pytest.fixture
def math_shepherd(tmp_path: Path, make_bpe: Make, tiny_config: Make) -> tuple[Path, Callable[[Trajectory], Any]]:
    tokenizer = make_bpe(metaspace=True, bos=True)
    body = random_body(tiny_config("mistral", len(tokenizer)))
    head = {"lm_head.weight": random_linear(len(tokenizer), 32, "x")["x.weight"]}
    folder = save_folder(tmp_path / "shepherd", body, head, tokenizer, architectures=["MistralForCausalLM"])
    tokenizer = reloaded(folder)

    def published(t: Trajectory) -> Any:
        solution = "\n".join(f"Step {i}: {step} ки" for i, step in enumerate(t.steps, 1))
        ids = tokenizer.encode(f"{t.problem} {solution}")
        good, bad = tokenizer.encode("+ -")[1:]
        logits = (hidden(body, ids) @ head["lm_head.weight"].T)[:, [good, bad]]
        return logits.softmax(-1)[torch.tensor(ids) == tokenizer.encode("ки")[-1], 0].numpy()

    return folder, published


@pytest.fixture
def rlhflow(tmp_path: Path, make_bpe: Make, tiny_config: Make) -> tuple[Path, Callable[[Trajectory], Any]]:
    tokenizer = make_bpe(("<pad>", "<s>", "</s>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), bos=True)
    tokenizer.chat_template = LLAMA_CHAT
    body = random_body(tiny_config("llama", len(tokenizer)))
    head = {"lm_head.weight": random_linear(len(tokenizer), 32, "x")["x.weight"]}
    folder = save_folder(tmp_path / "rlhflow", body, head, tokenizer, architectures=["LlamaForCausalLM"])
    tokenizer = reloaded(folder)

    def published(t: Trajectory) -> Any:
        turns: list[dict[str, str]] = []
        scores = []
        candidates = [tokenizer.encode("+")[-1], tokenizer.encode("-")[-1]]
        for i, step in enumerate(t.steps):
            turns += [
                {"role": "user", "content": step if i else f"{t.problem} {step}"},
                {"role": "assistant", "content": "+"},
            ]
            ids = tokenizer.apply_chat_template(turns)["input_ids"]
            scores.append((hidden(body, ids) @ head["lm_head.weight"].T)[-3, candidates].softmax(-1)[0].item())
        return np.array(scores)

    return folder, published


@pytest.fixture
def trl(tmp_path: Path, make_bpe: Make, tiny_config: Make) -> tuple[Path, Callable[[Trajectory], Any]]:
    from transformers import AutoModelForTokenClassification

    tokenizer = make_bpe()
    torch.manual_seed(0)
    model = AutoModelForTokenClassification.from_config(tiny_config("llama", len(tokenizer), num_labels=2)).eval()
    folder = tmp_path / "trl"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    tokenizer = reloaded(folder)

    def published(t: Trajectory) -> Any:
        separator = tokenizer.encode("\n", add_special_tokens=False)
        ids, ends = [tokenizer.bos_token_id, *tokenizer(t.problem, add_special_tokens=False)["input_ids"]], []
        for step in t.steps:
            ids += tokenizer(step, add_special_tokens=False)["input_ids"] + separator
            ends.append(len(ids) - 1)
        with torch.no_grad():
            return model(input_ids=torch.tensor([ids])).logits[0, ends].softmax(-1)[:, 1].numpy()

    return folder, published


ADAPTERS = {
    "qwen_math_prm": "qwen",
    "skywork_o1": "skywork",
    "math_shepherd": "math_shepherd",
    "rlhflow": "rlhflow",
    "trl": "trl",
}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_batch_scores_as_the_published_way_does_one_by_one(
    adapter: str, trajectories: list[Trajectory], request: pytest.FixtureRequest
) -> None:
    folder, published = request.getfixturevalue(ADAPTERS[adapter])
    verifier = open_public_verifier(PublicVerifier(adapter=adapter, source=str(folder)))
    ledger = Ledger()
    batch = verifier.score(trajectories, ledger)
    for trajectory, scores in zip(trajectories, batch, strict=True):
        assert len(scores.negative) == len(trajectory.steps)
        if trajectory.steps:
            np.testing.assert_allclose(1 - scores.negative, published(trajectory), atol=1e-5)
        assert not scores.neutral.any()
    fresh = open_public_verifier(PublicVerifier(adapter=adapter, source=str(folder), name="x"))
    for trajectory, scores in zip(trajectories, batch, strict=True):
        np.testing.assert_allclose(fresh.score([trajectory], Ledger())[0].negative, scores.negative, atol=1e-5)
    assert ledger.models[folder.name].verify > 0


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_solutions_are_read_in_one_pass_and_not_once_for_each_step(
    adapter: str, trajectories: list[Trajectory], request: pytest.FixtureRequest
) -> None:
    folder, _ = request.getfixturevalue(ADAPTERS[adapter])
    verifier = open_public_verifier(PublicVerifier(adapter=adapter, source=str(folder)))
    ledger, distinct = Ledger(), list(dict.fromkeys(trajectories))
    verifier.score(trajectories, ledger)
    once = sum(sum(tokens) for tokens in verifier.step_tokens(distinct))
    step_by_step = sum(sum(accumulate(tokens)) - tokens[0] for tokens in verifier.step_tokens(distinct))
    assert 0 < ledger.models[folder.name].verify <= once < step_by_step, "RLHFlow's evaluation reads anew for each step"


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_model_of_another_kind_is_refused_in_one_line(adapter: str, base: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_public_verifier(PublicVerifier(adapter=adapter, source=str(base)))
    assert "\n" not in str(caught.value)


def test_weights_in_pytorch_files_and_in_shards_are_read_as_well(
    skywork: tuple[Path, Callable[[Trajectory], Any]], trajectories: list[Trajectory]
) -> None:
    from safetensors.torch import load_file

    folder, published = skywork
    whole = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(whole, folder / "pytorch_model.bin")
    for _ in range(2):
        verifier = open_public_verifier(PublicVerifier(adapter="skywork_o1", source=str(folder)))
        scores = verifier.score(trajectories[:1], Ledger())[0]
        np.testing.assert_allclose(1 - scores.negative, published(trajectories[0]), atol=1e-5)
        (folder / "pytorch_model.bin").unlink(missing_ok=True)
        places = {}
        for i, names in enumerate((sorted(whole)[:20], sorted(whole)[20:])):
            save_file({name: whole[name] for name in names}, folder / f"part-{i}.safetensors")
            places |= dict.fromkeys(names, f"part-{i}.safetensors")
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


def test_a_solution_too_long_for_a_public_model_keeps_its_first_scores(
    math_shepherd: tuple[Path, Callable[[Trajectory], Any]],
) -> None:
    folder, published = math_shepherd
    verifier = open_public_verifier(PublicVerifier(adapter="math_shepherd", source=str(folder)))
    long = Trajectory("What is 12 + 7 - 3?", ("so 12 + 7 = 19.",) * 60)
    scores = verifier.score([long], Ledger())[0]
    read = int((scores.negative < 1).sum())
    assert 0 < read < 60
    short = Trajectory(long.problem, long.steps[:read])
    np.testing.assert_allclose(1 - scores.negative[:read], published(short), atol=1e-5)


@pytest.mark.parametrize(
    "step", ["a", "Step 1: a", "Step 1:a", "Step 1:\na", " Step 1: a", "Step 1 : a", "Step  1:  a", "\nStep 1\t:\n a"]
)
def test_a_step_is_numbered_once_however_its_own_number_is_written(step: str) -> None:
    assert trajectory_steps(Trajectory("p", (step, step.replace("1", "2"))), "Step {}: ") == ["Step 1: a", "Step 2: a"]


@pytest.mark.parametrize("step", ["Step 2: a", "Step 10: a", "Step 11: a", "step one: a", "So Step 1: a", "Step 1", ""])
def test_what_is_not_a_step_s_own_number_is_kept_as_its_text(step: str) -> None:
    assert trajectory_steps(Trajectory("p", (step,)), "Step {}: ") == ["Step 1: " + step]


def test_math_shepherd_scores_a_step_alike_however_its_number_is_written(
    math_shepherd: tuple[Path, Callable[[Trajectory], Any]],
) -> None:
    folder, published = math_shepherd
    verifier = open_public_verifier(PublicVerifier(adapter="math_shepherd", source=str(folder)))
    plain = Trajectory("What is 2 + 3?", ("2 + 3 = 5.", "So 5."))
    for mark in ("Step {}:", "Step {}:\n", " Step {}: ", "Step {} : "):
        marked = tuple(mark.format(i) + step for i, step in enumerate(plain.steps, 1))
        scores = verifier.score([Trajectory(plain.problem, marked)], Ledger())[0]
        np.testing.assert_allclose(1 - scores.negative, published(plain), atol=1e-5)
