"""Scores are those of the model read one solution at a time; nothing is computed twice; the ledger is exact."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stepscale.cost import Ledger
from stepscale.engine.encoding import StepEncoder, TextFormat
from stepscale.engine.loading import load_token_classifier, load_tokenizer, save
from stepscale.engine.network import LlamaNetwork, TransformersNetwork, network_of
from stepscale.errors import InputError
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.saved import FILE_NAME, SavedVerifier
from stepscale.verifiers.scoring import ModelVerifier

LAYOUT = TextFormat(prompt="<s>{problem}\n")
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
CASES = {
    "llama": {},
    "llama with biases": {"attention_bias": True},
    "llama with scaled positions": {"rope_parameters": LLAMA3},
    "qwen2": {},
    "qwen3": {"head_dim": 8},
    "mistral": {"sliding_window": 9},
    "gpt2": {},
    "gpt_neox": {},
}


@pytest.fixture
def saved(tmp_path: Path, make_bpe: Callable[..., Any], tiny_config: Callable[..., Any]) -> Callable[..., Path]:
    def make(case: str = "llama", kind: str = "prm", layout: TextFormat = LAYOUT) -> Path:
        from transformers import AutoModelForTokenClassification

        tokenizer = make_bpe()
        torch.manual_seed(0)
        labels = 3 if kind == "prm" else 1
        config = tiny_config(case.split()[0], len(tokenizer), num_labels=labels, **CASES[case])
        folder = tmp_path / f"{case}-{kind}"
        save(AutoModelForTokenClassification.from_config(config), tokenizer, folder)
        names = ("negative", "neutral", "positive") if kind == "prm" else ("right",)
        SavedVerifier(kind=kind, labels=names, layout=layout).write(folder)
        return folder

    return make


@cache
def loaded(folder: Path) -> tuple[Any, Any]:
    return load_token_classifier(folder), load_tokenizer(folder)


def test_a_step_of_several_lines_is_read_as_lines_and_scored_at_its_last(saved: Callable[..., Path]) -> None:
    verifier = ModelVerifier(saved(), device="cpu")
    whole = Trajectory("What is 3 + 4?", ("so 3 + 4", "it is 7.\n\n# Answer\n\n7", "7"))
    lines = Trajectory(whole.problem, ("so 3 + 4", "it is 7.", "# Answer", "7", "7"))
    steps, by_lines = (verifier.score([one], Ledger())[0] for one in (whole, lines))
    assert np.allclose(steps.negative, by_lines.negative[[0, 3, 4]], atol=1e-6)
    room = len(verifier.encoder.encode([(lines.problem, lines.steps[:3])])[0].ids)
    short = ModelVerifier(saved(layout=LAYOUT.model_copy(update={"max_tokens": room})), device="cpu")
    cut = short.score([whole], Ledger())[0]
    assert cut.unread == 2 and cut.negative[1:].tolist() == [1, 1], "a step that does not fit as a whole is not read"


@pytest.mark.parametrize("blank", ["", "  ", "\n \n"])
def test_a_blank_step_is_not_read_and_scores_as_the_step_before_it(saved: Callable[..., Path], blank: str) -> None:
    verifier = ModelVerifier(saved(), device="cpu", cache_bytes=0)
    with_blanks = Trajectory("What is 3 + 4?", (blank, "so 3 + 4", blank, blank, "it is 7", blank))
    without = Trajectory(with_blanks.problem, ("so 3 + 4", "it is 7"))
    scores, plain = (verifier.score([one], Ledger())[0] for one in (with_blanks, without))
    assert np.allclose(scores.negative, plain.negative[[0, 0, 0, 0, 1, 1]], atol=1e-6) and not scores.unread
    assert verifier.encode([with_blanks])[0].ids == verifier.encode([without])[0].ids
    (tokens,), (plain_tokens,) = verifier.step_tokens([with_blanks]), verifier.step_tokens([without])
    assert tokens == [plain_tokens[0], plain_tokens[1], 0, 0, 0, plain_tokens[2], 0]
    nothing = verifier.score([Trajectory(with_blanks.problem, (blank, blank))], Ledger())[0]
    assert nothing.negative.tolist() == [1, 1], "who states nothing is never preferred"


def test_blanks_around_a_step_are_not_read_for_no_verifier_learns_them(saved: Callable[..., Path]) -> None:
    verifier = ModelVerifier(saved(), device="cpu")
    spaced, plain = Trajectory("3 + 4?", (" so 3 + 4 \r\n", "it is 7\n")), Trajectory("3 + 4?", ("so 3 + 4", "it is 7"))
    assert [text.ids for text in verifier.encode([spaced])] == [text.ids for text in verifier.encode([plain])]


def alone(folder: Path, trajectory: Trajectory, labels: int = 3) -> StepScores:
    """The plain way: one forward pass of the transformers model for one solution."""
    model, tokenizer = loaded(folder)
    text = StepEncoder(tokenizer, LAYOUT).encode([(trajectory.problem, trajectory.steps)])[0]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([text.ids])).logits[0, text.step_ends]
    if labels == 1:
        return StepScores((1 - logits[:, 0].sigmoid()).numpy(), np.zeros(len(logits), np.float32))
    share = logits.softmax(-1).numpy()
    return StepScores(share[:, 0], share[:, 1])


def assert_same(scores: list[StepScores], expected: list[StepScores]) -> None:
    for mine, theirs in zip(scores, expected, strict=True):
        np.testing.assert_allclose(mine.negative, theirs.negative, atol=1e-5)
        np.testing.assert_allclose(mine.neutral, theirs.neutral, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_many_at_once_score_as_one_by_one(case: str, saved: Any, trajectories: list[Trajectory]) -> None:
    folder = saved(case)
    lean = LlamaNetwork if case.startswith("llama") else TransformersNetwork
    assert isinstance(network_of(load_token_classifier(folder)), lean)
    assert_same(ModelVerifier(folder).score(trajectories, Ledger()), [alone(folder, t) for t in trajectories])


@pytest.mark.parametrize("kind", ["orm", "soft_prm"])
def test_a_verifier_with_one_output_scores_one_minus_the_probability_of_right(
    kind: str, saved: Any, trajectories: list[Trajectory]
) -> None:
    folder = saved("llama", kind)
    scores = ModelVerifier(folder).score(trajectories, Ledger())
    assert_same(scores, [alone(folder, t, labels=1) for t in trajectories])


@pytest.mark.parametrize(
    "limits",
    [
        {"tokens_per_batch": 1},
        {"tokens_per_batch": 37},
        {"cache_bytes": 0},
        {"cache_bytes": 20_000},
    ],
)
def test_limits_change_the_work_and_not_the_scores(
    limits: dict[str, int], saved: Any, trajectories: list[Trajectory]
) -> None:
    folder = saved()
    verifier = ModelVerifier(folder, **limits)
    expected = [alone(folder, t) for t in trajectories]
    for _ in range(2):
        assert_same(verifier.score(trajectories, Ledger()), expected)
    assert_same(verifier.score(trajectories[::-3], Ledger()), expected[::-3])


def distinct_tokens(folder: Path, trajectories: list[Trajectory]) -> tuple[int, int]:
    """(tokens, sum of what each attends to) of the tree of prompts and steps."""
    encoder = StepEncoder(load_tokenizer(folder), LAYOUT)
    prefixes: dict[tuple[int, ...], int] = {}
    for text in encoder.encode((t.problem, t.steps) for t in trajectories):
        start = 0
        for end in [text.prompt_length, *(end + 1 for end in text.step_ends)]:
            prefixes[tuple(text.ids[:end])] = start
            start = end
    tokens = sum(len(prefix) - start for prefix, start in prefixes.items())
    return tokens, sum(sum(range(start + 1, len(prefix) + 1)) for prefix, start in prefixes.items())


def test_the_ledger_counts_each_distinct_prompt_and_step_once(saved: Any, trajectories: list[Trajectory]) -> None:
    folder = saved()
    ledger = Ledger()
    verifier = ModelVerifier(folder, "prm")
    verifier.score(trajectories, ledger)
    cost = ledger.models["prm"]
    assert (cost.verify, cost.context_sum) == distinct_tokens(folder, trajectories)
    assert cost.parameters == sum(p.numel() for p in load_token_classifier(folder).parameters())
    assert (cost.prefill, cost.decode) == (0, 0)
    verifier.score(trajectories, ledger)  # all of it is cached
    assert ledger.models["prm"].verify == cost.verify == distinct_tokens(folder, trajectories)[0]


def test_a_search_that_adds_a_step_pays_for_that_step_alone(saved: Any) -> None:
    folder = saved()
    verifier = ModelVerifier(folder)
    encoder = StepEncoder(load_tokenizer(folder), LAYOUT)
    steps: tuple[str, ...] = ()
    scores = []
    for step in ("so 12 + 7 = 19.", "19 - 3 = 16.", "thus 16."):
        steps = (*steps, step)
        ledger = Ledger()
        beam = Trajectory("What is 12 + 7 - 3?", steps)
        scores.append(verifier.score([beam], ledger)[0])
        whole = encoder.encode([(beam.problem, steps)])[0]
        before = whole.step_ends[-2] + 1 if len(steps) > 1 else 0
        assert ledger.tokens == len(whole.ids) - before
    assert_same(scores[-1:], [alone(folder, beam)])


def test_the_least_recently_used_is_evicted_first_and_the_budget_holds(saved: Any) -> None:
    folder = saved()
    token_bytes = 3 * 2 * 2 * 8 * 4
    verifier = ModelVerifier(folder, cache_bytes=60 * token_bytes)
    old, new = (Trajectory(f"What is {n} + 7?", (f"so {n} + 7 = 19.", "thus 16.")) for n in (12, 25))
    verifier.score([old], Ledger())
    for _ in range(30):
        verifier.score([Trajectory("wait", (f"{np.random.default_rng(_).integers(1e9)}",)), new], Ledger())
        assert verifier._cache._pool.n_used <= 60
    again, evicted = Ledger(), Ledger()
    verifier.score([new], again)
    verifier.score([old], evicted)
    assert again.tokens == 0
    assert evicted.tokens == distinct_tokens(folder, [old])[0]


def test_steps_beyond_the_models_reach_are_never_preferred(saved: Any, caplog: pytest.LogCaptureFixture) -> None:
    folder = saved("llama", layout=LAYOUT.model_copy(update={"max_tokens": 40}))
    long = Trajectory("What is 12 + 7 - 3?", ("so 12 + 7 = 19.",) * 12)
    scores = ModelVerifier(folder).score([long], Ledger())[0]
    read = int((scores.negative < 1).sum())
    assert 0 < read < 12
    assert len(scores.negative) == len(scores.neutral) == 12
    assert (scores.negative[read:] == 1).all()
    assert (scores.neutral[read:] == 0).all()
    assert_same(
        [StepScores(scores.negative[:read], scores.neutral[:read])],
        [alone(folder, Trajectory(long.problem, long.steps[:read]))],
    )
    assert f"{12 - read} steps" in caplog.text


def test_the_number_of_threads_and_torchs_own_count_are_left_alone(saved: Any, trajectories: list[Trajectory]) -> None:
    folder, threads = saved(), torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        several = ModelVerifier(folder, tokens_per_batch=20).score(trajectories, Ledger())
        assert torch.get_num_threads() == 3
        torch.set_num_threads(1)
        one = ModelVerifier(folder, tokens_per_batch=20).score(trajectories, Ledger())
    finally:
        torch.set_num_threads(threads)
    for a, b in zip(several, one, strict=True):
        np.testing.assert_array_equal(a.negative, b.negative)


def test_a_folder_that_holds_no_verifier_is_refused_in_one_line(tmp_path: Path, base: Path) -> None:
    for folder in (tmp_path, base):
        with pytest.raises(InputError, match="not a saved verifier") as caught:
            ModelVerifier(folder)
        assert "\n" not in str(caught.value)
    (base / "stepscale_verifier.json").write_text('{"kind": "prm"}')
    with pytest.raises(InputError, match="labels"):
        ModelVerifier(base)


def test_a_verifier_saved_by_an_earlier_version_is_read_and_another_file_is_not(tmp_path: Path) -> None:
    saved = SavedVerifier(kind="orm", labels=("right",), layout=LAYOUT)
    saved_card = saved.model_dump(mode="json")
    (tmp_path / FILE_NAME).write_text(json.dumps(saved_card | {"aggregation": "last"}))
    assert SavedVerifier.read(tmp_path) == saved
    (tmp_path / FILE_NAME).write_text(json.dumps(saved_card | {"of": "another kind"}))
    with pytest.raises(InputError, match="train the verifier again"):
        SavedVerifier.read(tmp_path)
