"""No pattern of the grading room tries a text in more ways than the text has characters: a model may write anything."""

import importlib
import itertools
import pkgutil
import re
from types import ModuleType

import pytest
from bounded_work import ends

import stepscale.grading

MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(stepscale.grading.__path__, "stepscale.grading.")
]
FRAGMENTS = [*"1., aA-$\\{}()[]%^*_/x='!#:&", "\n", "of ", "is ", "answer", "\\text", "\\frac", "\u00b2"]
REPEATED = ["".join(pair) * 120 for pair in itertools.product(FRAGMENTS, repeat=2)]


def patterns(module: ModuleType) -> list[re.Pattern[str]]:
    """Those of a module that stand for themselves or in a table."""
    found = []
    for value in vars(module).values():
        items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else [value]
        found += [item for item in items if isinstance(item, re.Pattern) and isinstance(item.pattern, str)]
    return found


@pytest.mark.parametrize("module", [m for m in MODULES if patterns(m)], ids=lambda module: module.__name__)
def test_a_pattern_ends_on_every_pair_of_fragments_said_again_and_again(module: ModuleType) -> None:
    with ends():
        for pattern in patterns(module):
            for text in REPEATED:
                pattern.match(text + "e\u0301")
