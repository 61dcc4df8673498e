"""A sampling that no drawing can have is refused where it is made, however it is made."""

from dataclasses import replace

import numpy as np
import pytest

from stepscale.errors import InputError
from stepscale.generation.contract import Sampling

REFUSED = {
    "max_new_tokens": [0, -1, 1.5, 5.0, True, None, "9", float("nan")],
    "temperature": [-1, -1e-9, 1e-9, 1e-40, 10.5, 1e9, float("nan"), float("inf"), None, "1", True],
    "top_p": [0, -0.1, 2, 1.0001, float("nan"), None],
    "certainty": ["no", "", 0, 1, None],
    "group": [0, -5, 1.5, 2.0, True, None, "9"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_an_impossible_sampling_is_refused_in_one_line_that_names_the_value(name: str, value: object) -> None:
    for make in (lambda: Sampling(**{name: value}), lambda: replace(Sampling(), **{name: value})):
        with pytest.raises(InputError, match=f"sampling: {name} {value!r} must be") as caught:
            make()
        assert "\n" not in str(caught.value)


def test_numbers_of_numpy_and_the_least_and_greatest_values_are_taken() -> None:
    Sampling(np.float32(0.5), np.float64(1.0), np.int64(1))
    Sampling(temperature=0, top_p=1, max_new_tokens=1, group=1)
    Sampling(group=np.int64(2048))
