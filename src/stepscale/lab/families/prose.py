"""How a lab solution is worded: many ways to say the same step, so that right solutions are as various as wrong ones."""

from random import Random

from stepscale.lab.expressions import Tree, render

_OPENINGS = ("", "", "", "", "", "so ", "then ", "thus ", "now ", "we get ")
_ENDINGS = ("answer ", "so ", "thus ", "", "the answer is ")


def says(rng: Random, statement: str) -> str:
    """A step that states something."""
    return rng.choice(_OPENINGS) + statement


def final(rng: Random, answer: str) -> str:
    """The step that gives the final answer."""
    return f"{rng.choice(_ENDINGS)}\\boxed{{{answer}}}"


def equation(name: str, tree: Tree) -> str:
    """``name=tree``."""
    return f"{name}={render(tree)}"
