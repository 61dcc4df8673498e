"""A process opens a model once for all pieces of work, which find it as if it were newly opened."""

from collections.abc import Iterator

import pytest

from stepscale.engine import opened as room
from stepscale.engine.opened import close_all, opened
from stepscale.engine.tasks import run_tasks


class Model:
    opened = 0

    def __init__(self, name: str) -> None:
        self.name, self.n_cached = name, 0
        Model.opened += 1

    def clear_cache(self) -> None:
        self.n_cached = 0


@pytest.fixture(autouse=True)
def nothing_open() -> Iterator[None]:
    close_all()
    Model.opened = 0
    yield
    close_all()


def read(name: str) -> int:
    model = opened(Model, name)
    model.n_cached += 1
    return model.n_cached


def test_equal_arguments_are_one_model_whose_cache_has_been_cleared() -> None:
    first = opened(Model, "a")
    assert [read("a"), read("a")] == [1, 1]
    assert opened(Model, "a") is first and opened(Model, "b") is not first
    assert Model.opened == 2


def test_few_models_are_open_at_once_and_the_one_used_longest_ago_goes() -> None:
    for name in ["a", "b", "c", "a", "d"]:
        opened(Model, name)
    assert [model.name for model in room._open.values()] == ["c", "a", "d"]


def test_work_that_ends_closes_them() -> None:
    assert list(run_tasks(read, [("a",)] * 3)) == [1, 1, 1]
    assert Model.opened == 1 and not room._open
