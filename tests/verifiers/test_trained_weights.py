"""Full, head-only and LoRA training change what they should, and all leave plain token classifiers; two classes or three."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from transformers import AutoModelForTokenClassification

from stepscale.cost import Ledger
from stepscale.engine.encoding import TextFormat
from stepscale.engine.loading import load_causal_lm, load_tokenizer
from stepscale.errors import InputError
from stepscale.training.optimization import Optimization
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.examples import Example, prm_examples
from stepscale.verifiers.heads import load_head
from stepscale.verifiers.metrics import prm_metrics
from stepscale.verifiers.options import LoRA, VerifierTraining
from stepscale.verifiers.scoring import ModelVerifier
from stepscale.verifiers.trained_weights import frozen_but_chosen, plain
from stepscale.verifiers.training import train_verifier
from stepscale.verifiers.training_rows import in_classes

Labeled = Callable[[int], tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]
QUICK = Optimization(epochs=6, learning_rate=1e-2, batch_size=16, precision="float32", evaluations_per_epoch=0)
EXAMPLE = Example("p", Trajectory("What?", ("a", "b", "c", "d")), (2.0, 1.0, None, 0.0))


def config(**changes: Any) -> VerifierTraining:
    settings = {"kind": "prm", "layout": TextFormat(prompt="<judge>{problem}\n"), "optimization": QUICK}
    return VerifierTraining(**({**settings, "validation_share": 0.25} | changes))


@pytest.mark.parametrize(
    ("changes", "body_changes"),
    [
        ({"weights": LoRA(rank=4), "neutral": "positive"}, True),
        ({"weights": "head", "head_bias": False}, False),
        (
            {
                "weights": "head",
                "frozen_dtype": "bfloat16",
                "optimization": QUICK.model_copy(update={"precision": "bfloat16", "gradient_checkpointing": True}),
            },
            False,
        ),
    ],
)
def test_what_is_trained_changes_what_is_frozen_does_not_and_the_folder_is_plain(
    changes: dict[str, Any], body_changes: bool, base: Path, tmp_path: Path, labeled: Labeled
) -> None:
    problems, labels, _ = labeled(80)
    training = config(head_init_tokens=("<bad>", "<ok>", "<good>"), **changes)
    trained = train_verifier(base, prm_examples(problems, labels), training, tmp_path / "prm")
    saved = AutoModelForTokenClassification.from_pretrained(trained.folder, dtype=torch.float32)
    before = load_causal_lm(base).model.state_dict()
    dtype = getattr(torch, training.frozen_dtype)
    same = [torch.equal(weight, before[name].to(dtype).float()) for name, weight in saved.model.state_dict().items()]
    assert all(same) != body_changes
    assert len(saved.config.id2label) == (2 if training.neutral == "positive" else 3)
    scores = ModelVerifier(trained.folder).score([e.trajectory for e in trained.validation], Ledger())
    assert prm_metrics(scores, trained.validation)["step_auroc"] > (0.95 if body_changes else 0.5)


def test_adapters_and_the_head_alone_have_gradients(base: Path) -> None:
    head = load_head(base, load_tokenizer(base), config())
    wrapped = frozen_but_chosen(head, config(weights=LoRA(targets=("q_proj",))), seed=0)
    names = {name for name, weight in wrapped.named_parameters() if weight.requires_grad}
    assert all("q_proj.lora_" in name or "score" in name for name in names)
    assert any("lora_" in name for name in names) and any("score" in name for name in names)
    assert all(weight.requires_grad for weight in plain(wrapped).parameters())


def test_a_layer_that_is_not_there_is_refused_with_those_there_are(base: Path) -> None:
    head = load_head(base, load_tokenizer(base), config())
    with pytest.raises(InputError, match=r"no linear layer 'query'; it has down_proj, .*q_proj") as caught:
        frozen_but_chosen(head, config(weights=LoRA(targets=("query",))), seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes", [{"weights": "all"}, {"weights": "head"}])
def test_frozen_weights_in_bfloat16_need_frozen_weights_and_products_in_bfloat16(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="frozen_dtype: bfloat16 goes with"):
        config(frozen_dtype="bfloat16", **changes)


def test_neutral_is_a_class_or_counts_as_positive_or_negative() -> None:
    assert in_classes([EXAMPLE], config())[0].targets == (2.0, 1.0, None, 0.0)
    assert in_classes([EXAMPLE], config(neutral="positive"))[0].targets == (1.0, 1.0, None, 0.0)
    assert in_classes([EXAMPLE], config(neutral="negative"))[0].targets == (1.0, 0.0, None, 0.0)
    assert in_classes([EXAMPLE], config(kind="orm", neutral="negative"))[0].targets == EXAMPLE.targets


def test_ratings_after_the_first_error_are_learned_only_if_that_is_asked_for() -> None:
    problems = pd.DataFrame({"problem_id": ["p"], "problem": ["What?"]})
    rows = [
        {"problem_id": "p", "sample_id": 0, "step": i, "completion": 0, "text": f"step {i}", "rating": rating}
        for i, rating in enumerate((1, -1, 1))
    ]
    labels = pd.DataFrame(rows).assign(value=None, is_chosen=True, labeler="t").astype({"rating": "Int8"})
    assert prm_examples(problems, labels)[0].targets == (2.0, 0.0)
    assert prm_examples(problems, labels, after_error=True)[0].targets == (2.0, 0.0, 2.0)
