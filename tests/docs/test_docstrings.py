"""What the library exports is told in full: every argument, what comes back, and what is raised."""

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from types import FunctionType
from typing import Any

import pytest

ROOMS = ["", ".estimators", ".grading", ".formats", ".search", ".verifiers", ".generation"]


def exported() -> Iterator[tuple[str, Callable[..., Any]]]:
    """(name, function) of every exported function, and of every public method that an exported class defines."""
    for room in ROOMS:
        module = import_module(f"stepscale{room}")
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) and value.__module__.startswith("stepscale"):
                for base in value.__mro__:
                    if base.__module__.startswith("stepscale"):
                        yield from ((f"{base.__name__}.{key}", method) for key, method in methods(base))
            elif isinstance(value, FunctionType):
                yield name, value


def methods(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for key, value in vars(cls).items():
        plain = getattr(value, "__func__", value)
        if not key.startswith("_") and isinstance(plain, FunctionType):
            yield key, plain


FUNCTIONS = dict(exported())


def test_there_is_much_that_is_exported() -> None:
    assert {"solve", "evaluate", "best_of_n", "TreeMethod.select", "LocalGenerator.generate"} <= FUNCTIONS.keys()
    assert len(FUNCTIONS) > 80


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_an_exported_function_tells_its_arguments_its_result_and_its_errors(name: str) -> None:
    function = inspect.unwrap(FUNCTIONS[name])
    text = inspect.getdoc(function) or ""
    parameters = [key for key in inspect.signature(function).parameters if key not in ("self", "cls")]
    args_section = section(text, "Args")
    assert [key for key in parameters if not re.search(rf"^ +\*{{0,2}}{key}\b.*:", args_section, re.M)] == []
    returned = function.__annotations__.get("return")
    if returned not in (None, "None", bool, "bool"):
        assert section(text, "Returns"), "it does not tell what comes back"
    if "raise InputError" in inspect.getsource(function):
        assert section(text, "Raises"), "it does not tell what it raises"


def section(text: str, name: str) -> str:
    """The lines of one section of a docstring in Google style."""
    match = re.search(rf"^{name}:\n((?: .*\n?|\n(?= ))+)", text, re.M)
    return match[1] if match else ""
