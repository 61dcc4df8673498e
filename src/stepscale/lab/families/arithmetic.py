"""Order of operations, comparisons, remainders and evaluation: expressions in whole numbers.

``E=3*(7-2)+4*6. Find E.`` / ``A=3*17-4, B=9*6-5. Put in order.`` / ``r=34*57+8 mod 7. Find r.`` / ``x=4, P=3(x-2)+5x. Find P.``
"""

from random import Random

from stepscale.lab.expressions import Tree, evaluate, parse, render, symbols_of
from stepscale.lab.families.prose import final, says
from stepscale.lab.families.simplify import simplify
from stepscale.lab.mistakes import Hand

_OPERATIONS = {1: 2, 2: 3, 3: 4, 4: 6, 5: 9}
_LARGEST_LEAF = {1: 6, 2: 8, 3: 12, 4: 15, 5: 19}
_BOUND = {1: 40, 2: 40, 3: 60, 4: 80, 5: 99}  # of every value on the way


def expression(rng: Random, operations: int, leaf: int, bound: int) -> Tree:
    """A random tree with that many operations, every value in it within +-``bound``."""
    while True:
        tree = _grow(rng, operations, leaf)
        if _largest(tree) <= bound:
            return tree


def _grow(rng: Random, operations: int, leaf: int) -> Tree:
    if operations == 0:
        return rng.randint(2, leaf)
    op = rng.choice("++-*")
    left = rng.randint(0, operations - 1)
    if op == "*":  # one small factor, so that the tables suffice
        other = operations - 1 if rng.random() < 0.5 else 0
        a, b = _grow(rng, other, leaf), _grow(rng, operations - 1 - other, leaf)
        return ("*", min(a, 9), b) if isinstance(a, int) else ("*", a, min(b, 9) if isinstance(b, int) else b)
    return (op, _grow(rng, left, leaf), _grow(rng, operations - 1 - left, leaf))


def _largest(tree: Tree) -> int:
    if not isinstance(tree, tuple):
        return abs(int(tree))
    return max(abs(int(evaluate(tree, {}))), _largest(tree[1]), _largest(tree[2]))


def order_problem(level: int, rng: Random) -> str:
    """An order-of-operations problem."""
    tree = expression(rng, _OPERATIONS[level], _LARGEST_LEAF[level], _BOUND[level])
    return f"E={render(tree)}. Find E."


def order_solution(problem: str, hand: Hand) -> list[str]:
    """Its solution, by hand."""
    tree = parse(problem.removeprefix("E=").removesuffix(". Find E."))
    lines, value = simplify(hand, "E", tree)
    return [*lines, final(hand.rng, str(value))]


def compare_problem(level: int, rng: Random) -> str:
    """Two expressions, three or four at higher levels, with different values close together, to be put in order."""
    sizes = {1: (1, 1), 2: (1, 2), 3: (1, 2, 2), 4: (1, 2, 2, 2), 5: (3, 3, 3, 3)}[level]
    while True:
        trees = [expression(rng, n, _LARGEST_LEAF[level], _BOUND[level]) for n in sizes]
        values = [int(evaluate(tree, {})) for tree in trees]
        if len(set(values)) == len(values) and max(values) - min(values) <= 12:
            statements = ", ".join(f"{name}={render(tree)}" for name, tree in zip("ABCD", trees, strict=False))
            return f"{statements}. Put in order."


def compare_solution(problem: str, hand: Hand) -> list[str]:
    """All values, one after the other or in turn, then the order."""
    rng = hand.rng
    texts = problem.removesuffix(". Put in order.").split(", ")
    sides = {text[0]: simplify(hand, text[0], parse(text[2:])) for text in texts}
    piles = [lines for lines, _ in sides.values()]
    rng.shuffle(piles)
    lines = _interleaved(rng, piles) if rng.random() < 0.3 else [line for pile in piles for line in pile]
    values = {name: int(str(value)) for name, (_, value) in sides.items()}
    order = sorted(values, key=lambda name: (values[name], name))
    if rng.random() < 0.6:
        shown = [f"{name}={values[name]}" if rng.random() < 0.3 else name for name in order]
        lines.append(says(rng, "<".join(shown)))
    return [*lines, final(rng, "<".join(order))]


