"""Pretraining of a lab model: the same corpus anywhere, a few steps, both optimizers."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from stepscale.lab.base_model import go_on_from, new_model
from stepscale.lab.muon import MuonAndAdamW
from stepscale.lab.pretrain import pretrain, write_corpus
from stepscale.lab.pretrain_options import PretrainOptions

TINY = {
    "width": 32,
    "layers": 2,
    "heads": 2,
    "documents": 400,
    "tokens_per_batch": 256,
    "workers": 1,
    "threads": 1,
    "short_steps": 10,
}


def test_the_corpus_is_the_same_for_any_number_of_workers() -> None:
    one, two = write_corpus(50, 3, 1), write_corpus(50, 3, 2)
    assert [document[0].tolist() for document in one] == [document[0].tolist() for document in two]


@pytest.mark.usefixtures("older_objects_kept")
@pytest.mark.parametrize("seed", [0])
def test_pretraining_learns_and_leaves_a_model_that_transformers_loads(tmp_path: Path, seed: int) -> None:
    out = tmp_path / "base"
    pretrain(PretrainOptions(out=str(out), steps=200, seed=seed, **TINY))
    history = [float(row["loss"]) for row in json.loads((out / "pretraining.json").read_text())["history"]]
    assert history[-1] < 0.8 * history[0]
    model, tokenizer = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    assert model.config.num_hidden_layers == 2
    assert tokenizer.tokenize("Ann has 7") == ["Ann has ", "7"]
    assert model.config.max_position_embeddings == 1024
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == []


def test_the_pair_of_optimizers_moves_every_weight_and_comes_back_from_its_state() -> None:
    options = PretrainOptions(out="", **TINY)

    def trained(steps: int, saved_at: int = 0) -> tuple[torch.nn.Module, float]:
        model = new_model(options, ["piece"] * 60)
        optimizer = MuonAndAdamW(model, 0.01, 0.01)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (step + 1))
        x = torch.arange(40).reshape(2, 20)
        for step in range(steps):
            if step == saved_at:
                state, weights = optimizer.state_dict(), model.state_dict()
                fresh = new_model(options, ["piece"] * 60)
                fresh.load_state_dict(weights)
                model, rates = fresh, [group["lr"] for group in optimizer.param_groups]
                optimizer = MuonAndAdamW(model, 0.01, 0.01)
                optimizer.load_state_dict(state)
                assert [group["lr"] for group in optimizer.param_groups] == rates
                schedule.optimizer = optimizer
            model(input_ids=x, labels=x).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
        return model, optimizer.param_groups[0]["lr"]

    start = new_model(options, ["piece"] * 60)
    moved, rate = trained(4)
    assert rate == pytest.approx(0.01 / 5)
    for (name, before), after in zip(start.named_parameters(), moved.parameters(), strict=True):
        assert not torch.equal(before, after), name
    again, _ = trained(4, saved_at=2)
    for a, b in zip(moved.parameters(), again.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_a_model_that_grows_by_layers_says_at_first_what_the_smaller_one_says() -> None:
    pieces = ["piece"] * 60
    small, large = (new_model(PretrainOptions(out="", **TINY | {"layers": n}), pieces) for n in (2, 4))
    ids = torch.arange(20)[None]
    assert not torch.allclose(large(ids).logits, small(ids).logits, atol=1e-3)
    go_on_from(small, large)
    assert torch.allclose(large(ids).logits, small(ids).logits, atol=1e-5)
    large(ids).logits.square().mean().backward()
    assert large.model.layers[3].mlp.down_proj.weight.grad.abs().max() > 0, "the new layers learn"


def test_a_model_that_grows_in_width_says_at_first_what_the_narrower_one_says() -> None:
    pieces = ["piece"] * 60
    narrow, wide = (
        new_model(PretrainOptions(out="", **TINY | {"width": width, "heads": heads, "layers": layers}), pieces)
        for width, heads, layers in ((16, 2, 2), (40, 5, 3))
    )
    for parameter in narrow.parameters():  # a trained model's features are not as small as those of a new one
        parameter.data.mul_(4)
    ids = torch.arange(20)[None]
    assert not torch.allclose(wide(ids).logits, narrow(ids).logits, atol=1e-3)
    go_on_from(narrow, wide)
    assert torch.allclose(wide(ids).logits, narrow(ids).logits, atol=1e-3)
    wide(ids).logits.square().mean().backward()
    new_features = wide.model.layers[0].mlp.down_proj.weight.grad[16:]
    assert new_features.abs().max() > 0, "the new features learn"
