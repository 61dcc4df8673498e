"""A base model before it learns: random weights in which like names begin alike, or the weights of a smaller model, grown."""

import math
from collections.abc import Sequence

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from stepscale.lab.corpus import POSITIONS
from stepscale.lab.pretrain_options import PretrainOptions
from stepscale.lab.tokenizer import shared_content

_SHARED = 0.8  # of the variance of pieces that name the same thing, at the start


def new_model(options: PretrainOptions, pieces: Sequence[str]) -> LlamaForCausalLM:
    """A Llama-style model with random weights, in which pieces that name the same friend or number begin alike.

    So the model need not find out first that "Ann", "Ann has " and "Ann's " are about one friend.

    Args:
        options: Its size and seed.
        pieces: The text of each token id [V].

    Returns:
        The model, in float32.
    """
    torch.manual_seed(options.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(pieces),
            hidden_size=options.width,
            num_hidden_layers=options.layers,
            num_attention_heads=options.heads,
            num_key_value_heads=options.heads,
            intermediate_size=-(-options.width * 8 // 3 // 16) * 16,
            max_position_embeddings=POSITIONS,
            rope_parameters={"rope_type": "default", "rope_theta": options.rotary_base},
            tie_word_embeddings=True,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            initializer_range=0.5 / math.sqrt(options.width),
            attn_implementation="eager",  # the fused attention's backward pass is slow in bfloat16 on a CPU
        )
    )
    contents = [shared_content(piece) for piece in pieces]
    with torch.no_grad():
        rows = model.get_input_embeddings().weight
        shared = {content: torch.randn_like(rows[0]) * rows.std() for content in dict.fromkeys(contents) if content}
        for row, content in zip(rows, contents, strict=True):
            if content:
                row.mul_(math.sqrt(1 - _SHARED)).add_(shared[content], alpha=math.sqrt(_SHARED))
    return model


def go_on_from(trained: LlamaForCausalLM, model: LlamaForCausalLM) -> None:
    """Give ``model`` the weights of ``trained``, which may be narrower and have fewer layers; at first it computes the same.

    So a model of four layers, which finds out how to look things up, grows to one of six, which did not from random weights.
    Heads must be of one width. New parts read with the random weights that ``model`` has and at first write nothing.

    Args:
        trained: The smaller model, which is not changed.
        model: The larger model, changed in place.
    """
    large, small = model.state_dict(), trained.state_dict()
    width = trained.config.hidden_size
    share = math.sqrt(width / model.config.hidden_size)  # the norms' mean is now over features that are zero, too
    with torch.no_grad():
        # 1. What a new part writes is zero: new layers, heads and neurons, and new features of the residual stream.
        for name, weights in large.items():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                weights.zero_()
            elif "embed_tokens" in name or "lm_head" in name:
                weights[:, width:] = 0
            elif "norm" in name:
                weights.mul_(share)
        # 2. The trained weights stand in the first rows and columns.
        for name, weights in small.items():
            target = large[name][tuple(slice(n) for n in weights.shape)]
            target.copy_(weights * share if "norm" in name else weights)
