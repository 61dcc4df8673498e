"""What a base model of the lab is made of: its size, its corpus, and how it is trained."""

import os
from dataclasses import dataclass, field
from typing import Literal

from stepscale.lab.corpus import TRANSCRIPTS, Rated


@dataclass
class PretrainOptions:
    """What to make. Sizes in tokens, documents or layers."""

    out: str = field(metadata={"help": "folder for the model and its tokenizer"})
    init: str = field(
        default="",
        metadata={
            "help": "model folder to go on from, instead of random weights; narrower or with fewer layers, it grows"
        },
    )
    width: int = field(default=64, metadata={"help": "hidden size"})
    layers: int = field(default=6, metadata={"help": "number of layers"})
    heads: int = field(default=4, metadata={"help": "attention heads"})
    documents: int = field(default=300_000, metadata={"help": "distinct documents to write"})
    transcripts: float = field(
        default=TRANSCRIPTS, metadata={"help": "share of the solutions that have earlier attempts, 0 to 1"}
    )
    steps: int = field(default=9_000, metadata={"help": "optimizer steps"})
    short_steps: int = field(default=0, metadata={"help": "optimizer steps at first that see short documents alone"})
    tokens_per_batch: int = field(default=8_192, metadata={"help": "tokens in a batch, padding included"})
    learning_rate: float = field(default=2e-2, metadata={"help": "Muon's, at its peak"})
    rotary_base: float = field(
        default=10_000.0, metadata={"help": "of the position code; a small one tells neighbors apart better"}
    )
    schedule: str = field(default="cosine", metadata={"help": "of the learning rate, a name that transformers knows"})
    rated: Rated = field(
        default="all",
        metadata={"help": "steps whose ratings are learned, too; slips: those that no misconception may strike"},
    )
    saved_as: Literal["float32", "bfloat16"] = field(
        default="float32", metadata={"help": "number format of the saved weights; bfloat16 takes half the space"}
    )
    seed: int = field(default=0, metadata={"help": "seed of corpus, weights and order"})
    workers: int = field(default=os.cpu_count() or 1, metadata={"help": "processes that write the corpus"})
    threads: int = field(
        default=os.cpu_count() or 1,
        metadata={"help": "lanes that train, a part of each batch on a core each, without a GPU"},
    )
    compile: bool = field(
        default=False, metadata={"help": "compile the model first (needs a C++ compiler; 1.4 times as fast)"}
    )
