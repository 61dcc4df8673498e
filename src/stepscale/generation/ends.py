"""Ends a solution where the model goes on to write a new problem.

A base that is prompted with examples often writes a further example after its solution. The solution is the text before the
line that opens it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator

from stepscale.generation.contract import Continuation
from stepscale.user_settings import TextOrBlank

_MAX_BLANK_TOKENS = 4  # tokens of blank lines that may come before a line that ends a solution


def _begins_a_line(opening: str) -> str:
    if not opening.strip():
        raise ValueError("is blank, and so begins no line; write how the line begins, or null")
    if opening != opening.lstrip() or len(opening.splitlines()) > 1:
        raise ValueError("must be the beginning of one line, without blanks before it")
    return opening


LineBeginning = Annotated[TextOrBlank, AfterValidator(_begins_a_line)]
"""How a line begins that ends a solution."""


def end_tokens(opening: str) -> int:
    """How many tokens may be needed to see whether a solution ends here: at most one per character of the line's start.

    Args:
        opening: The beginning of a line that ends a solution; "": none.
    """
    return _MAX_BLANK_TOKENS + len(opening) if opening else 1


def ended_before(opening: str, continuation: Continuation, decode: Callable[[Sequence[int]], str]) -> Continuation:
    """``continuation`` cut before the first line that starts with ``opening``, as a solution that has ended; else as it is.

    Args:
        opening: Start of the line at which a solution ends; that line is not part of it.
        continuation: As the model drew it.
        decode: Text of token ids.
    """
    last, model_tokens = len(continuation.tokens) - 1, continuation.model_tokens
    ends = [
        *continuation.step_ends,
        *([last] if not continuation.step_ends or continuation.step_ends[-1] < last else []),
    ]
    start = 0
    for end in ends:
        if decode(continuation.tokens[start : end + 1]).strip().startswith(opening):
            step_ends = tuple(e for e in continuation.step_ends if e < start)
            return replace(
                continuation,
                tokens=continuation.tokens[:start],
                logprobs=continuation.logprobs[:start],
                certainties=continuation.certainties[:start],
                ended="solution",
                step_ends=step_ends,
                model_tokens=model_tokens if model_tokens is None or start else 0,
            )
        start = end + 1
    return continuation
