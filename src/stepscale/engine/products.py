"""Products of many rows with one fixed weight matrix: a small model's forward pass is little else.

In: a weight [in, out], then rows. Out: rows @ weight. On a CPU float32 products of many rows go to oneDNN with the weight
packed once. The library behind ``torch.mm`` would leave half of an AVX-512 processor unused where it does not know the
make (docs/engine.md). Where oneDNN is not offered, where the processor has AVX2 alone, or where rows are few, it is
``torch.mm``. Both compute in float32. Knows nothing about layers.
"""

from typing import NamedTuple

import torch
from torch.nn import functional

_MIN_PACKED_ROWS = 64  # below, calling oneDNN costs more than it saves
_MULTIPLE = 32  # rows; oneDNN compiles a kernel for every number of rows it meets, so there are few such numbers


class Matrix(NamedTuple):
    """A weight [in, out] and its packed form, if oneDNN is offered."""

    weight: torch.Tensor
    packed: torch.Tensor | None


def rounded(rows: int, matrix: Matrix) -> int:
    """How many rows to compute so that ``rows`` of them can be used with a matrix such as this one.

    With a packed one more by less than 32, so that no kernel is compiled for each number of rows.

    Args:
        rows: That are used.
        matrix: What they are multiplied by.
    """
    return rows if matrix.packed is None or rows < _MIN_PACKED_ROWS else rows + -rows % _MULTIPLE


def product(
    rows: torch.Tensor,
    matrix: Matrix,
    plus: torch.Tensor | None = None,
    few: int = _MIN_PACKED_ROWS,
    multiple: int = _MULTIPLE,
) -> torch.Tensor:
    """``rows @ weight``, and ``plus`` added. In the subset of Python that TorchScript compiles.

    Args:
        rows: [n, in].
        matrix: The weight [in, out], and its packed form if oneDNN is offered.
        plus: Added to the product [n, out] or [out].
        few: Fewer rows than these go to ``torch.mm``.
        multiple: What oneDNN gets is padded to a multiple of so many rows.

    Returns:
        [n, out].
    """
    n = rows.shape[0]
    packed = matrix.packed
    if packed is None or n < few:
        return torch.mm(rows, matrix.weight) if plus is None else torch.addmm(plus, rows, matrix.weight)
    if n % multiple != 0:
        rows = functional.pad(rows, [0, 0, 0, multiple - n % multiple])
    result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, packed, None, "none", [], "")[:n]
    return result if plus is None else result.add_(plus)


class Product:
    """Calls as ``product(rows)`` for ``rows @ weight``, or ``product(rows, plus)`` for ``plus + rows @ weight``.

    Rows are best given in a ``rounded`` number; else they are copied.

    Args:
        weight: [in, out]. A copy in oneDNN's own layout is kept too, where that is faster.
    """

    def __init__(self, weight: torch.Tensor) -> None:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.t().contiguous()) if _offered(weight) else None
        self.matrix = Matrix(weight.contiguous(), packed)

    def __call__(self, rows: torch.Tensor, plus: torch.Tensor | None = None) -> torch.Tensor:
        """The product, and what is added to it.

        Args:
            rows: [n, in].
            plus: [n, out], or [out] for every row; None: nothing.

        Returns:
            [n, out].
        """
        return product(rows, self.matrix, plus)


def _offered(weight: torch.Tensor) -> bool:
    """Whether oneDNN can do it here, and is the faster one."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and torch.backends.cpu.get_cpu_capability() != "AVX2"
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )
