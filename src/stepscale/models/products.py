"""Products of many rows with one fixed weight matrix: a small model's forward pass is little else.

In: a weight [in, out], then rows. Out: rows @ weight. On a CPU float32 products of many rows go to oneDNN with the weight
packed once, because the library behind ``torch.mm`` leaves half of an AVX-512 processor unused where it does not know the
make (docs/engine.md); where oneDNN is not offered, or rows are few, it is ``torch.mm``. Both compute in float32. Knows nothing of
layers.
"""

import torch
from torch.nn import functional

_FEW = 64  # rows; below, calling oneDNN costs more than it saves
_MULTIPLE = 32  # rows; oneDNN compiles a kernel for every number of rows it meets, so there are few such numbers


def rounded(rows: int) -> int:
    """How many rows to compute so that ``rows`` of them can be used: more by less than 32, and no kernel is compiled for each."""
    return rows if rows < _FEW else rows + -rows % _MULTIPLE


class Product:
    """``product(rows)`` is ``rows @ weight``, ``product(rows, plus)`` is ``plus + rows @ weight``; ``plus`` [n, out] or [out].

    Rows are best given in a ``rounded`` number; else they are copied.
    """

    def __init__(self, weight: torch.Tensor) -> None:
        self._weight = weight.contiguous()
        self._packed = torch.ops.mkldnn._reorder_linear_weight(weight.t().contiguous()) if _offered(weight) else None

    def __call__(self, rows: torch.Tensor, plus: torch.Tensor | None = None) -> torch.Tensor:
        """[n, in] -> [n, out]."""
        n = len(rows)
        if self._packed is None or n < _FEW:
            return rows @ self._weight if plus is None else torch.addmm(plus, rows, self._weight)
        if n % _MULTIPLE:
            rows = functional.pad(rows, (0, 0, 0, rounded(n) - n))
        found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._packed, None, "none", [], "")[:n]
        return found if plus is None else found.add_(plus)


def _offered(weight: torch.Tensor) -> bool:
    """Whether oneDNN can do it here."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )
