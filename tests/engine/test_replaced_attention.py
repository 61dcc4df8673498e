"""Models whose layers keep state by other means than attention are refused, and not run wrong in silence."""

import pytest
from transformers import AutoModelForCausalLM, DeepseekV3Config, DiffLlamaConfig, Gemma2Config, Lfm2Config, LlamaConfig

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


def test_keys_and_values_of_different_widths_are_refused() -> None:
    latent = {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8}
    model = AutoModelForCausalLM.from_config(DeepseekV3Config(**SMALL, **latent, first_k_dense_replace=2))
    with pytest.raises(InputError, match=r"DeepseekV3ForCausalLM has keys of width 16 and values of width 8") as caught:
        replace_attention(model)
    assert "choose another architecture" in str(caught.value)


def test_keys_of_another_width_than_the_configuration_says_are_refused() -> None:
    """As wide as the values, so that only the probe of the layers finds it."""
    latent = {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 16}
    model = AutoModelForCausalLM.from_config(DeepseekV3Config(**SMALL, **latent, first_k_dense_replace=2))
    with pytest.raises(
        InputError, match=r"keys of 2 heads of width 16 in layer 0, and its configuration says 2 of width"
    ):
        replace_attention(model)


def test_an_attention_that_caches_do_not_compute_is_refused_when_the_model_is_loaded() -> None:
    softcapped = AutoModelForCausalLM.from_config(Gemma2Config(**SMALL, head_dim=8))
    with pytest.raises(InputError, match=r"attention with softcap \(Gemma2Attention\) is not offered here"):
        replace_attention(softcapped)


def test_layers_that_attend_twice_are_refused() -> None:
    """Differential attention asks a cache twice for each layer: it answered, and tokens were others than the model's own."""
    twice = AutoModelForCausalLM.from_config(DiffLlamaConfig(**SMALL))
    with pytest.raises(InputError, match=r"DiffLlamaForCausalLM attends 4 times in 2 layers.*choose another"):
        replace_attention(twice)
