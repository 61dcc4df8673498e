"""A script that trains a reward model, launched in two processes: DDP and FSDP (gloo, on CPUs) give one process's weights."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file
from shard_workers import launch

import stepscale

WORK = Path(__file__).with_name("sharded_work.py")


@pytest.mark.e2e
def test_ddp_and_fsdp_give_the_weights_of_one_process(model_of: Callable[..., Path], tmp_path: Path) -> None:
    base, data = model_of(["some words to learn from"]), tmp_path / "data.jsonl"
    steps = [" ".join(["some", "words", "to", "learn", "from"][: 1 + i % 5]) for i in range(32)]
    rows = [
        {"prompt": f"{i} words?", "completions": [s, "so"], "labels": [True, i % 3 > 0]} for i, s in enumerate(steps)
    ]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    stepscale.train_reward_model(base, data, tmp_path / "one", runpy.run_path(str(WORK))["training"]("ddp", 1))
    assert launch(WORK, [str(base), str(data), str(tmp_path)], 2) == [0, 0]
    before = load_file(base / "model.safetensors")["model.embed_tokens.weight"]
    one, *others = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "ddp", "fsdp"))
    assert (one["model.embed_tokens.weight"] - before).abs().max() > 0.01
    for other in others:
        assert other.keys() == one.keys()
        assert all((other[name] - one[name]).abs().max() < 1e-4 for name in one)
