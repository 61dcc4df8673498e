import pytest
from bounded_work import ends
from hypothesis import given
from hypothesis import strategies as st

from stepscale.labeling.page.formulas import Formula, as_html, mathml, parts


def latex(text: str) -> list[str]:
    return [part.latex for part in parts(text) if isinstance(part, Formula)]


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("What is $2+2$, or \\(x^2\\)?", ["$2+2$", r"\(x^2\)"]),
        ("It costs $5 and $7 in all.", []),
        (r"It costs \$5, that is $\$5$.", [r"$\$5$"]),
        (r"$$a=b$$ and \[c\]", ["$$a=b$$", r"\[c\]"]),
        (r"\begin{align*}a&=b\\c&=d\end{align*}", [r"\begin{align*}a&=b\\c&=d\end{align*}"]),
        ("an open $x + 1", []),
        ("$a\n\nb$ is two paragraphs", []),
        ("3 + 4 = 7", []),
    ],
)
def test_formulas_are_what_stands_between_the_marks_of_latex(text: str, formulas: list[str]) -> None:
    assert latex(text) == formulas


@given(st.lists(st.sampled_from([*"ab$\\()[]{} \n^_1<&", r"\begin{align}", r"\end{align}", r"\frac"])).map("".join))
def test_no_text_is_lost_whatever_it_holds(text: str) -> None:
    rejoined = "".join(part if isinstance(part, str) else part.latex.replace(r"\$", "$") for part in parts(text))
    assert rejoined == text.replace(r"\$", "$")


@pytest.mark.parametrize(
    "hostile",
    [
        r"$\text{<script>alert(1)</script>}$",
        r"$\href{javascript:alert(1)}{x}$",
        r"$\style{background:url(http://a.example/)}{x}$",
        r"<img src=x onerror=alert(1)>",
        r"$x$<script>alert(1)</script>",
        r"$\text{&lt;img src=x onerror=alert(1)&gt;}$",
        r"$\class{x onclick=alert(1)}{y}$",
    ],
)
def test_nothing_of_a_text_becomes_markup(hostile: str) -> None:
    html = as_html(hostile)
    tags = [piece.split(">")[0].split()[0].strip("/") for piece in html.split("<")[1:]]
    assert set(tags) <= {"math", "mrow", "mi", "mn", "mo", "mtext", "mstyle", "msub"}
    assert "href=" not in html and "style=" not in html and "class=" not in html


@pytest.mark.parametrize(
    "broken", [r"\frac", r"\left(", "{" * 500, r"\sqrt{" * 300 + "x" + "}" * 300, "x_a_b", "  ", "x" * 5_000]
)
def test_a_formula_that_cannot_be_read_is_shown_as_it_was_written(broken: str) -> None:
    assert mathml(broken) is None or latex(f"${broken}$")
    assert "".join(p if isinstance(p, str) else p.latex for p in parts(f"a ${broken}$ b")) == f"a ${broken}$ b"


@pytest.mark.parametrize(
    "unit", ["$", "$$", r"\[", r"\(", r"\begin{align}", "$x ", "$a$", r"\begin{align}x\end{align}"]
)
def test_a_long_hostile_text_is_cut_in_little_time(unit: str) -> None:
    with ends():
        parts(unit * (800_000 // len(unit)))
