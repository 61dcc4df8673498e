"""Reward models behind a real vLLM score as they do here: skipped unless VLLM names its executable (docs/engine.md)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from real_vllm import needs_vllm, serve_vllm
from safetensors.torch import save_file

import stepscale
from stepscale.cost import Ledger
from stepscale.engine.encoding import TextFormat
from stepscale.training.optimization import Optimization
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.public import Adapter

pytestmark = [needs_vllm, pytest.mark.e2e]
QUESTION = "What is 12 + 7 - 3?"
SOLUTIONS = [
    Trajectory(QUESTION, ("so 12 + 7 = 19.", "19 - 3 = 16.")),
    Trajectory(QUESTION, ("thus 100.",)),
    Trajectory(QUESTION, ("wait <extra_0> no", "two\nlines", "the answer is 16.")),  # model output is untrusted
    Trajectory(QUESTION, ("so 12 + 7 = 19.",) * 60),  # longer than the context
    Trajectory("Compute 4 times 25.", ()),
]
CHAT = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"


class Case:
    """A folder to serve, with the options it needs there and the adapter it is read by."""

    def __init__(self, folder: Path, make_bpe: Callable[..., Any], tiny_config: Callable[..., Any]) -> None:
        self.folder, self.make_bpe, self._tiny_config = folder, make_bpe, tiny_config
        self.options: list[str] = []
        self.adapter: Adapter | None = None
        torch.manual_seed(0)

    def config(self, kind: str, vocabulary: int, **changes: Any) -> Any:
        """Heads are as wide as vLLM's kernels for CPUs want them."""
        config = self._tiny_config(kind, vocabulary, **changes)
        config.hidden_size, config.intermediate_size, config.head_dim = 128, 128, 32
        return config


def trained_here(case: Case, kind: str = "prm", head_bias: bool = False) -> None:
    from transformers import AutoModelForCausalLM

    tokenizer, base = case.make_bpe(), case.folder.with_name("base")
    AutoModelForCausalLM.from_config(case.config("qwen3", len(tokenizer))).save_pretrained(base)
    tokenizer.save_pretrained(base)
    marks = [[0.9, 0.2], [0.8, 0.7]] if kind == "soft_prm" else [[True, False], [True, True]]
    rows = [
        {"prompt": f"What is {i} + 7?", "completions": ["so 12 + 7", "19 no."], "labels": marks[i % 2]}
        for i in range(16)
    ]
    data = case.folder.with_name("data.jsonl")
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    optimization = Optimization(epochs=1, learning_rate=1e-2, batch_size=16, precision="float32")
    layout = TextFormat(prompt="{problem}\n")
    options = {"kind": kind, "layout": layout, "head_bias": head_bias, "validation_share": 0.0}
    training = VerifierTraining(**options, optimization=optimization)
    stepscale.train_reward_model(base, str(data), case.folder, training)


def trained_here_with_one_output(case: Case) -> None:
    trained_here(case, "soft_prm", head_bias=True)


def trained_with_trl(case: Case) -> None:
    from transformers import AutoModelForTokenClassification

    tokenizer = case.make_bpe()
    config = case.config("llama", len(tokenizer), num_labels=2)
    AutoModelForTokenClassification.from_config(config).save_pretrained(case.folder)
    tokenizer.save_pretrained(case.folder)
    case.adapter = "trl"


def qwen_math_prm(case: Case) -> None:
    """As published: a head of two layers, which vLLM pools at each step mark."""
    from transformers import AutoModel

    tokenizer = case.make_bpe(("<pad>", "<s>", "</s>", "<extra_0>", "<|im_start|>", "<|im_end|>"))
    tokenizer.chat_template = CHAT
    body = AutoModel.from_config(case.config("qwen2", len(tokenizer)))
    weights = {f"model.{name}": tensor for name, tensor in body.state_dict().items()}
    for name, rows in (("score.0", 128), ("score.2", 2)):
        weights |= {f"{name}.weight": torch.randn(rows, 128) / 8, f"{name}.bias": torch.randn(rows) / 8}
    body.save_pretrained(case.folder)
    save_file(weights, case.folder / "model.safetensors")
    tokenizer.save_pretrained(case.folder)
    written = json.loads((case.folder / "config.json").read_text())
    written |= {"architectures": ["Qwen2ForProcessRewardModel"]}
    (case.folder / "config.json").write_text(json.dumps(written))
    mark = tokenizer.convert_tokens_to_ids("<extra_0>")
    case.options = ["--pooler-config", json.dumps({"tok_pooling_type": "STEP", "step_tag_id": mark})]
    case.adapter = "qwen_math_prm"


def language_model(case: Case, kind: str, tokenizer: Any, judgments: tuple[str, str]) -> None:
    """Of whose head vLLM takes the rows of two tokens."""
    from transformers import AutoModelForCausalLM

    AutoModelForCausalLM.from_config(case.config(kind, len(tokenizer))).save_pretrained(case.folder)
    tokenizer.save_pretrained(case.folder)
    rows = {"classifier_from_token": judgments, "method": "no_post_processing", "num_labels": 2}
    case.options = ["--hf-overrides", json.dumps(rows), "--pooler-config", '{"task": "token_classify"}']


def math_shepherd(case: Case) -> None:
    language_model(case, "mistral", case.make_bpe(metaspace=True, bos=True), ("▁+", "▁-"))
    case.adapter = "math_shepherd"


def rlhflow(case: Case) -> None:
    tokenizer = case.make_bpe(("<pad>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"), bos=True)
    tokenizer.chat_template = "<s>" + CHAT + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    language_model(case, "llama", tokenizer, ("+", "-"))
    case.adapter = "rlhflow"


@pytest.mark.parametrize(
    "make", [trained_here, trained_here_with_one_output, trained_with_trl, qwen_math_prm, math_shepherd, rlhflow]
)
def test_a_reward_model_scores_behind_vllm_as_it_does_here(
    make: Callable[[Case], None], tmp_path: Path, make_bpe: Callable[..., Any], tiny_config: Callable[..., Any]
) -> None:
    case, ledger = Case(tmp_path / "prm", make_bpe, tiny_config), Ledger()
    make(case)
    here = stepscale.load_verifier(case.folder, adapter=case.adapter).score(SOLUTIONS, Ledger())
    with serve_vllm(case.folder, "--runner", "pooling", "--convert", "classify", *case.options) as root:
        there = stepscale.load_verifier(f"{root}/v1", tokenizer=str(case.folder), adapter=case.adapter)
        read = there.score(SOLUTIONS, ledger)
        n_tokens = sum(len(encoded.ids) for encoded in there.encode(SOLUTIONS) if encoded.step_ends)
    for ours, theirs, solution in zip(here, read, SOLUTIONS, strict=True):
        assert len(theirs.negative) == len(solution.steps) and theirs.unread == ours.unread
        np.testing.assert_allclose(theirs.negative, ours.negative, atol=1e-3)
        np.testing.assert_allclose(theirs.neutral, ours.neutral, atol=1e-3)
    assert read[3].unread, "what does not fit is unread"
    assert ledger.models["tiny"].verify == n_tokens, "the server counts what was sent"
