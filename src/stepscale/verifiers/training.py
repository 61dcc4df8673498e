"""Trains a verifier: a base model and examples in, a folder that ``ModelVerifier`` scores with out.

PRM: a class of two or three after each step's last token (Lightman 2.6); soft PRM: binary cross entropy on a value there
(Snell, D); ORM: solution right or not on every solution token (Lightman 2.5). Positions come from ``StepEncoder``, as in
scoring. Knows nothing of where labels came from, nor of search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from stepscale.engine.encoding import Encoded, StepEncoder
from stepscale.engine.loading import (
    classification_head,
    load_token_classifier,
    load_tokenizer,
    longest_input,
    rows_of_tokens,
    save,
)
from stepscale.errors import InputError
from stepscale.seeds import seed_for
from stepscale.training.batches import IGNORED, Row
from stepscale.training.callbacks import OnLog
from stepscale.training.fit import fit, is_first_process, wait_for_all
from stepscale.training.fitting import FitReport
from stepscale.verifiers.examples import Example, neutral_as, split_by_problem
from stepscale.verifiers.model_card import write_card
from stepscale.verifiers.options import Supervise, VerifierTraining
from stepscale.verifiers.saved import Kind, SavedVerifier
from stepscale.verifiers.trained_weights import frozen_but_chosen, plain

_RATINGS = ("negative", "neutral", "positive")
_TWO_RATINGS = ("negative", "positive")
_SUPERVISE: dict[Kind, Supervise] = {"prm": "step_end", "soft_prm": "step_end", "orm": "every_token"}


@dataclass(frozen=True)
class TrainedVerifier:
    """A verifier that was just trained.

    Attributes:
        folder: Where it is.
        config: How it was trained.
        fit: What that cost.
        validation: Examples that it never saw, of the validation problems.
        n_rows: Rows that it learned from.
        n_cut: Examples that lost steps at the end for lack of room.
        n_left_out: Examples of which nothing was left to learn from.
    """

    folder: Path
    config: VerifierTraining
    fit: FitReport
    validation: list[Example] = field(repr=False)
    n_rows: int
    n_cut: int  # examples that lost steps at the end for lack of room
    n_left_out: int  # examples of which nothing was left to learn from

    def write_card(self, base: str | Path, measured: Mapping[str, float]) -> None:
        """Write the folder's card; without times, for the same training must give the same folder.

        Args:
            base: The model that was trained.
            measured: How well the verifier judges, by name.
        """
        numbers = {
            name: value for name, value in self.numbers().items() if name not in ("seconds", "tokens_per_second")
        }
        write_card(self.folder, str(base), self.config, output_names(self.config), numbers, measured)

    def numbers(self) -> dict[str, float]:
        """The report as numbers for a tracker."""
        return {
            "optimizer_steps": self.fit.steps,
            "tokens": self.fit.tokens,
            "tokens_per_second": self.fit.tokens_per_second,
            "seconds": self.fit.seconds,
            "padding": self.fit.padding,
            "examples": self.n_rows,
            "examples_cut": self.n_cut,
            "examples_left_out": self.n_left_out,
            "validation_examples": len(self.validation),
        }


def train_verifier(
    base: str | Path,
    examples: Sequence[Example],
    config: VerifierTraining,
    out_folder: Path,
    on_log: OnLog | None = None,
    validation: Sequence[Example] = (),
) -> TrainedVerifier:
    """Fine-tune a model on examples and save it as a verifier with its card.

    Arguments and errors are those of ``fit_verifier``.
    """
    trained = fit_verifier(base, examples, config, out_folder, on_log, validation)
    if is_first_process():
        trained.write_card(base, {})
    return trained


def fit_verifier(
    base: str | Path,
    examples: Sequence[Example],
    config: VerifierTraining,
    out_folder: Path,
    on_log: OnLog | None = None,
    validation: Sequence[Example] = (),
) -> TrainedVerifier:
    """Fine-tune a model on examples and save it as a verifier; its card is still to be written.

    Args:
        base: Folder or hub name of the model.
        examples: What it learns from; ``config.validation_share`` of the problems is kept for validation.
        config: How it is trained.
        out_folder: Where the verifier is saved.
        on_log: Receives the learning curves as (step, numbers).
        validation: Further examples for the validation loss, by which training is stopped where ``optimization.patience`` says.

    Raises:
        InputError: Nothing is left to train on, or the base or its tokens do not fit the configuration.
    """
    tokenizer = load_tokenizer(base)
    model = frozen_but_chosen(
        load_head(base, tokenizer, config), config, seed_for(config.optimization.seed, "adapters") % 2**63
    )
    encoder = StepEncoder(tokenizer, config.layout, longest_input(model))
    training, held_out = split_by_problem(examples, config.validation_share, config.optimization.seed)
    held_out = [*held_out, *validation]
    supervise = config.supervise or _SUPERVISE[config.kind]
    rows, n_cut = to_rows(in_classes(training, config), encoder, supervise)
    if not rows:
        cut = f", {n_cut} of them longer than the {encoder.max_tokens} tokens there is room for" if n_cut else ""
        raise InputError(
            f"no example is left to train on: {len(examples)} given, validation_share={config.validation_share}{cut}; "
            + (
                "raise layout.max_tokens or take shorter solutions"
                if n_cut
                else "label more problems or lower the share"
            )
        )
    _check_embedded(model, rows, base)
    report = fit(
        model,
        rows,
        to_rows(in_classes(held_out, config), encoder, supervise)[0],
        _cross_entropy if config.kind == "prm" else _binary_cross_entropy,
        config.optimization,
        pad_id=tokenizer.pad_token_id or 0,
        classes=config.kind == "prm",
        on_log=on_log,
    )
    if is_first_process():
        save(plain(model), tokenizer, out_folder)
        SavedVerifier(kind=config.kind, labels=output_names(config), layout=config.layout).write(out_folder)
    wait_for_all()
    return TrainedVerifier(out_folder, config, report, held_out, len(rows), n_cut, len(training) - len(rows))


def _check_embedded(model: Any, rows: Sequence[Row], base: str | Path) -> None:
    """Refuse tokens that the model has no embedding for: it would fail in the middle of the training."""
    n_embedded, largest = model.get_input_embeddings().num_embeddings, max(max(row.ids) for row in rows)
    if largest >= n_embedded:
        raise InputError(
            f"{base} embeds {n_embedded} tokens and its tokenizer gives token {largest}; save the tokenizer that belongs to "
            "the model, or resize the model's embeddings"
        )


def load_head(base: str | Path, tokenizer: Any, config: VerifierTraining) -> Any:
    """The base with a classification head: random, or made from ``head_init_tokens``.

    Args:
        base: Folder or hub name of the model.
        tokenizer: Its own, which must hold each initial token as one.
        config: Says how many outputs there are, and their names.

    Raises:
        InputError: There is another number of tokens than of outputs.
    """
    torch.manual_seed(seed_for(config.optimization.seed, "verifier-head") % 2**63)
    labels = output_names(config)
    model = load_token_classifier(
        base,
        dtype=getattr(torch, config.frozen_dtype),
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
        classifier_dropout=config.dropout,
        attention_dropout=config.dropout,
    )
    head = classification_head(model).float()
    if not config.head_bias:
        head.bias = None
    if config.head_init_tokens:
        start = rows_of_tokens(base, tokenizer, config.head_init_tokens)
        if len(labels) == 1 and len(start) >= 2:
            start = start[-1:] - start[:1]  # one output: how much better the best rating fits than the worst
        elif labels == _TWO_RATINGS and len(start) == 3:
            start = start[[0, 2]]
        if len(start) != len(labels):
            raise InputError(
                f"head_init_tokens: {len(config.head_init_tokens)} tokens for the {len(labels)} outputs {labels}"
            )
        with torch.no_grad():
            head.weight.copy_(start)
            if head.bias is not None:
                head.bias.zero_()
    return model


def output_names(config: VerifierTraining) -> tuple[str, ...]:
    """The names of the head's outputs."""
    if config.kind != "prm":
        return ("right",)
    return _RATINGS if config.neutral == "class" else _TWO_RATINGS


