"""The tokens of one question, each distinct one once, as an engine counts them that answers this question alone.

In: what the question asked of its models, and what they answered. Out: counts that do not depend on the questions beside it,
with which it may share calls, batches and cached prefixes.
"""

from collections.abc import Iterable, Sequence

from stepscale.generation.contract import Continuation, Request, Until
from stepscale.verifiers.contract import Trajectory

_Tree = dict[int, "_Tree"]  # the tokens that may follow, each with its own tree


class TokenCounts:
    """Grows with each call that is made for the question."""

    def __init__(self) -> None:
        self._cached: _Tree = {}  # tokens whose keys and values an engine would cache
        self._read: set[tuple[str, tuple[str, ...]]] = set()  # beginnings of solutions that the verifier has read

    def generated(
        self, requests: Sequence[Request], continuations: Sequence[Continuation], until: Until
    ) -> tuple[int, int]:
        """Tokens passed through the generator by a call: of prefixes, and drawn.

        The last token of a prefix is passed to draw the next one; the last one drawn only when something goes on from it.

        Args:
            requests: What was asked for.
            continuations: What was drawn.
            until: Whether a continuation ended with its step or its solution.

        Returns:
            Tokens of prefixes, and tokens drawn.
        """
        prefixes = dict.fromkeys(request.prefix for request in requests)
        prefill = sum(_grown(self._cached, prefix[:-1]) for prefix in prefixes) + len(prefixes)
        trees: dict[tuple[int, ...], _Tree] = {prefix: {} for prefix in prefixes}
        decode = 0
        for request, continuation in zip(requests, continuations, strict=True):
            decode += _grown(trees[request.prefix], continuation.tokens[:-1])
            if until == "step" and continuation.ended == "step":
                _grown(self._cached, request.prefix + continuation.tokens[:-1])
        return prefill, decode

    def read(self, trajectories: Sequence[Trajectory], step_tokens: Iterable[Sequence[int]]) -> int:
        """Tokens read by the verifier in a call.

        Args:
            trajectories: What it scored.
            step_tokens: Of each, the tokens of the problem and of each step that was read.
        """
        tokens = 0
        for trajectory, lengths in zip(trajectories, step_tokens, strict=True):
            for end in range(len(lengths) - 1, -1, -1):
                if (trajectory.problem, trajectory.steps[:end]) in self._read or len(lengths) == 1:
                    break
                self._read.add((trajectory.problem, trajectory.steps[:end]))
                tokens += lengths[end]
        return tokens


def _grown(tree: _Tree, tokens: Iterable[int]) -> int:
    """How many of these tokens are new to the tree; it has them afterwards."""
    n_new = 0
    for token in tokens:
        if token not in tree:
            tree[token] = {}
            n_new += 1
        tree = tree[token]
    return n_new
