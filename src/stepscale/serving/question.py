"""What may be asked: a problem and a budget, checked before anything is computed.

In: values of unknown type, as the request had them. Out: a ``PolicyQuestion``, or an InputError whose single line can be
shown to the client.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.search.asking import checked_generations, checked_problem

_FIELDS = ("problem", "budget")
_MAX_PROBLEM_CHARACTERS = 20_000  # what the generator can read is checked in tokens, this keeps tokenizing cheap


@dataclass(frozen=True)
class PolicyQuestion:
    """A problem, and what may be spent on it.

    Attributes:
        problem: Its text, no blanks around it.
        budget: Generations that may be spent, 1 or more.
        draw: Questions that differ in it alone are answered independently.
        seed: Likewise, chosen by the client; 0: no choice.
        max_tokens: Longest solution that may be written; the policy has a limit of its own as well.
    """

    problem: str
    budget: int
    draw: int = 0
    seed: int = 0
    max_tokens: int = 2**31


def read_questions(request: object, most: int) -> list[PolicyQuestion]:
    """The questions of a request: a mapping, a list of mappings, a mapping of columns, or a table.

    Args:
        request: What came over the wire, as MLflow hands it on.
        most: Questions that one request may hold.

    Raises:
        InputError: One line with the field, the fault and the remedy.
    """
    rows = _rows(request)
    if not rows:
        raise InputError("the request holds no rows; give one problem and budget or more")
    check_number(len(rows), most)
    for row in rows:
        if unknown := [str(key) for key in row if key not in _FIELDS]:
            raise InputError(f"a question has a problem and a budget alone, not {unknown[0][:40]!r}; leave it out")
    return [read_question(row.get("problem"), row.get("budget")) for row in rows]


def check_number(n: int, most: int) -> None:
    """Check that one request does not hold more questions than allowed.

    Args:
        n: Questions of the request.
        most: The most there may be.

    Raises:
        InputError: It does.
    """
    if n > most:
        raise InputError(f"the request holds {n} questions, at most {most} are answered at once; send several requests")


def _rows(request: object) -> list[Mapping[str, Any]]:
    if isinstance(request, pd.DataFrame):
        if twice := [str(name) for name in request.columns[request.columns.duplicated()]]:
            raise InputError(f"the request names {twice[0]!r:.60} more than once; give each column once")
        return [{str(key): value for key, value in row.items()} for row in request.to_dict("records")]
    plain = _plain(request)
    if isinstance(plain, dict):
        columns = list(plain.values())
        if plain and all(isinstance(column, list) for column in columns):
            if len(set(map(len, columns))) > 1:
                raise InputError("the columns of the request differ in length; give every problem its budget")
            return [dict(zip(plain, values, strict=True)) for values in zip(*columns, strict=True)]
        return [plain]
    if isinstance(plain, list) and all(isinstance(row, dict) for row in plain):
        return plain
    raise InputError('a question is an object such as {"problem": "1+1", "budget": 4}; give one, or a list of them')


def _plain(value: object) -> Any:
    """The value without the numpy arrays that MLflow makes of every value."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def read_question(problem: object, budget: object) -> PolicyQuestion:
    """The question, checked.

    Args:
        problem: Its text, as it came.
        budget: Generations at most, as it came.

    Raises:
        InputError: It names the field, the fault and the remedy.
    """
    return PolicyQuestion(_problem(problem), checked_generations(budget))


def _problem(problem: object) -> str:
    text = checked_problem(problem)
    if len(text) > _MAX_PROBLEM_CHARACTERS:
        raise InputError(f"problem is too long: {len(text)} characters, at most {_MAX_PROBLEM_CHARACTERS} are read")
    return text.strip()
