"""Keys and values of token prefixes, remembered: a radix tree, so a shared prefix is stored and computed once.

In: token tuples and the keys/values of their tokens, [layers, 2, kv_heads, tokens, head_dim]. Out: the longest known
part of a prefix, and padded buffers for many prefixes at once. Holds at most ``budget`` bytes once ``trim`` is called;
what was used longest ago goes first. Knows nothing of models: it never computes.
"""

from collections.abc import Sequence

import torch


class _Node:
    __slots__ = ("children", "kv", "parent", "tokens", "used")

    def __init__(self, tokens: tuple[int, ...], kv: torch.Tensor | None, parent: "_Node | None") -> None:
        self.tokens, self.kv, self.parent = tokens, kv, parent
        self.children: dict[int, _Node] = {}
        self.used = 0


class PrefixTree:
    """A radix tree of prefixes. ``budget``: bytes of keys and values kept by ``trim``."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.bytes = 0
        self._root = _Node((), None, None)
        self._clock = 0

    def known(self, tokens: tuple[int, ...]) -> int:
        """How many leading tokens of ``tokens`` are known."""
        return sum(used for _, used in self._walk(tokens))

    def insert(self, tokens: tuple[int, ...], kv: torch.Tensor) -> None:
        """Remember ``tokens``; ``kv`` covers its last ``kv.shape[3]`` tokens, those before must be known.

        What is known already stays as it is. The tensor is copied, so the caller may reuse it.
        """
        start = len(tokens) - kv.shape[3]
        path = self._walk(tokens)
        at = sum(used for _, used in path)
        if at < start:
            raise ValueError(f"only {at} of the {start} tokens before this piece are known")
        if at == len(tokens):
            return
        parent, used = path[-1] if path else (self._root, 0)
        if used < len(parent.tokens):
            parent = self._split(parent, used)
        piece = kv[:, :, :, at - start :].clone()
        child = _Node(tokens[at:], piece, parent)
        child.used = self._clock
        parent.children[tokens[at]] = child
        self.bytes += piece.nbytes

    def gather(self, prefixes: Sequence[tuple[int, ...]], into: torch.Tensor) -> None:
        """Copy keys/values of known ``prefixes`` into ``into`` [layers, 2, B, kv_heads, P, head_dim], left-aligned.

        Changes nothing, so several threads may gather at once.
        """
        for row, prefix in enumerate(prefixes):
            at = 0
            for node, used in self._walk(prefix, touch=False):
                assert node.kv is not None
                into[:, :, row, :, at : at + used] = node.kv[:, :, :, :used]
                at += used
            if at < len(prefix):
                raise ValueError("a prefix to gather is not known")

    def trim(self) -> None:
        """Forget what was used longest ago until the budget holds."""
        while self.bytes > self.budget:
            leaves = sorted((n for n in self._nodes() if not n.children), key=lambda node: node.used)
            for leaf in leaves:
                if self.bytes <= self.budget:
                    return
                assert leaf.parent is not None and leaf.kv is not None
                del leaf.parent.children[leaf.tokens[0]]
                self.bytes -= leaf.kv.nbytes

    def _walk(self, tokens: tuple[int, ...], touch: bool = True) -> list[tuple[_Node, int]]:
        """The nodes along ``tokens`` and how many of each node's tokens match."""
        self._clock += touch
        path: list[tuple[_Node, int]] = []
        node, at = self._root, 0
        while at < len(tokens) and (child := node.children.get(tokens[at])) is not None:
            used = common_length(child.tokens, tokens[at : at + len(child.tokens)])
            child.used = self._clock if touch else child.used
            path.append((child, used))
            at += used
            if used < len(child.tokens):
                break
            node = child
        return path

    def _split(self, node: _Node, at: int) -> _Node:
        """Cut a node in two after ``at`` of its tokens; gives the upper one."""
        assert node.parent is not None and node.kv is not None
        upper = _Node(node.tokens[:at], node.kv[:, :, :, :at].clone(), node.parent)
        upper.used = node.used
        node.parent.children[node.tokens[0]] = upper
        node.tokens, node.kv, node.parent = node.tokens[at:], node.kv[:, :, :, at:].clone(), upper
        upper.children[node.tokens[0]] = node
        return upper

    def _nodes(self) -> list[_Node]:
        found, stack = [], list(self._root.children.values())
        while stack:
            node = stack.pop()
            found.append(node)
            stack.extend(node.children.values())
        return found


def common_length(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the longest common prefix."""
    if a == b:
        return len(a)
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return i
    return min(len(a), len(b))
