"""Answers as models write them, drawn from a grammar: numbers, fractions, roots, tuples, units; then statements around them."""

import random

_UNITS = (
    "",
    "",
    "",
    "%",
    r"\%",
    " cm",
    r"\text{ cm}",
    " dollars",
    r"^\circ",
    "\u00b0",
    " hours",
    r"\text{ inches}^2",
    " million",
)
_FRAMES = (
    "{}",
    "${}$",
    r"\boxed{{{}}}",
    r"$\boxed{{{}}}$",
    "The answer is {}.",
    "the answer is ${}$",
    "# Answer\n\n{}",
    "#### {}",
    "**Final Answer**\n{}",
    "Answer: {}",
    r"\[ {} \]",
    r"\( {} \)",
    "So $x = {}$.\nTherefore, the final answer is {}.",
    "x = {}",
    "Step 1: we get {}.\nStep 2: done.",
    r"\text{{{}}}",
    r"\boxed{{}} {}",
    "{}\n\\boxed{{{}}}",
    "<think>{}</think> \\boxed{{{}}}",
    "The answer is\r\n{}",
    "{} is the answer",
    "Therefore, {} \u2248 {}",
    "$${}$$",
    "`{}`",
    "_{}_",
    "{}.",
    " {} ",
)


def expression(rng: random.Random, depth: int = 0) -> str:
    """A mathematical answer, in LaTeX or plain."""
    if depth > 3 or rng.random() < 0.35:
        return _atom(rng)
    a, b = expression(rng, depth + 1), expression(rng, depth + 1)
    return rng.choice(
        (
            rf"\frac{{{a}}}{{{b}}}",
            rf"\dfrac{{{a}}}{{{b}}}",
            f"{a}/{b}",
            f"({a})/({b})",
            rf"\sqrt{{{a}}}",
            f"{a}\\sqrt{{{b}}}",
            f"{a}+{b}",
            f"{a}-{b}",
            f"-{a}",
            f"{a}*{b}",
            rf"{a}\cdot {b}",
            f"{a}^{{{b}}}",
            f"{a}^{rng.randint(0, 12)}",
            f"({a},{b})",
            f"[{a}, {b})",
            rf"\left({a},{b}\right)",
            f"{a}, {b}",
            rf"{a}\cup {b}",
            rf"\{{{a},{b}\}}",
            f"{a}={b}",
            rf"{a}\le {b}",
            f"|{a}|",
            f"{a}{b}",
            f"({a})({b})",
            rf"\begin{{pmatrix}}{a}\\{b}\end{{pmatrix}}",
            rf"{a}\text{{ or }}{b}",
            rf"{a}\pm {b}",
            f"{a}_{{{b}}}",
            f"{a}!",
            rf"\log_{{{a}}} {b}",
            f"sqrt({a})",
            f"{a} {b}",
            f"{a}:{b}",
            rf"\sin {a}",
            f"{a} and {b}",
            rf"\overline{{{a}}}",
            f"{a}e{b}",
            f"{a}i",
            rf"{a}\%",
        )
    )


def statement(rng: random.Random, answer: str) -> str:
    """The answer within what a model writes around it."""
    return rng.choice(_FRAMES).replace("{}", answer).replace("{{", "{").replace("}}", "}")


def _atom(rng: random.Random) -> str:
    number = rng.choice(
        (str(rng.randint(-12, 120)), str(rng.randint(0, 10**9)), f"{rng.randint(0, 99)}.{rng.randint(0, 999)}")
    )
    grouped = f"{rng.randint(1, 10**7):,}"
    mixed = f"{rng.randint(1, 9)} {rng.randint(1, 9)}/{rng.randint(2, 9)}"
    letter = rng.choice(
        ("x", "y", "n", "A", "B", r"\pi", "i", "e", r"\infty", r"\theta", "z", r"\text{odd}", "Monday", "\u03c0")
    )
    return rng.choice((number, number, number, grouped, mixed, letter, "." + str(rng.randint(0, 99)))) + rng.choice(
        _UNITS
    )
