"""bfloat16 where this machine is fast at it: a processor without such instructions is tens of times slower than in float32."""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator


@cache
def is_fast_at_bfloat16() -> bool:
    """Whether this machine's GPU, or its processor if it has no GPU, multiplies in bfloat16 without emulation."""
    import torch  # here: settings import this module, and nothing heavy

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _settled(written: Any) -> Any:
    if written != "auto":
        return written
    return "bfloat16" if is_fast_at_bfloat16() else "float32"


Dtype = Annotated[Literal["float32", "bfloat16"], BeforeValidator(_settled)]
"""A precision; ``auto`` is settled when settings are read, so what a run keeps names the precision that it was made in."""
