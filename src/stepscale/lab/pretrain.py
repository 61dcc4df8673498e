"""Makes the lab's base models: ``python -m stepscale.lab.pretrain --out FOLDER`` (seeded; a GPU takes minutes).

Killed, it goes on from its last checkpoint. At every token of the corpus the model learns the next token and the rating of
the step. docs/lab.md tells how the checkpoints that ship with the project were made. Knows nothing about generators or
verifiers: those are fine-tuned from a base in every run.
"""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from transformers import HfArgumentParser, LlamaForCausalLM, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from stepscale.engine.lanes import Lanes
from stepscale.lab.base_model import go_on_from, new_model
from stepscale.lab.corpus import IGNORED, LENGTHS, TRANSCRIPTS, Rated, encode_pages, write_page
from stepscale.lab.muon import MuonAndAdamW
from stepscale.lab.pretrain_options import PretrainOptions
from stepscale.lab.tokenizer import RATING_TOKENS, build_tokenizer
from stepscale.seeds import seed_for
from stepscale.training.lane_trainer import LaneTrainer

_MAX_SHORT_TOKENS = 128
_CHUNK = 20_000  # documents written by one worker at a time


Document = tuple[np.ndarray, np.ndarray, np.ndarray]  # ids, next tokens, rating classes: each [T]


def _write_chunk(task: tuple[int, int, int, float, Rated]) -> list[Document]:
    seed, chunk, n, transcripts, rated = task
    rng = Random(seed_for(seed, "corpus", sample_id=chunk))
    encoded = encode_pages([write_page(rng, transcripts=transcripts) for _ in range(n)], build_tokenizer(), rated)
    return [(np.array(ids, np.uint16), np.array(a, np.int16), np.array(b, np.int16)) for ids, a, b in encoded]


def write_corpus(
    documents: int, seed: int, workers: int, transcripts: float = TRANSCRIPTS, rated: Rated = "all"
) -> list[Document]:
    """``documents`` encoded documents; the same ones whatever the number of workers.

    Args:
        documents: How many.
        seed: Decides them all.
        workers: Processes that write.
        transcripts: Share of the solutions that have earlier attempts, 0 to 1.
        rated: Which steps have a rating to learn.

    Returns:
        The documents as token ids and targets.
    """
    sizes = [min(_CHUNK, documents - start) for start in range(0, documents, _CHUNK)]
    tasks = [(seed, chunk, size, transcripts, rated) for chunk, size in enumerate(sizes)]
    with ProcessPoolExecutor(workers) as pool:
        return [document for chunk in pool.map(_write_chunk, tasks) for document in chunk]


