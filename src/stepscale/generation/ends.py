"""A solution that goes on to a problem of the model's own: where it ends.

A base that is asked by examples often writes a further one after its solution. What stands before the line that opens it is the
whole solution.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from stepscale.generation.contract import Continuation


def ended_before(opening: str, drawn: Continuation, decode: Callable[[Sequence[int]], str]) -> Continuation:
    """``drawn`` cut before the first line that starts with ``opening``, as a solution that has ended; else as it is."""
    last = len(drawn.tokens) - 1
    ends = [*drawn.step_ends, *([last] if not drawn.step_ends or drawn.step_ends[-1] < last else [])]
    start = 0
    for end in ends:
        if decode(drawn.tokens[start : end + 1]).strip().startswith(opening):
            kept = tuple(e for e in drawn.step_ends if e < start)
            return replace(
                drawn, tokens=drawn.tokens[:start], logprobs=drawn.logprobs[:start], ended="solution", step_ends=kept
            )
        start = end + 1
    return drawn
