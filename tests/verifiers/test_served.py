"""Reward models behind /pooling, as token and as STEP pooling, score as they do here; what is not a probability is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_vllm import FakeVLLM
from transformers import AutoModelForTokenClassification

from stepscale.cost import Ledger
from stepscale.engine.encoding import TextFormat
from stepscale.engine.loading import load_tokenizer
from stepscale.errors import InputError
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.open_verifier import open_verifier, ready_prm_folder
from stepscale.verifiers.saved import Kind, SavedVerifier
from stepscale.verifiers.scoring import ModelVerifier
from stepscale.verifiers.served import ServedVerifier
from stepscale.verifiers.served_options import ServedPRM

SOLUTIONS = [
    Trajectory("What is 1 + 2?", ("1 + 2 = 3", "so 3")),
    Trajectory("What is 1 + 2?", ("1 + 2 = 4",)),
    Trajectory("What is 1 + 2?", ("two\nlines", "so 3")),
    Trajectory("What is 1 + 2?", ("1 + 2 = 3", "so 3")),
    Trajectory("Nothing?", ()),
]


def saved_verifier(folder: Path, kind: Kind, base: Path) -> Path:
    """A tiny verifier of random weights, saved as training saves one."""
    torch.manual_seed(1)
    labels = ("negative", "neutral", "positive") if kind == "prm" else ("right",)
    model = AutoModelForTokenClassification.from_pretrained(base, num_labels=len(labels))
    with torch.no_grad():
        model.score.weight.normal_(std=0.5)
    model.save_pretrained(folder)
    load_tokenizer(base).save_pretrained(folder)
    SavedVerifier(kind=kind, labels=labels, layout=TextFormat()).write(folder)
    return folder


def pooling(folder: Path, step_mark: int | None = None) -> Callable[[list[int]], list[list[float]]]:
    """vLLM's token_classify: a row per token, softmax or sigmoid; with a step mark, the rows of those tokens alone."""
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()

    def rows(ids: list[int]) -> list[list[float]]:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0]
        shares = logits.sigmoid() if logits.shape[1] < 2 else logits.softmax(-1)
        rows = shares if step_mark is None else shares[torch.tensor(ids) == step_mark]
        got: list[list[float]] = rows.tolist()
        return got

    return rows


@pytest.fixture
def serve() -> Iterator[Callable[..., FakeVLLM]]:
    servers: list[FakeVLLM] = []

    def start(folder: Path, pool: Any, **options: Any) -> FakeVLLM:
        servers.append(FakeVLLM(load_tokenizer(folder), pool=pool, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def served(server: FakeVLLM, **changes: Any) -> ServedPRM:
    return ServedPRM(base_url=server.base_url, model="fake", longest_pause_seconds=0.1, **changes)


@pytest.mark.parametrize("kind", ["prm", "orm"])
def test_a_verifier_trained_here_scores_behind_a_server_as_it_does_here(tmp_path, base, serve, kind) -> None:
    folder = saved_verifier(tmp_path / kind, kind, base)
    server, ledger = serve(folder, pooling(folder)), Ledger()
    there = ServedVerifier(served(server, tokenizer=str(folder), parameters=9))
    here, read = ModelVerifier(folder, cache_bytes=0), there.score(SOLUTIONS, ledger)
    for ours, theirs in zip(here.score(SOLUTIONS, Ledger()), read, strict=True):
        assert np.allclose(ours.negative, theirs.negative, atol=1e-6) and np.allclose(
            ours.neutral, theirs.neutral, atol=1e-6
        )
    blank = [Trajectory(SOLUTIONS[0].problem, ("", *SOLUTIONS[0].steps, " "))]
    server_bodies = list(server.bodies)
    assert np.allclose(here.score(blank, Ledger())[0].negative, there.score(blank, Ledger())[0].negative, atol=1e-6)
    inputs = [body["input"] for path, body in server_bodies if path == "/pooling"]
    assert len(inputs) == 3, "equal solutions once, and none without steps"
    assert ledger.models["fake"].verify == sum(map(len, inputs)) and ledger.flops() == 18.0 * sum(map(len, inputs))
    assert [e.ids for e in there.encode(SOLUTIONS[:1])] == [e.ids for e in here.encode(SOLUTIONS[:1])]


def test_step_pooling_gives_the_rows_of_the_steps(tmp_path, make_bpe, tiny_config, serve) -> None:
    tokenizer = make_bpe(("<pad>", "<s>", "</s>", "<extra_0>", "<|im_start|>", "<|im_end|>"))
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    folder, mark = tmp_path / "Qwen2.5-Math-PRM-tiny", tokenizer.convert_tokens_to_ids("<extra_0>")
    torch.manual_seed(0)
    AutoModelForTokenClassification.from_config(tiny_config("qwen2", len(tokenizer), num_labels=2)).save_pretrained(
        folder
    )
    tokenizer.save_pretrained(folder)
    by_token, by_step = (
        ServedVerifier(served(serve(folder, pooling(folder, only)), tokenizer=str(folder))) for only in (None, mark)
    )
    written = [*SOLUTIONS, Trajectory("A <extra_0>?", ("one <extra_0> two", "3"))]  # model output is untrusted
    scores = by_token.score(written, Ledger())
    for ours, theirs in zip(scores, by_step.score(written, Ledger()), strict=True):
        assert np.allclose(ours.negative, theirs.negative, atol=1e-6)
    [encoded] = by_token.encode(SOLUTIONS[:1])
    rows = pooling(folder)(encoded.ids)
    assert np.allclose(scores[0].negative, [rows[end][0] for end in encoded.step_ends], atol=1e-6), "class 1 is right"


def test_what_does_not_fit_the_servers_context_is_unread(tmp_path, base, serve) -> None:
    folder = saved_verifier(tmp_path / "prm", "prm", base)
    there = ServedVerifier(served(serve(folder, pooling(folder), context=24), tokenizer=str(folder)))
    [scores] = there.score([Trajectory("What is 1 + 2?", ("1 + 2 = 3", *["so it goes on and on"] * 9))], Ledger())
    assert scores.unread > 0 and (scores.negative[-scores.unread :] == 1).all() and len(scores.negative) == 10


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (lambda ids: [[2.5, -3.0, 0.1]] * len(ids), "its outputs are not probabilities"),
        (lambda ids: [[0.4, 0.4, 0.4]] * len(ids), "its outputs are not probabilities"),
        (lambda ids: [[float("nan")] * 3] * len(ids), "its outputs are not probabilities"),
        (lambda ids: [[0.2, 0.3, 0.5]] * (len(ids) - 1), "serve it with token_classify"),
        (lambda ids: "base64", "not a pooling of tokens with usage"),
    ],
)
def test_an_answer_that_is_no_pooling_of_probabilities_is_one_clear_line(tmp_path, base, serve, pool, message) -> None:
    folder = saved_verifier(tmp_path / "prm", "prm", base)
    there = ServedVerifier(served(serve(folder, pool), tokenizer=str(folder), attempts=2))
    with pytest.raises(InputError, match=message) as caught:
        there.score(SOLUTIONS[:1], Ledger())
    assert "\n" not in str(caught.value)