def in_classes(examples: Sequence[Example], config: VerifierTraining) -> Sequence[Example]:
    """The examples with the head's classes as targets, which ratings are themselves where neutral is a class.

    Args:
        examples: With rating classes as targets.
        config: Whether neutral is a class, or what it counts as.
    """
    if len(output_names(config)) != len(_TWO_RATINGS):
        return examples
    return [
        replace(example, targets=tuple(None if t is None else float(t > 0) for t in example.targets))
        for example in neutral_as(examples, config.neutral)
    ]


def to_rows(examples: Sequence[Example], encoder: StepEncoder, supervise: Supervise) -> tuple[list[Row], int]:
    """Rows to learn from; examples without any target left are dropped.

    Args:
        examples: With one target per step.
        encoder: Lays out texts and records where steps end.
        supervise: Which tokens bear a step's target.

    Returns:
        The rows, and the number of examples that lost steps for lack of room.

    Raises:
        InputError: An example has more or fewer targets than steps.
    """
    for e in examples:
        if (n := len(e.trajectory.steps)) != len(e.targets):
            raise InputError(
                f"problem {e.problem_id!r}: {len(e.targets)} targets for {n} steps; give one for each step"
            )
    encoded = encoder.encode((e.trajectory.problem, e.trajectory.steps) for e in examples)
    rows = [Row(e.ids, _targets(example, e, supervise)) for example, e in zip(examples, encoded, strict=True)]
    return [row for row in rows if (row.targets != IGNORED).any()], sum(e.n_unread > 0 for e in encoded)


def _targets(example: Example, encoded: Encoded, supervise: Supervise) -> Any:
    targets = np.full(len(encoded.ids), IGNORED, np.float32)
    if supervise == "solution_end":
        if not encoded.n_unread and encoded.step_ends and example.targets[-1] is not None:
            targets[-1] = example.targets[-1]
        return targets
    start = encoded.prompt_length
    for end, target in zip(encoded.step_ends, example.targets, strict=False):  # fewer ends than targets when cut
        if target is not None:
            targets[end if supervise == "step_end" else start : end + 1] = target
        start = end + 1
    return targets


def _cross_entropy(outputs: Any, labels: torch.Tensor, items: Any) -> torch.Tensor:
    """Mean over the tokens with a target of the cross entropy of classes."""
    logits = outputs.logits.float().flatten(0, 1)
    total = functional.cross_entropy(logits, labels.flatten(), ignore_index=int(IGNORED), reduction="sum")
    mean: torch.Tensor = total / _count(labels, items)
    return mean


def _binary_cross_entropy(outputs: Any, labels: torch.Tensor, items: Any) -> torch.Tensor:
    """Mean over the tokens with a target of the binary cross entropy with a probability."""
    has_target = labels != IGNORED
    logits = outputs.logits.float()[..., 0]
    total = functional.binary_cross_entropy_with_logits(logits[has_target], labels[has_target], reduction="sum")
    mean: torch.Tensor = total / _count(labels, items)
    return mean


def _count(labels: torch.Tensor, items: Any) -> Any:
    return items if items is not None else (labels != IGNORED).sum().clamp(min=1)
