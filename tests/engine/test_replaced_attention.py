"""Models whose layers remember by other means than attention are refused, and not run wrong in silence."""

import pytest
from transformers import AutoModelForCausalLM, Lfm2Config, LlamaConfig

from stepscale.engine.replaced_attention import replace_attention
from stepscale.errors import InputError

SMALL = {
    "vocab_size": 32,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def test_a_convolution_beside_attention_is_refused() -> None:
    mixed = AutoModelForCausalLM.from_config(Lfm2Config(**SMALL, layer_types=["conv", "full_attention"]))
    with pytest.raises(InputError, match=r"Lfm2ForCausalLM has layers without plain attention \(conv\)"):
        replace_attention(mixed)
    replace_attention(AutoModelForCausalLM.from_config(LlamaConfig(**SMALL)))