def test_conventions_that_nobody_knows_are_asked_for(tmp_path, base, serve) -> None:
    server = serve(base, pooling(base))
    with pytest.raises(InputError, match="set adapter"):
        ServedVerifier(served(server, tokenizer=str(base))).score(SOLUTIONS[:1], Ledger())
    with pytest.raises(InputError, match="has no chat template"):
        ServedVerifier(served(server, tokenizer=str(base), adapter="rlhflow")).score(SOLUTIONS[:1], Ledger())


def test_a_node_opens_what_its_folder_refers_to(tmp_path, base, serve) -> None:
    from stepscale.engine.placement import Placement
    from stepscale.resume import model_hash

    trained = saved_verifier(tmp_path / "prm", "prm", base)
    settings = served(serve(trained, pooling(trained)), tokenizer=str(trained))
    referred = ready_prm_folder(settings, tmp_path / "referred")
    opened = open_verifier(referred, "prm", Placement())
    assert isinstance(opened, ServedVerifier) and opened.name == "prm"
    assert isinstance(open_verifier(trained, "prm", Placement(device="cpu")), ModelVerifier)
    elsewhere = ready_prm_folder(settings.model_copy(update={"base_url": "http://b/v1"}), tmp_path / "moved")
    other = ready_prm_folder(settings.model_copy(update={"model": "b"}), tmp_path / "other")
    assert model_hash(referred) == model_hash(elsewhere) != model_hash(other), "a server may move, a model may not"


def test_a_server_is_a_verifier_by_its_address_alone(tmp_path, base, serve) -> None:
    import stepscale

    folder = saved_verifier(tmp_path / "prm", "prm", base)
    verifier = stepscale.load_verifier(serve(folder, pooling(folder)).base_url, tokenizer=str(folder))
    assert verifier.name == "fake" and len(verifier.score(SOLUTIONS, Ledger())) == len(SOLUTIONS)


def test_a_public_reward_model_is_the_run_s_prm_as_it_is(tmp_path, base) -> None:
    from stepscale.engine.placement import Placement
    from stepscale.verifiers.public import PublicVerifier

    torch.manual_seed(1)
    AutoModelForTokenClassification.from_pretrained(base, num_labels=2).save_pretrained(tmp_path / "trl")
    load_tokenizer(base).save_pretrained(tmp_path / "trl")
    public = PublicVerifier(adapter="trl", source=str(tmp_path / "trl"), separator="\n\n")
    opened = open_verifier(ready_prm_folder(public, tmp_path / "referred"), "prm", Placement(device="cpu"))
    scores = opened.score(SOLUTIONS, Ledger())
    assert opened.name == "prm" and [len(s.negative) for s in scores] == [len(t.steps) for t in SOLUTIONS]
    assert opened.parameters > 0 and opened.encode(SOLUTIONS[:1])[0].ids
