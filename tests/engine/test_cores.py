"""Pieces of work side by side: the same results in the same order, errors raised here, and nothing large is doubled."""

import math
import os
from pathlib import Path

import pytest
import torch

from stepscale.engine.cores import one_per_core

SEVERAL = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")


@pytest.fixture
def small_model(tmp_path: Path) -> str:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return str(tmp_path)


def _threads() -> int:
    return torch.get_num_threads()


@SEVERAL
def test_a_small_model_s_work_is_done_in_other_processes_of_one_thread_and_comes_in_order(
    small_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)  # here; the suite itself allows one
    assert list(one_per_core(math.sqrt, [(n * n,) for n in range(9)], small_model)) == list(range(9))
    assert set(one_per_core(_threads, [(), (), ()], small_model)) == {1}
    assert os.getpid() not in set(one_per_core(os.getpid, [(), (), ()], small_model))


def test_other_work_is_done_here(small_model: str) -> None:
    assert set(one_per_core(os.getpid, [(), ()], "a/name-on-the-hub")) == {os.getpid()}
    assert set(one_per_core(os.getpid, [()], small_model)) == {os.getpid()}
    assert list(one_per_core(os.getpid, [], small_model)) == []


def test_a_run_that_may_use_one_thread_starts_no_process(small_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert set(one_per_core(os.getpid, [(), (), ()], small_model)) == {os.getpid()}


def test_an_error_is_raised_here(small_model: str) -> None:
    with pytest.raises(ValueError, match="math domain error"):
        list(one_per_core(math.sqrt, [(1,), (-1,), (4,)], small_model))