class Batches(torch.utils.data.IterableDataset[dict[str, torch.Tensor]]):
    """Batches of documents of like length: input_ids [B, T], labels [B, T, 2] (next token, rating class)."""

    def __init__(self, documents: list[Document], options: PretrainOptions) -> None:
        self.options = options
        self.buckets = _bucketed(documents)

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        rng = np.random.default_rng(self.options.seed)
        lengths = list(self.buckets)
        tokens = np.array([ids.size for ids, _ in self.buckets.values()], float)
        for step in range(self.options.steps):
            # Look-ups are found among a few sentences first; among many they take several times as long.
            shares = (
                np.where(np.array(lengths) > _MAX_SHORT_TOKENS, 0, tokens)
                if step < self.options.short_steps
                else tokens
            )
            length = int(rng.choice(lengths, p=shares / shares.sum()))
            ids, targets = self.buckets[length]
            rows = rng.integers(0, len(ids), self.options.tokens_per_batch // length)
            yield {
                "input_ids": torch.from_numpy(ids[rows].astype(np.int64)),
                "labels": torch.from_numpy(targets[rows].astype(np.int64)),
            }


def _bucketed(documents: list[Document]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Ids [n, T] and targets [n, T, 2] padded to the next length. The longest few are left out."""
    result = {}
    below = 0
    for length in LENGTHS:
        chosen = [document for document in documents if below < len(document[0]) <= length]
        below = length
        if len(chosen) > 50:
            ids = np.zeros((len(chosen), length), np.uint16)
            targets = np.full((len(chosen), length, 2), IGNORED, np.int16)
            for row, (tokens, following, classes) in enumerate(chosen):
                ids[row, : len(tokens)] = tokens
                targets[row, : len(tokens), 0], targets[row, : len(tokens), 1] = following, classes
            result[length] = (ids, targets)
    return result


class JudgingTrainer(LaneTrainer):
    """Trainer whose loss is that of the next token plus that of the step's rating among ``rating_ids``."""

    rating_ids: list[int]
    _targets: torch.Tensor  # of the batch, which the lanes share: next tokens, rated tokens

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """Mean cross entropies of the whole batch, whatever part of it a lane has.

        Args:
            model: The model that is trained.
            inputs: ``input_ids`` [B, T] and ``labels`` [B, T, 2].
            num_items_in_batch: Unused: targets are counted in the batch.

        Returns:
            The loss, a scalar.
        """
        self._targets = (inputs["labels"] != IGNORED).sum((0, 1)).clamp(min=1)
        return super().training_step(model, inputs, num_items_in_batch)

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """A part's share of the batch's mean cross entropies, added.

        Args:
            model: Or a replica of it, in a lane.
            inputs: ``input_ids`` [B, T] and ``labels`` [B, T, 2].
            return_outputs: Not asked for by this trainer.
            num_items_in_batch: Unused: targets are counted in the batch.

        Returns:
            The loss, a scalar.
        """
        labels = inputs["labels"]
        logits = model(input_ids=inputs["input_ids"], use_cache=False).logits.float()
        following = _summed(logits, labels[..., 0]) / self._targets[0]
        return following + _summed(logits[..., self.rating_ids], labels[..., 1]) / self._targets[1]


def _summed(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )


def _training_arguments(options: PretrainOptions) -> TrainingArguments:
    return TrainingArguments(
        output_dir=options.out,
        max_steps=options.steps,
        per_device_train_batch_size=1,
        seed=options.seed,
        lr_scheduler_type=options.schedule,
        warmup_steps=200,
        max_grad_norm=1.0,
        bf16=True,
        use_cpu=not torch.cuda.is_available(),
        logging_steps=100,
        save_steps=500,
        save_total_limit=1,
        report_to="none",
        disable_tqdm=True,
        dataloader_num_workers=0,
        remove_unused_columns=False,
    )


def pretrain(options: PretrainOptions) -> None:
    """Write the corpus, train, save model and tokenizer under ``options.out``.

    Args:
        options: What is made, and where it is saved.
    """
    Path(options.out).mkdir(parents=True, exist_ok=True)  # where that is refused, before hours of work
    # 1. the corpus, and a new model or one to go on from
    tokenizer = build_tokenizer()
    documents = write_corpus(options.documents, options.seed, options.workers, options.transcripts, options.rated)
    model = new_model(options, tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))))
    if options.init:
        go_on_from(LlamaForCausalLM.from_pretrained(options.init), model)
    # 2. training
    optimizer = MuonAndAdamW(model, options.learning_rate, weight_decay=0.01)
    with Lanes(0 if torch.cuda.is_available() else options.threads) as lanes:
        trainer = JudgingTrainer(
            model,
            _training_arguments(options),
            lanes=lanes,
            bfloat16=True,
            train_dataset=Batches(documents, options),
            data_collator=lambda rows: rows[0],
            optimizers=(optimizer, None),
        )
        torch.set_num_threads(max(1, options.threads if not lanes.n else 1))  # accelerate has set it to all cores
        trainer.rating_ids = [tokenizer.convert_tokens_to_ids(mark) for mark in RATING_TOKENS]
        if options.compile:
            torch.compiler.config.recompile_limit = 2 * len(LENGTHS) * max(1, options.threads)
            for learner in trainer.replicas or [model]:
                learner.model.compile(dynamic=False)
        trainer.train(resume_from_checkpoint=get_last_checkpoint(options.out))
    # 3. model, tokenizer and how it was made
    shutil.rmtree(Path(options.out) / f"checkpoint-{options.steps}", ignore_errors=True)
    model.to(getattr(torch, options.saved_as)).save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    history = [row for row in trainer.state.log_history if "loss" in row]
    names = {"out": Path(options.out).name, "init": Path(options.init).name}  # not this machine's own folders
    made_by = {"options": vars(options) | names, "history": history}
    (Path(options.out) / "pretraining.json").write_text(json.dumps(made_by, indent=1))


if __name__ == "__main__":
    pretrain(HfArgumentParser(PretrainOptions).parse_args_into_dataclasses()[0])
