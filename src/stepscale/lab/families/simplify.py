"""Writing out an expression's simplification, line by line, in any order: used by several families.

A line is the whole expression with one or more of its operations done. Which comes first, how many at once and
whether terms are swapped is drawn at random.
"""

from collections.abc import Callable
from random import Random

from stepscale.lab.expressions import Tree, render
from stepscale.lab.families.prose import says
from stepscale.lab.mistakes import Hand

Path = tuple[int, ...]


def ready(tree: Tree, path: Path = ()) -> list[Path]:
    """Places of the operations whose operands are numbers."""
    if not isinstance(tree, tuple):
        return []
    if isinstance(tree[1], int) and isinstance(tree[2], int):
        return [path]
    return ready(tree[1], (*path, 1)) + ready(tree[2], (*path, 2))


def subtree(tree: Tree, path: Path) -> Tree:
    """The tree at a place."""
    for side in path:
        assert isinstance(tree, tuple)
        tree = tree[side]
    return tree


def replaced(tree: Tree, path: Path, new: Tree) -> Tree:
    """The tree with another one put at a place."""
    if not path:
        return new
    assert isinstance(tree, tuple)
    op, left, right = tree
    if path[0] == 1:
        return (op, replaced(left, path[1:], new), right)
    return (op, left, replaced(right, path[1:], new))


def operate(hand: Hand, tree: Tree) -> int:
    """One operation on two numbers, done by hand."""
    assert isinstance(tree, tuple) and isinstance(tree[1], int) and isinstance(tree[2], int)
    op, a, b = tree[0], tree[1], tree[2]
    return {"+": hand.add, "-": hand.sub, "*": hand.mul}[op](a, b)


def miscopied(hand: Hand, tree: Tree) -> Tree:
    """The tree as copied to the next line: now and then a number changes or a term is lost."""
    if not isinstance(tree, tuple) or not hand.errs(hand.habits.copy):
        return tree
    side = hand.rng.choice((1, 2))
    if hand.rng.random() < 0.3:
        return tree[side]
    other = tree[side]
    new: Tree = other + hand.rng.choice((-1, 1)) if isinstance(other, int) else _change_number(hand, other)
    return (tree[0], new, tree[2]) if side == 1 else (tree[0], tree[1], new)


def _change_number(hand: Hand, tree: Tree) -> Tree:
    if isinstance(tree, int):
        return tree + hand.rng.choice((-2, -1, 1, 2))
    if not isinstance(tree, tuple):
        return tree
    return (tree[0], _change_number(hand, tree[1]), tree[2])


def swapped(rng: Random, tree: Tree) -> Tree:
    """The same expression with the operands of one commutative operation exchanged."""
    if isinstance(tree, tuple) and tree[0] in "+*":
        return (tree[0], tree[2], tree[1])
    if isinstance(tree, tuple):
        return (tree[0], swapped(rng, tree[1]), tree[2])
    return tree


def simplify(hand: Hand, name: str, tree: Tree, tidy: Callable[[Tree], Tree] | None = None) -> tuple[list[str], Tree]:
    """Lines that bring ``name=tree`` to a number, and that number. ``tidy`` is applied after each line's operations."""
    rng, lines = hand.rng, list[str]()
    if rng.random() < 0.12:
        other = swapped(rng, tree) if rng.random() < 0.5 else tree
        lines.append(says(rng, f"{name}={render(other)}"))
        tree = other
    while isinstance(tree, tuple):
        parts = [name] if rng.random() < 0.9 or not lines else [name, render(tree)]
        for _ in range(2 if rng.random() < 0.15 and isinstance(tree, tuple) else 1):
            tree = _advance(hand, miscopied(hand, tree))
            if tidy:
                tree = tidy(tree)
            parts.append(render(tree))
            if not isinstance(tree, tuple):
                break
        lines.append(says(rng, "=".join(parts)))
    return lines, tree


def _advance(hand: Hand, tree: Tree) -> Tree:
    """One line's worth of work: mostly one operation, sometimes two or three."""
    for _ in range(hand.rng.choice((1, 1, 1, 2, 2, 3))):
        places = ready(tree)
        if not places:
            break
        place = hand.rng.choice(places)
        tree = replaced(tree, place, operate(hand, subtree(tree, place)))
    return tree
