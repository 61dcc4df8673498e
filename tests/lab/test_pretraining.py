"""The corpus of the lab's base model, and a pretraining of a few steps."""

import json
from pathlib import Path
from random import Random

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from stepscale.lab.corpus import IGNORED, Page, encode_pages, write_page
from stepscale.lab.labeler import rate_steps
from stepscale.lab.muon import MuonAndAdamW
from stepscale.lab.pretrain import PretrainOptions, new_model, pretrain, write_corpus
from stepscale.lab.problems import split_of
from stepscale.lab.tokenizer import RATING_TOKENS, build_tokenizer

TINY = {"width": 32, "layers": 2, "heads": 2, "documents": 400, "tokens_per_batch": 512, "workers": 1, "threads": 1}


def test_targets_are_the_next_token_and_the_rating_of_the_steps_own_tokens() -> None:
    tokenizer = build_tokenizer()
    page = Page("A=2+3*2. Find A.", ("A=2+6", "A=9", "\\boxed{9}"), (1, -1), True)
    [(ids, following, classes)] = encode_pages([page], tokenizer)
    prompt = len(tokenizer("A=2+3*2. Find A.\n")["input_ids"]) + 1
    assert following[prompt - 1 : -1] == ids[prompt:] and following[-1] == IGNORED
    assert set(following[: prompt - 1]) == {IGNORED} == set(classes[:prompt])
    judged = [
        (tokenizer.decode([token]), RATING_TOKENS[c]) for token, c in zip(ids, classes, strict=True) if c != IGNORED
    ]
    assert "".join(text for text, mark in judged if mark == "<good>") == "A=2+6\n"
    assert "".join(text for text, mark in judged if mark == "<bad>") == "A=9\n"  # and nothing is judged after it


def test_a_page_that_holds_a_random_corruption_is_judged_and_never_imitated() -> None:
    rng = Random(0)
    pages = [write_page(rng) for _ in range(600)]
    corrupted = [page for page in pages if not page.imitated]
    assert 0.2 < len(corrupted) / len(pages) < 0.5
    for page in corrupted:
        assert tuple(rate_steps(page.problem, list(page.steps))) == page.ratings
    [(_, following, _)] = encode_pages(corrupted[:1], build_tokenizer())
    assert set(following) == {IGNORED}
    assert any(not page.ratings for page in pages), "the held-out family is imitated and never judged"
    assert {split_of(page.problem) for page in pages} == {"pretrain"}


def test_the_corpus_is_the_same_for_any_number_of_workers() -> None:
    one, two = write_corpus(50, 3, 1), write_corpus(50, 3, 2)
    assert [document[0].tolist() for document in one] == [document[0].tolist() for document in two]


@pytest.mark.parametrize("seed", [0])
def test_pretraining_learns_and_leaves_a_model_that_transformers_loads(tmp_path: Path, seed: int) -> None:
    out = tmp_path / "base"
    pretrain(PretrainOptions(out=str(out), steps=200, seed=seed, **TINY))
    history = [float(row["loss"]) for row in json.loads((out / "pretraining.json").read_text())["history"]]
    assert history[-1] < 0.8 * history[0]
    model, tokenizer = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    assert model.config.num_hidden_layers == 2
    assert tokenizer.decode(tokenizer("A=-12+x\n")["input_ids"]) == "A=-12+x\n"
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == []


def test_the_pair_of_optimizers_moves_every_weight_and_comes_back_from_its_state() -> None:
    options = PretrainOptions(out="", **TINY)

    def trained(steps: int, kept: int = 0) -> tuple[torch.nn.Module, float]:
        model = new_model(options, ["piece"] * 60)
        optimizer = MuonAndAdamW(model, 0.01, 0.01)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (step + 1))
        x = torch.arange(40).reshape(2, 20)
        for step in range(steps):
            if step == kept:
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
    again, _ = trained(4, kept=2)
    for a, b in zip(moved.parameters(), again.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)
