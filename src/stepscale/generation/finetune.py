"""Fine-tunes a causal language model to write solutions as newline-delimited steps (Lightman 2.3: format, not skill).

In: a base (folder or hub name), problems and the solutions to imitate. Out: a folder with model and tokenizer. The loss is
on the solution's tokens alone. Steps are tokenized one by one, by the function that verifiers use, so a step always ends with the
separator's own token: that is where step-wise generation stops. Knows nothing about sampling or search.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pydantic import Field
from torch.nn import functional

from stepscale.engine.encoding import StepEncoder, TextFormat
from stepscale.engine.loading import load_causal_lm, load_tokenizer, longest_input, save
from stepscale.errors import InputError
from stepscale.seeds import seed_for
from stepscale.training.batches import IGNORED, Row
from stepscale.training.callbacks import OnLog
from stepscale.training.fit import fit
from stepscale.training.fitting import FitReport
from stepscale.training.optimization import Optimization
from stepscale.user_settings import UserSettings


class GeneratorTraining(UserSettings):
    """How a generator is fine-tuned."""

    layout: TextFormat = TextFormat()
    correct_only: bool = Field(
        True, description="imitate only solutions graded correct, where a grade is known (Lightman 2.3)"
    )
    validation_share: float = Field(
        0.0, ge=0, lt=1, description="share of the problems imitated for the validation loss"
    )
    optimization: Optimization = Optimization(epochs=1)


def fine_tune_generator(
    base: str | Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    config: GeneratorTraining,
    out_folder: Path,
    on_log: OnLog | None = None,
) -> FitReport:
    """Fine-tune a language model on solutions and save it.

    Args:
        base: Folder or hub name of the model.
        problems: The problems table.
        solutions: Solutions to imitate. A column ``prompt`` holds text that stands in the problem's place, such as a problem
            with earlier attempts (``revisions.data``). A solution ends with the tokenizer's end-of-text token unless it was
            cut off (``finish`` is "length", or too long for the model).
        config: How it is trained.
        out_folder: Where model and tokenizer are saved.
        on_log: Receives the learning curves as (step, numbers).

    Raises:
        InputError: No solution is left to learn from, or the tokenizer has no end-of-text token.
    """
    tokenizer = load_tokenizer(base)
    if tokenizer.eos_token_id is None:
        raise InputError(
            f"the tokenizer of {base} has no end-of-text token; set eos_token in its tokenizer_config.json"
        )
    model = load_causal_lm(base)
    encoder = StepEncoder(tokenizer, config.layout, longest_input(model))
    chosen = _imitated(problems, solutions, config)
    aside = {
        pid
        for pid in chosen["problem_id"].unique()
        if seed_for(config.optimization.seed, "validation", pid) < config.validation_share * 2**63
    }
    valid = chosen["problem_id"].isin(aside)
    rows, validation = (_rows(part, encoder, tokenizer.eos_token_id) for part in (chosen[~valid], chosen[valid]))
    if not rows:
        raise InputError(f"no solution is left to learn from: {len(solutions)} given, {len(chosen)} to imitate")
    torch.manual_seed(seed_for(config.optimization.seed, "generator-dropout") % 2**63)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    report = fit(
        model, rows, validation, _next_token_loss, config.optimization, pad_id=pad, classes=True, on_log=on_log
    )
    save(model, tokenizer, out_folder)
    return report


def _imitated(problems: pd.DataFrame, solutions: pd.DataFrame, config: GeneratorTraining) -> pd.DataFrame:
    """The solutions to learn from, each with the text of its problem."""
    imitated = solutions[solutions["is_correct"].fillna(True).astype(bool)] if config.correct_only else solutions
    merged = imitated.merge(problems[["problem_id", "problem"]], on="problem_id", how="left")
    missing = merged["problem"].isna()
    if missing.any():
        unknown = merged.loc[missing, "problem_id"].iloc[0]
        raise InputError(
            f"problem_id {unknown!r} has solutions but is not in the problems table; ingest its problem too"
        )
    if "prompt" in merged:
        merged["problem"] = merged["prompt"].where(merged["prompt"].notna(), merged["problem"])
    return merged


def _rows(solutions: pd.DataFrame, encoder: StepEncoder, end_of_text: int) -> list[Row]:
    encoded = encoder.encode(zip(solutions["problem"], solutions["steps"], strict=True))
    rows = []
    for text, finish in zip(encoded, solutions["finish"], strict=True):
        if not text.step_ends:
            continue
        room = encoder.max_tokens is None or len(text.ids) < encoder.max_tokens
        finished = finish != "length" and not text.n_unread and room
        ids = [*text.ids, end_of_text] if finished else text.ids
        targets = np.array(ids, np.float32)  # token ids below 2**24 are exact in float32
        targets[: text.prompt_length] = IGNORED
        rows.append(Row(ids, targets))
    return rows


def _next_token_loss(outputs: Any, labels: torch.Tensor, items: Any) -> torch.Tensor:
    """Mean cross entropy of the solution's tokens, each predicted from those before it."""
    logits, targets = outputs.logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten()
    total = functional.cross_entropy(logits, targets, ignore_index=int(IGNORED), reduction="sum")
    return total / (items if items is not None else (targets != IGNORED).sum().clamp(min=1))
