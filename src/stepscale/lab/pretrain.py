"""Makes the lab's base models: ``python -m stepscale.lab.pretrain --out FOLDER`` (seeded; a GPU takes minutes).

Killed, it goes on from its last checkpoint. First solutions only, then solutions and judged steps half and half:
judging starts from a model that can calculate. How the checkpoint that ships with the project was made is told in
docs/lab.md. Knows nothing of generators or verifiers: those are fine-tuned from the base in every run.
"""

import json
import math
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from transformers import HfArgumentParser, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from stepscale.lab.corpus import IGNORED, encode_pages, write_page
from stepscale.lab.tokenizer import build_tokenizer
from stepscale.seeds import seed_for

_LENGTHS = (48, 64, 80, 96, 112, 128, 160, 192, 256)  # documents are padded up to one of these (tokens)
_CHUNK = 20_000  # documents written by one worker at a time


@dataclass
class PretrainOptions:
    """What to make. Sizes in tokens, documents or layers."""

    out: str = field(metadata={"help": "folder for the model and its tokenizer"})
    init: str = field(default="", metadata={"help": "model folder to go on from, instead of random weights"})
    width: int = field(default=64, metadata={"help": "hidden size"})
    layers: int = field(default=6, metadata={"help": "number of layers"})
    heads: int = field(default=4, metadata={"help": "attention heads"})
    documents: int = field(default=300_000, metadata={"help": "distinct documents to write"})
    steps: int = field(default=9_000, metadata={"help": "optimizer steps"})
    solutions_first: float = field(default=0.2, metadata={"help": "share of steps on solutions alone"})
    tokens_per_batch: int = field(default=8_192, metadata={"help": "tokens in a batch, padding included"})
    learning_rate: float = field(default=3e-3, metadata={"help": "peak, cosine decay"})
    seed: int = field(default=0, metadata={"help": "seed of corpus, weights and order"})
    workers: int = field(default=os.cpu_count() or 1, metadata={"help": "processes that write the corpus"})
    threads: int = field(default=os.cpu_count() or 1, metadata={"help": "threads that train, where there is no GPU"})


def _write_chunk(task: tuple[int, int, bool, int]) -> list[tuple[np.ndarray, np.ndarray]]:
    seed, chunk, judged, n = task
    rng = Random(seed_for(seed, f"corpus/{'judged' if judged else 'solutions'}", sample_id=chunk))
    pages = [write_page(rng, judged) for _ in range(n)]
    encoded = encode_pages(pages, build_tokenizer())
    return [(np.array(ids, np.uint8), np.array(targets, np.int16)) for ids, targets in encoded]


def write_corpus(documents: int, judged: bool, seed: int, workers: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """``documents`` encoded documents of one kind; the same ones whatever the number of workers."""
    tasks = [(seed, i, judged, min(_CHUNK, documents - i * _CHUNK)) for i in range(math.ceil(documents / _CHUNK))]
    with ProcessPoolExecutor(workers) as pool:
        return [document for chunk in pool.map(_write_chunk, tasks) for document in chunk]


class Batches(torch.utils.data.IterableDataset[dict[str, torch.Tensor]]):
    """Endless batches of documents of like length: ids [B, T] and labels [B, T], shifted as transformers expects."""

    def __init__(self, kinds: list[list[tuple[np.ndarray, np.ndarray]]], options: PretrainOptions) -> None:
        self.options = options
        self.buckets = [_bucketed(documents) for documents in kinds]

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        rng = np.random.default_rng(self.options.seed)
        first = int(self.options.steps * self.options.solutions_first)
        for step in range(self.options.steps):
            kind = 0 if step < first else step % 2
            yield self._draw(self.buckets[kind], rng)

    def _draw(self, buckets: dict[int, tuple[Any, Any]], rng: np.random.Generator) -> dict[str, torch.Tensor]:
        lengths = list(buckets)
        tokens = np.array([length * len(buckets[length][0]) for length in lengths], float)
        length = int(rng.choice(lengths, p=tokens / tokens.sum()))
        ids, targets = buckets[length]
        rows = rng.integers(0, len(ids), self.options.tokens_per_batch // length)
        labels = np.full((len(rows), length), IGNORED, np.int64)
        labels[:, 1:] = targets[rows][:, :-1]  # transformers compares labels[t] with the prediction made at t-1
        return {"input_ids": torch.from_numpy(ids[rows].astype(np.int64)), "labels": torch.from_numpy(labels)}


def _bucketed(documents: list[tuple[np.ndarray, np.ndarray]]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Documents padded to the next length; one place is kept free for the shift. The longest few are left out."""
    result = {}
    below = 0
    for length in _LENGTHS:
        chosen = [d for d in documents if below < len(d[0]) + 1 <= length]
        below = length
        if len(chosen) > 50:
            ids = np.zeros((len(chosen), length), np.uint8)
            targets = np.full((len(chosen), length), IGNORED, np.int16)
            for row, (tokens, wanted) in enumerate(chosen):
                ids[row, : len(tokens)], targets[row, : len(wanted)] = tokens, wanted
            result[length] = (ids, targets)
    return result


def new_model(options: PretrainOptions, vocabulary: int) -> LlamaForCausalLM:
    """A Llama-style model with random weights."""
    torch.manual_seed(options.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary, hidden_size=options.width, num_hidden_layers=options.layers,
            num_attention_heads=options.heads, num_key_value_heads=options.heads,
            intermediate_size=-(-options.width * 8 // 3 // 16) * 16, max_position_embeddings=512, tie_word_embeddings=True,
            pad_token_id=0, bos_token_id=1, eos_token_id=2, initializer_range=0.5 / math.sqrt(options.width),
        )
    )  # fmt: skip


def pretrain(options: PretrainOptions) -> None:
    """Write the corpus, train, save model and tokenizer under ``options.out``."""
    half = options.documents // 2
    kinds = [write_corpus(half, judged, options.seed, options.workers) for judged in (False, True)]
    tokenizer = build_tokenizer()
    model = LlamaForCausalLM.from_pretrained(options.init) if options.init else new_model(options, len(tokenizer))
    arguments = TrainingArguments(
        output_dir=options.out, max_steps=options.steps, per_device_train_batch_size=1, seed=options.seed,
        learning_rate=options.learning_rate, lr_scheduler_type="cosine", warmup_steps=300,
        adam_beta2=0.95, weight_decay=0.01, max_grad_norm=1.0,
        bf16=torch.cuda.is_available(), logging_steps=100, save_steps=500, save_total_limit=1, report_to="none",
        disable_tqdm=True, dataloader_num_workers=0, remove_unused_columns=False,
    )  # fmt: skip
    trainer = Trainer(model, arguments, train_dataset=Batches(kinds, options), data_collator=lambda rows: rows[0])
    torch.set_num_threads(options.threads)  # accelerate has set it to the number of physical cores
    trainer.train(resume_from_checkpoint=get_last_checkpoint(options.out))
    shutil.rmtree(Path(options.out) / f"checkpoint-{options.steps}", ignore_errors=True)
    model.float().save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    history = [row for row in trainer.state.log_history if "loss" in row]
    (Path(options.out) / "pretraining.json").write_text(
        json.dumps({"options": vars(options), "history": history}, indent=1)
    )


if __name__ == "__main__":
    pretrain(HfArgumentParser(PretrainOptions).parse_args_into_dataclasses()[0])
