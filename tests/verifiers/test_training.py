"""Training puts targets where scoring reads, learns what can be learned, and leaves a folder that scores."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from stepscale.cost import Ledger
from stepscale.engine.encoding import StepEncoder, TextFormat
from stepscale.engine.loading import load_causal_lm, load_token_classifier, load_tokenizer
from stepscale.errors import InputError
from stepscale.training.batches import IGNORED, Row, pad_rows
from stepscale.training.optimization import Optimization
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.examples import Example, orm_examples, prm_examples
from stepscale.verifiers.heads import load_head
from stepscale.verifiers.metrics import prm_metrics, value_metrics
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.scoring import ModelVerifier
from stepscale.verifiers.training import TrainedVerifier, train_verifier
from stepscale.verifiers.training_rows import to_rows

Labeled = Callable[[int], tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]
LAYOUT = TextFormat(prompt="<judge>{problem}\n")
QUICK = Optimization(epochs=4, learning_rate=1e-2, batch_size=16, log_every=2, precision="float32")
EXAMPLE = Example("p", Trajectory("What?", ("so 1.", "", "no.\n")), (2.0, None, 0.0))


def config(kind: str = "prm", **changes: Any) -> VerifierTraining:
    return VerifierTraining(
        **({"kind": kind, "layout": LAYOUT, "optimization": QUICK, "validation_share": 0.25} | changes)
    )


def places(row: Row) -> list[int]:
    return np.flatnonzero(row.targets != IGNORED).tolist()


def test_targets_stand_where_scores_are_read(base: Path, tmp_path: Path, labeled: Labeled, monkeypatch: Any) -> None:
    """The one assertion that keeps training and scoring together: same ids, same places, through both public ways in."""
    read: list[Any] = []
    encode = StepEncoder.encode
    monkeypatch.setattr(StepEncoder, "encode", lambda self, texts: read.append(encode(self, texts)) or read[-1])
    problems, labels, _ = labeled(8)
    examples = prm_examples(problems, labels)
    one_step = Optimization(epochs=0.01, batch_size=4)
    trained = train_verifier(base, examples, config(validation_share=0.0, optimization=one_step), tmp_path / "prm")
    in_training = read[0]
    ModelVerifier(trained.folder).score([e.trajectory for e in examples], Ledger())
    assert read[-1] == in_training
    rows, _ = to_rows(examples, StepEncoder(load_tokenizer(base), LAYOUT), "step_end")
    assert [places(row) for row in rows] == [text.step_ends for text in in_training]


def test_each_way_of_supervising_covers_its_tokens(base: Path) -> None:
    encoder = StepEncoder(load_tokenizer(base), LAYOUT)
    text = encoder.encode([(EXAMPLE.trajectory.problem, EXAMPLE.trajectory.steps)])[0]
    first, second, third = text.step_ends
    ((row,), _), ((dense,), _), ((last,), _) = (
        to_rows([EXAMPLE], encoder, how) for how in ("step_end", "every_token", "solution_end")
    )
    assert places(row) == [first, third]
    assert places(dense) == [*range(text.prompt_length, first + 1), *range(second + 1, third + 1)]
    assert places(last) == [len(text.ids) - 1] == [third]
    assert row.targets[[first, third]].tolist() == [2.0, 0.0]


def test_an_example_that_is_cut_keeps_the_labels_of_what_is_left(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    whole = StepEncoder(tokenizer, LAYOUT).encode([(EXAMPLE.trajectory.problem, EXAMPLE.trajectory.steps)])[0]
    short = StepEncoder(tokenizer, LAYOUT.model_copy(update={"max_tokens": whole.step_ends[1] + 1}))
    rows, n_cut = to_rows([EXAMPLE], short, "step_end")
    assert (n_cut, places(rows[0]), rows[0].targets[whole.step_ends[0]]) == (1, whole.step_ends[:1], 2.0)
    assert to_rows([EXAMPLE], short, "solution_end") == ([], 1)
    nothing = StepEncoder(tokenizer, LAYOUT.model_copy(update={"max_tokens": whole.prompt_length}))
    assert to_rows([EXAMPLE], nothing, "every_token") == ([], 1)


@pytest.mark.parametrize("kind", ["prm", "soft_prm", "orm"])
def test_a_verifier_learns_and_scores_from_its_folder(kind: str, base: Path, tmp_path: Path, labeled: Labeled) -> None:
    problems, labels, solutions = labeled(160)
    examples = (
        orm_examples(problems, solutions) if kind == "orm" else prm_examples(problems, labels, soft=kind == "soft_prm")
    )
    curve: dict[int, dict[str, float]] = {}
    trained = train_verifier(
        base,
        examples,
        config(kind, head_init_tokens=("<bad>", "<ok>", "<good>")),
        tmp_path / kind,
        lambda step, numbers: curve.setdefault(step, {}).update(numbers),
    )
    files = {path.name for path in trained.folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "stepscale_verifier.json"} <= files
    assert not [name for name in files if name.startswith("checkpoint")]
    losses = [numbers["loss"] for numbers in curve.values() if "loss" in numbers]
    assert losses[-1] < losses[0]
    assert any("eval_loss" in numbers for numbers in curve.values())
    assert trained.validation
    assert 0 <= trained.fit.padding < 0.5
    assert trained.numbers()["tokens_per_second"] > 0
    verifier = ModelVerifier(trained.folder)
    assert verifier.saved.kind == kind
    scores = verifier.score([example.trajectory for example in trained.validation], Ledger())
    metrics = (prm_metrics if kind == "prm" else value_metrics)(scores, trained.validation)
    assert metrics["step_auroc" if kind == "prm" else "solution_auroc"] > 0.95


def test_a_seed_gives_the_same_weights_and_another_seed_others(base: Path, tmp_path: Path, labeled: Labeled) -> None:
    problems, labels, _ = labeled(24)
    examples = prm_examples(problems, labels)
    weights = []
    for i, seed in enumerate((0, 0, 1)):
        short = QUICK.model_copy(update={"epochs": 1, "seed": seed})
        trained = train_verifier(base, examples, config(optimization=short, dropout=0.1), tmp_path / str(i))
        weights.append(load_token_classifier(trained.folder).score.weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_accumulated_batches_have_the_gradient_of_one_large_batch(base: Path, tmp_path: Path, labeled: Labeled) -> None:
    problems, labels, _ = labeled(8)
    norms = []
    for batch, accumulation in ((8, 1), (2, 4)):
        curve: list[dict[str, float]] = []
        options = QUICK.model_copy(
            update={
                "epochs": 1,
                "batch_size": batch,
                "gradient_accumulation": accumulation,
                "log_every": 1,
                "max_grad_norm": 100.0,
            }
        )
        train_verifier(
            base,
            prm_examples(problems, labels),
            config(optimization=options, validation_share=0.0),
            tmp_path / str(batch),
            lambda step, numbers, curve=curve: curve.append(numbers),
        )
        norms.append(curve[0]["grad_norm"])
        assert len([numbers for numbers in curve if "loss" in numbers]) == 1
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_early_stopping_keeps_the_best_and_leaves_no_checkpoints(base: Path, tmp_path: Path, labeled: Labeled) -> None:
    problems, labels, _ = labeled(40)
    losses: list[tuple[int, float]] = []
    options = QUICK.model_copy(update={"epochs": 30, "learning_rate": 0.3, "patience": 2, "schedule": "constant"})
    trained = train_verifier(
        base,
        prm_examples(problems, labels),
        config(optimization=options),
        tmp_path / "prm",
        lambda step, numbers: losses.append((step, numbers["eval_loss"])) if "eval_loss" in numbers else None,
    )
    assert len(losses) < 60  # it stopped
    assert validation_loss(trained, base) == pytest.approx(min(loss for _, loss in losses), rel=1e-4)
    assert losses[-1][1] > min(losses, key=lambda pair: pair[1])[1]
    assert not list((tmp_path / "prm").glob("checkpoint*"))


def test_the_last_weights_are_those_some_evaluations_past_the_minimum(
    base: Path, tmp_path: Path, labeled: Labeled
) -> None:
    problems, labels, _ = labeled(40)
    losses: list[float] = []
    changes = {"epochs": 30, "learning_rate": 0.3, "patience": 2, "schedule": "constant", "keep": "last"}
    trained = train_verifier(
        base,
        prm_examples(problems, labels),
        config(optimization=QUICK.model_copy(update=changes)),
        tmp_path / "prm",
        lambda _, numbers: losses.append(numbers["eval_loss"]) if "eval_loss" in numbers else None,
    )
    assert losses.index(min(losses)) == len(losses) - 3, "it stopped two evaluations past the minimum"
    assert validation_loss(trained, base) == pytest.approx(losses[-1], rel=1e-4)
    assert validation_loss(trained, base) > min(losses) * 1.001


def validation_loss(trained: TrainedVerifier, base: Path) -> float:
    """Of the saved verifier, on the examples it never saw."""
    rows, _ = to_rows(trained.validation, StepEncoder(load_tokenizer(base), LAYOUT), "step_end")
    assert len(rows) <= 16, "one batch, so that its mean is that of the evaluation"
    batch = pad_rows(rows, pad_id=0, classes=True)
    with torch.no_grad():
        logits = load_token_classifier(trained.folder)(input_ids=batch["input_ids"]).logits
    return float(torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten()))


def test_targets_that_are_not_one_a_step_are_refused_and_not_cut(base: Path, tmp_path: Path) -> None:
    for targets in ((2.0,), (2.0, 2.0, 0.0)):
        wrong = Example("p", Trajectory("What is 3 + 4?", ("a", "b")), targets)
        with pytest.raises(InputError, match=rf"problem 'p': {len(targets)} targets for 2 steps"):
            train_verifier(base, [wrong], config(validation_share=0.0), tmp_path / "prm")


def test_early_stopping_without_validation_examples_is_refused(base: Path, tmp_path: Path, labeled: Labeled) -> None:
    problems, labels, _ = labeled(4)
    options = config(validation_share=0.0, optimization=QUICK.model_copy(update={"patience": 2}))
    with pytest.raises(InputError, match=r"optimization\.patience: 2 .* set it to null, or keep problems apart"):
        train_verifier(base, prm_examples(problems, labels), options, tmp_path / "prm")


def test_the_head_starts_from_the_bases_own_prediction_of_rating_tokens(base: Path) -> None:
    tokenizer, words = load_tokenizer(base), ("<bad>", "<ok>", "<good>")
    ids = torch.tensor([tokenizer("so 12 + 7 = 19.")["input_ids"]])
    columns = tokenizer.convert_tokens_to_ids(list(words))
    with torch.no_grad():
        predicted = load_causal_lm(base)(input_ids=ids).logits[..., columns]
        ratings = load_head(base, tokenizer, config(head_init_tokens=words))(input_ids=ids).logits
        right = load_head(base, tokenizer, config("orm", head_init_tokens=words))(input_ids=ids).logits[..., 0]
    torch.testing.assert_close(ratings, predicted)
    torch.testing.assert_close(right, predicted[..., 2] - predicted[..., 0])


def test_dropout_reaches_the_attention_and_the_head(base: Path) -> None:
    model = load_head(base, load_tokenizer(base), config(dropout=0.05))
    assert (model.config.attention_dropout, model.dropout.p) == (0.05, 0.05)
    assert load_head(base, load_tokenizer(base), config()).dropout.p == 0


def test_what_cannot_be_trained_is_refused_in_one_line(base: Path, tmp_path: Path, labeled: Labeled) -> None:
    problems, labels, _ = labeled(2)
    examples = prm_examples(problems, labels)
    for changes, reason in (
        ({"head_init_tokens": ("<bad>", "<good>")}, "2 tokens for the 3 outputs"),
        ({"head_init_tokens": ("<bad>", "<ok>", "so far so good")}, "tokens in the vocabulary"),
        ({"layout": TextFormat(prompt="<judge>{problem}\n", max_tokens=3)}, "no example is left"),
    ):
        with pytest.raises(InputError, match=reason) as caught:
            train_verifier(base, examples, config(**changes), tmp_path / "prm")
        assert "\n" not in str(caught.value)
    for missing in (tmp_path / "nowhere", str(tmp_path / "nowhere")):
        with pytest.raises(InputError, match="nowhere"):
            train_verifier(missing, examples, config(), tmp_path / "prm")