def _interleaved(rng: Random, piles: list[list[str]]) -> list[str]:
    left, lines = [list(pile) for pile in piles], list[str]()
    while any(left):
        lines.append(rng.choice([pile for pile in left if pile]).pop(0))
    return lines


def evaluate_problem(level: int, rng: Random) -> str:
    """An expression in x with the value of x: the held-out family."""
    while True:
        tree = expression(rng, {1: 2, 2: 3, 3: 4, 4: 5, 5: 7}[level], _LARGEST_LEAF[level], _BOUND[level])
        leaf = rng.randint(2, 9)
        with_x = _leaf_to_symbol(tree, leaf)
        if "x" in symbols_of(with_x):
            return f"x={leaf}, P={render(with_x)}. Find P."


def _leaf_to_symbol(tree: Tree, leaf: int) -> Tree:
    if isinstance(tree, tuple):
        return (tree[0], _leaf_to_symbol(tree[1], leaf), _leaf_to_symbol(tree[2], leaf))
    return "x" if tree == leaf else tree


def _symbol_to_leaf(tree: Tree, value: int) -> Tree:
    if isinstance(tree, tuple):
        return (tree[0], _symbol_to_leaf(tree[1], value), _symbol_to_leaf(tree[2], value))
    return value if tree == "x" else tree


def evaluate_solution(problem: str, hand: Hand) -> list[str]:
    """Put the value in, then simplify."""
    value_of_x, asked = problem.removesuffix(". Find P.").split(", P=")
    tree = _symbol_to_leaf(parse(asked), int(value_of_x.removeprefix("x=")))
    first = [says(hand.rng, f"P={render(tree)}")] if hand.rng.random() < 0.8 else []
    lines, value = simplify(hand, "P", tree)
    return [*first, *lines, final(hand.rng, str(value))]


def remainder_problem(level: int, rng: Random) -> str:
    """A remainder of an expression in two-digit numbers."""
    modulus = rng.randint(*{1: (3, 4), 2: (3, 6), 3: (4, 7), 4: (5, 8), 5: (6, 9)}[level])
    tree: Tree = rng.randint(11, {1: 25, 2: 30, 3: 49, 4: 69, 5: 99}[level])
    for _ in range({1: 1, 2: 2, 3: 3, 4: 5, 5: 9}[level]):
        leaf = rng.randint(11, {1: 25, 2: 30, 3: 49, 4: 69, 5: 99}[level]) if rng.random() < 0.7 else rng.randint(2, 10)
        tree = (rng.choice("+*-*"), tree, leaf) if rng.random() < 0.8 else (rng.choice("+*"), leaf, tree)
    return f"r={render(tree)} mod {modulus}. Find r."


def remainder_solution(problem: str, hand: Hand) -> list[str]:
    """Reduce the numbers, operate, reduce again."""
    rng = hand.rng
    text, modulus = problem.removeprefix("r=").removesuffix(". Find r.").split(" mod ")
    m, tree, lines = int(modulus), parse(text), list[str]()
    while _large(tree, m):
        tree = _reduced(hand, tree, m, 1.0 if rng.random() < 0.5 else 0.5)
        lines.append(says(rng, f"r={render(tree)}"))
    more, value = simplify(hand, "r", tree, tidy=lambda t: _reduced(hand, t, m, 0.7) if isinstance(t, tuple) else t)
    assert isinstance(value, int)
    lines += more
    if not 0 <= value < m:
        value = hand.mod(value, m)
        lines.append(says(rng, f"r={value}"))
    return [*lines, final(rng, str(value))]


def _large(tree: Tree, m: int) -> bool:
    if isinstance(tree, tuple):
        return _large(tree[1], m) or _large(tree[2], m)
    return isinstance(tree, int) and not 0 <= tree < m


def _reduced(hand: Hand, tree: Tree, m: int, share: float) -> Tree:
    """The tree with (about a ``share`` of) its large numbers replaced by their remainders."""
    if isinstance(tree, tuple):
        return (tree[0], _reduced(hand, tree[1], m, share), _reduced(hand, tree[2], m, share))
    if isinstance(tree, int) and not 0 <= tree < m and hand.rng.random() < share:
        return hand.mod(tree, m)
    return tree
