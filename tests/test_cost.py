"""Ledgers count exactly, whatever type a number has, and say what they cannot count."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from stepscale.cost import Ledger, ModelCost, total
from stepscale.errors import InputError

INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]


@pytest.mark.parametrize("kind", INTEGERS)
def test_counts_of_every_numpy_integer_add_up_as_python_integers_do(kind: Any) -> None:
    most, ledger = int(np.iinfo(kind).max), Ledger()
    for phase in ("prefill", "decode", "verify", "decode"):
        ledger.add("m", phase, kind(most), parameters=kind(most), attention_width=kind(most), context_sum=kind(most))  # type: ignore[arg-type]
    cost = ledger.models["m"]
    assert (ledger.tokens, cost.decode, cost.context_sum) == (4 * most, 2 * most, 4 * most)
    assert all(type(value) is int for value in (ledger.tokens, cost.parameters, cost.attention_width, cost.context_sum))
    assert ledger.flops() == 2.0 * most * (4 * most)
    assert ledger.flops(attention=True) == ledger.flops() + 4.0 * most * (4 * most)
    assert ModelCost(prefill=kind(most), decode=kind(most)).tokens == 2 * most


def test_tensors_and_arrays_without_axes_are_counts_too() -> None:
    torch = pytest.importorskip("torch")
    for kind in (torch.uint8, torch.int16, torch.int32, torch.int64):
        ledger, most = Ledger(), torch.iinfo(kind).max
        for _ in range(3):
            ledger.add("m", "verify", torch.tensor(most, dtype=kind), seconds=torch.tensor(0.5))
        assert ledger.tokens == 3 * most and type(ledger.tokens) is int
        assert type(ledger.models["m"].seconds) is float and ledger.models["m"].seconds == 1.5
    ledger.add("n", "decode", np.array(200, np.uint8))  # type: ignore[arg-type]
    assert ledger.models["n"].decode == 200


def test_a_float_that_is_whole_is_a_count() -> None:
    ledger = Ledger()
    ledger.add("m", "decode", 100, parameters=7e9)  # type: ignore[arg-type]
    assert ledger.flops() == 1.4e12 and type(ledger.models["m"].parameters) is int


@pytest.mark.parametrize(
    "wrong", [1.5, np.float32(0.5), float("nan"), float("inf"), "5", b"5", None, 1j, [5], np.array([5]), Fraction(1, 2)]
)
@pytest.mark.parametrize("name", ["tokens", "parameters", "attention_width", "context_sum"])
def test_what_is_no_whole_number_is_refused_and_nothing_is_counted(name: str, wrong: Any) -> None:
    ledger = Ledger()
    with pytest.raises(InputError, match=f"{name} must be a whole number, not") as caught:
        ledger.add("m", "decode", **{"tokens": 1, name: wrong})
    assert "\n" not in str(caught.value) and not ledger.models


@pytest.mark.parametrize("wrong", ["1.5", None, [1.0], 1j])
def test_a_time_that_is_no_number_is_refused(wrong: Any) -> None:
    ledger = Ledger()
    with pytest.raises(InputError, match="seconds must be a number"):
        ledger.add("m", "decode", 1, seconds=wrong)
    assert not ledger.models


@pytest.mark.parametrize("phase", ["seconds", "parameters", "context_sum", "tokens", "reading", "", None, 3])
def test_a_phase_that_is_none_is_refused_by_naming_those_that_are(phase: Any) -> None:
    ledger = Ledger()
    with pytest.raises(InputError, match="phase must be one of prefill, decode, verify, not"):
        ledger.add("m", phase, 5)
    assert not ledger.models


def test_small_times_in_single_precision_are_not_lost() -> None:
    ledger = Ledger()
    for _ in range(1000):
        ledger.add("m", "decode", 0, seconds=np.float16(1.0))  # type: ignore[arg-type]
    ledger.add("m", "decode", 0, seconds=np.float16(0.001))  # type: ignore[arg-type]
    assert ledger.models["m"].seconds == pytest.approx(1000.001)


def two_ledgers() -> tuple[Ledger, Ledger]:
    first, second = Ledger(), Ledger()
    first.add("a", "prefill", 3, parameters=5, attention_width=2, context_sum=7, seconds=0.5)
    first.add("b", "verify", 4)
    second.add("a", "decode", 11, context_sum=1, seconds=0.25)
    return first, second


def test_ledgers_add_up_by_plus_by_sum_and_by_total() -> None:
    first, second = two_ledgers()
    expected = ModelCost(parameters=5, attention_width=2, prefill=3, decode=11, context_sum=8, seconds=0.75)
    for summed in (first + second, sum([first, second]), total([first, second]), sum([first, second], Ledger())):
        assert isinstance(summed, Ledger) and summed.models == {"a": expected, "b": ModelCost(verify=4)}
    assert (first, second) == two_ledgers()
    alone = sum([first])
    assert isinstance(alone, Ledger) and alone == first and alone.models["a"] is not first.models["a"]


@pytest.mark.parametrize("other", [1, 0.5, "0", None, {}])
def test_nothing_else_adds_to_a_ledger(other: Any) -> None:
    for add in (lambda: Ledger() + other, lambda: other + Ledger()):
        with pytest.raises(TypeError, match=r"unsupported operand|can only concatenate"):
            add()
