"""bfloat16 is taken by itself only where the machine is fast at it, and settings then name the precision that was taken."""

import pytest
from pydantic import ValidationError

from stepscale.engine import precision
from stepscale.engine.placement import GeneratorPlacement
from stepscale.training import optimization
from stepscale.training.optimization import Optimization
from stepscale.verifiers.options import LoRA, VerifierOptions


@pytest.fixture(params=[False, True], ids=["slow at bfloat16", "fast at bfloat16"])
def is_fast(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A machine of either kind."""
    for module in (precision, optimization):
        monkeypatch.setattr(module, "is_fast_at_bfloat16", lambda: request.param)
    return bool(request.param)


def test_auto_is_settled_when_settings_are_read(is_fast: bool) -> None:
    expected = "bfloat16" if is_fast else "float32"
    assert GeneratorPlacement.model_validate({"dtype": "auto"}).dtype == expected
    options = VerifierOptions.model_validate({"weights": {"rank": 4}, "frozen_dtype": "auto"})
    assert options.frozen_dtype == expected
    assert options.optimization.uses_bfloat16 is is_fast


def test_a_named_precision_is_taken_on_any_machine(is_fast: bool) -> None:
    for name in ("float32", "bfloat16"):
        assert GeneratorPlacement.model_validate({"dtype": name}).dtype == name
        assert Optimization.model_validate({"precision": name}).uses_bfloat16 is (name == "bfloat16")


def test_frozen_bfloat16_asks_for_products_in_bfloat16(is_fast: bool) -> None:
    frozen = {"weights": LoRA(rank=4), "frozen_dtype": "bfloat16"}
    if is_fast:
        assert VerifierOptions.model_validate(frozen).frozen_dtype == "bfloat16"
    else:
        with pytest.raises(ValidationError, match=r"goes with .* optimization.precision: bfloat16"):
            VerifierOptions.model_validate(frozen)


def test_another_word_is_refused() -> None:
    with pytest.raises(ValidationError, match="float32"):
        GeneratorPlacement.model_validate({"dtype": "fast"})
