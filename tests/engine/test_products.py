"""Packed products are the plain ones, for any number of rows, and a row's product does not depend on its company."""

import pytest
import torch

from stepscale.engine.products import Matrix, Product, rounded


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("rows", [1, 31, 63, 64, 65, 100, 256])
def test_a_product_is_rows_times_weight_whatever_their_number(rows: int, dtype: torch.dtype) -> None:
    torch.manual_seed(rows)
    weight, x, plus = (torch.randn(shape, dtype=dtype) for shape in ((48, 80), (rows, 48), (rows, 80)))
    product, near = Product(weight), 0.2 if dtype == torch.bfloat16 else 1e-4
    with torch.inference_mode():
        torch.testing.assert_close(product(x), x @ weight, atol=near, rtol=0)
        torch.testing.assert_close(product(x, plus), plus + x @ weight, atol=near, rtol=0)
        torch.testing.assert_close(product(x, plus[0]), plus[0] + x @ weight, atol=near, rtol=0)


def test_what_stands_beside_a_row_does_not_change_it_in_a_batch_of_64_or_more() -> None:
    torch.manual_seed(0)
    x, product = torch.randn(500, 64), Product(torch.randn(64, 176))
    with torch.inference_mode():
        expected = product(x)
        for rows in (64, 77, 128, 499):
            torch.testing.assert_close(product(x[:rows]), expected[:rows], atol=1e-6, rtol=0)


def test_a_packed_matrix_meets_few_numbers_of_rows_and_any_other_gets_no_more_than_are_used() -> None:
    weight = torch.zeros(2, 2)
    assert {rounded(rows, Matrix(weight, weight)) for rows in range(64, 257)} == {64, 96, 128, 160, 192, 224, 256}
    assert [rounded(rows, Matrix(weight, weight)) for rows in (0, 1, 63)] == [0, 1, 63]
    assert [rounded(rows, Matrix(weight, None)) for rows in (63, 65, 200)] == [63, 65, 200]


def test_nothing_is_packed_where_the_processor_has_avx2_alone(monkeypatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert Product(torch.zeros(2, 2)).matrix.packed is None
