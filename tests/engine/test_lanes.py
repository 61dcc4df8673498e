"""How many threads products take, here and in processes that begin."""

import os
import sys

import pytest
import torch

from stepscale.engine.lanes import limit_threads


def test_a_limit_of_threads_holds_for_torch_whether_it_is_loaded_or_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = torch.get_num_threads()
    limit_threads(1)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)
    monkeypatch.delitem(sys.modules, "torch")
    limit_threads(3)
    assert os.environ["OMP_NUM_THREADS"] == "3" and torch.get_num_threads() == before, (
        "torch reads it when it is loaded"
    )
