"""Trains a verifier: a base model and examples in, a folder that ``ModelVerifier`` scores with out.

PRM: a class of two or three after each step's last token (Lightman 2.6). Soft PRM: binary cross entropy on a value there
(Snell, D). ORM: solution right or not on every solution token (Lightman 2.5). Positions come from ``StepEncoder``, as in
scoring. Knows nothing about where labels came from, nor search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from stepscale.engine.encoding import StepEncoder
from stepscale.engine.loading import load_tokenizer, longest_input, save
from stepscale.errors import InputError
from stepscale.seeds import seed_for
from stepscale.training.batches import IGNORED, Row
from stepscale.training.callbacks import OnLog
from stepscale.training.fit import fit, is_first_process, wait_for_all
from stepscale.training.fitting import FitReport
from stepscale.verifiers.examples import Example, split_by_problem
from stepscale.verifiers.heads import load_head, output_names
from stepscale.verifiers.model_card import write_card
from stepscale.verifiers.options import Supervise, VerifierTraining
from stepscale.verifiers.saved import Kind, SavedVerifier
from stepscale.verifiers.trained_weights import frozen_but_chosen, plain
from stepscale.verifiers.training_rows import in_classes, to_rows

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
        """Write the folder's card; without times, since the same training must give the same folder.

        Args:
            base: The model that was trained.
            measured: How well the verifier judges, by name.
        """
        numbers = {
            name: value for name, value in self.numbers().items() if name not in ("seconds", "tokens_per_second")
        }
        write_card(self.folder, str(base), self.config, output_names(self.config), numbers, measured)

    def numbers(self) -> dict[str, float]:
        """The report as numbers for a tracker.

        Returns:
            By name: optimizer steps; tokens, and those per second; seconds; the share of padding; numbers of examples that were
            learned from, cut for lack of room, left out, and set aside for validation.
        """
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

    Args:
        base: Folder or hub name of the model.
        examples: What it learns from; ``config.validation_share`` of the problems is kept for validation.
        config: How it is trained.
        out_folder: Where the verifier is saved.
        on_log: Receives the learning curves as (step, numbers).
        validation: Further examples for the validation loss.

    Returns:
        The verifier as it was saved in ``out_folder``, and what its fit cost.

    Raises:
        InputError: As for ``fit_verifier``.
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

    Returns:
        The verifier as it was saved in ``out_folder``, and what its fit cost.

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
        raise _nothing_left(len(examples), config.validation_share, n_cut, encoder.max_tokens)
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


def _nothing_left(n_examples: int, validation_share: float, n_cut: int, max_tokens: int | None) -> InputError:
    """The error if no example is left to train on, with its reason and remedy."""
    cut = f", {n_cut} of them longer than the {max_tokens} tokens there is room for" if n_cut else ""
    remedy = "raise layout.max_tokens or take shorter solutions" if n_cut else "label more problems or lower the share"
    return InputError(
        f"no example is left to train on: {n_examples} given, validation_share={validation_share}{cut}; {remedy}"
    )


def _check_embedded(model: Any, rows: Sequence[Row], base: str | Path) -> None:
    """Refuse tokens that the model has no embedding for: it would fail in the middle of the training."""
    n_embedded, largest = model.get_input_embeddings().num_embeddings, max(max(row.ids) for row in rows)
    if largest >= n_embedded:
        raise InputError(
            f"{base} embeds {n_embedded} tokens and its tokenizer gives token {largest}; save the tokenizer that belongs to "
            "the model, or resize the model's embeddings"
        )


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
