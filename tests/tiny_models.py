"""Tiny models for tests and campaigns: random weights, real architectures, tokenizers made on the spot; no downloads."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any


def bpe_tokenizer(texts: Iterable[str], size: int = 400) -> Any:
    """A byte-level BPE fast tokenizer trained on ``texts``; of no texts, its tokens are bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<pad>", "<eos>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")


def letter_tokenizer(letters: Iterable[str]) -> Any:
    """A tokenizer with one token per letter, after <pad>, <s> and </s>."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = ["<pad>", "<s>", "</s>", *letters]
    tokenizer = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token=" "))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>")


def tiny_config(kind: str, **changes: Any) -> Any:
    """A configuration of an architecture, two layers of width 32; ``changes`` must give the size of the vocabulary."""
    from transformers import AutoConfig

    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 256,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    if not kind.startswith("gpt"):
        sizes["num_key_value_heads"] = 2
    return AutoConfig.for_model(kind, **(sizes | changes))


def save_causal(folder: Path, config: Any, tokenizer: Any, scale: float = 1.0) -> Path:
    """A causal model with random weights and its tokenizer, saved like any Hugging Face model.

    ``scale`` multiplies its matrices: above 1, the next token is more certain.
    """
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale) if parameter.dim() > 1 else None
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_tiny_llama(folder: Path, texts: Iterable[str], longest: int = 512, **changes: Any) -> Path:
    """A two-layer Llama of width 32 with a BPE tokenizer."""
    tokenizer = bpe_tokenizer(texts)
    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "intermediate_size": 64,
        "num_attention_heads": 2,
        "max_position_embeddings": longest,
        "bos_token_id": None,
        "eos_token_id": 1,
        "tie_word_embeddings": True,
    }
    return save_causal(folder, tiny_config("llama", **(sizes | changes)), tokenizer)


def tiny_classifier(**changes: Any) -> Any:
    """A Llama of width 16 that sorts each of 30 tokens into three classes."""
    import torch
    from transformers import LlamaForTokenClassification

    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "vocab_size": 30,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_attention_heads": 2,
        "num_labels": 3,
    }
    return LlamaForTokenClassification(tiny_config("llama", **(sizes | changes)))
