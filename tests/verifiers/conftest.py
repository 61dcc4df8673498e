"""Tiny models and tokenizers made on the spot; nothing is downloaded."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny_models

from stepscale.verifiers.contract import Trajectory

TEXTS = [
    "What is 12 + 7 - 3?",
    "Compute 4 times 25, then add 1.",
    "so 12 + 7 = 19.",
    "19 - 3 = 16.",
    "thus 100.\n\n",
    "the answer is 16.\n",
    "Step 1: 12 + 7 = 19 ки\nStep 2: 19 - 3 = 16 ки\nStep 3: done ки",
    "+ -",
    "wait , \n no",
]


def _make_bpe(
    special: Sequence[str] = ("<pad>", "<s>", "</s>"), metaspace: bool = False, bos: bool = False, size: int = 400
) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Metaspace(prepend_scheme="first")]
        )
        tokenizer.decoder = decoders.Metaspace()
        alphabet = sorted(set("".join(TEXTS)) | {"▁"})
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS * 5, trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        clean_up_tokenization_spaces=False,
        extra_special_tokens=[token for token in special if token not in ("<pad>", "<s>", "</s>")],
    )


def _tiny_config(kind: str, vocabulary: int, **options: Any) -> Any:
    sizes = {"vocab_size": vocabulary, "num_hidden_layers": 3, "initializer_range": 0.3}
    return tiny_models.tiny_config(kind, **sizes, **options)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny products are slower on several threads, much slower beside other work."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_bpe() -> Callable[..., Any]:
    return _make_bpe


@pytest.fixture
def tiny_config() -> Callable[..., Any]:
    return _tiny_config


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A random causal Llama with a BPE tokenizer that knows rating tokens."""
    tokenizer = _make_bpe(("<pad>", "<s>", "</s>", "<judge>", "<bad>", "<ok>", "<good>"))
    return tiny_models.save_causal(tmp_path / "base", _tiny_config("llama", len(tokenizer)), tokenizer)


@pytest.fixture
def trajectories() -> list[Trajectory]:
    """Solutions of three problems: shared beginnings, duplicates, one without steps, one long."""
    rng = np.random.default_rng(0)
    result = []
    for a in (12, 4, 25):
        problem = f"What is {a} + 7 - 3?"
        for _ in range(12):
            steps = [f"so {a} + 7 = {a + 7 + int(rng.integers(2))}."]
            steps += [f"19 - {int(rng.integers(3))} = 16." for _ in range(rng.integers(0, 5))]
            result.append(Trajectory(problem, tuple(steps)))
    return [*result, result[3], Trajectory("What is 12 + 7 - 3?", ())]


@pytest.fixture
def labeled() -> Callable[[int], tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
    """Tables of n problems (problems, step_labels, solutions): sums whose second step is right or wrong."""

    def make(n: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        rng = np.random.default_rng(1)
        problems, labels, solutions = [], [], []
        for i in range(n):
            a, b = (int(x) for x in rng.integers(1, 10, 2))
            wrong = bool(rng.random() < 0.5)
            steps = [f"so {a} + {b}", "19 no." if wrong else "16 thus."]
            problems.append({"problem_id": f"p{i}", "problem": f"What is {a} + {b}?"})
            for step, text in enumerate(steps):
                labels.append(
                    {
                        "problem_id": f"p{i}",
                        "sample_id": 0,
                        "step": step,
                        "completion": 0,
                        "text": text,
                        "rating": -1 if step and wrong else 1,
                        "value": float(not (step and wrong)),
                        "is_chosen": True,
                        "labeler": "t",
                    }
                )
            solutions.append(
                {"problem_id": f"p{i}", "sample_id": 0, "steps": steps, "is_correct": not wrong, "finish": "solution"}
            )
        frames = [pd.DataFrame(rows) for rows in (problems, labels, solutions)]
        return frames[0], frames[1].astype({"rating": "Int8", "value": "Float64"}), frames[2]

    return make
