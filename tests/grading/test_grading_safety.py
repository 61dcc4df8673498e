"""Nothing a model writes can hurt a run: no execution, no exception, no hang, and the batch goes on."""

import json
from pathlib import Path

import pytest
from bounded_work import ends
from hypothesis import given, settings
from hypothesis import strategies as st
from pylatexenc.latex2text import LatexNodes2Text

from stepscale.grading import extract_answer, grade_many, is_equivalent
from stepscale.grading.lenient.lenient import settle as settle_lenient
from stepscale.grading.rules import Lenient
from stepscale.grading.strict.latex_text import latex_to_text
from stepscale.grading.strict.strict import settle as settle_strict

CORPUS: list[str] = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
BUILT = {
    "40,000 nested braces": "{" * 40_000 + "}" * 40_000,
    "40,000 nested brackets": "(" * 40_000 + ")" * 40_000,
    "4 MB of digits": "9" * 4_000_000,
    "minus signs": "-" * 400_000,
    "blanks": " " * 400_000,
    "digits and blanks": "1 " * 200_000,
    "commas": "1," * 200_000,
    "grouped digits": "1,000" * 80_000,
    "fractions": "\\frac" * 20_000,
    "roots": "\\sqrt{" * 20_000,
    "texts": "\\text{" * 4_000,
    "boxes": "\\boxed{" * 4_000,
    "dollars": "$" * 4_000,
    "factorials": "5" + "!" * 4_000,
    "units": "second" * 40_000,
    "open degrees": "^ " * 200_000 + "\\circ",
    "beyond the int-to-text limit": "1" * 4_400,
    "letters": "x" * 900,
}
PIECES = ["\\frac", "\\sqrt", "\\pi", "\\text{", "\\left", "\\right", "\\boxed{", "\\", "million", "import", "**"]
PIECES += list("{}()[]^_19xei,./*!=$%<|' \n\x00\u202e")
FRAGMENTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@pytest.mark.parametrize("rules", ["prm800k", "lenient"])
@pytest.mark.parametrize("name", BUILT)
def test_grading_a_hostile_text_ends(name: str, rules: str) -> None:
    text = BUILT[name]
    with ends():  # all the work is in this process: no worker is asked
        assert isinstance(settle_strict(text, "12"), bool)
        assert isinstance(settle_lenient(text, "12", Lenient()), bool)
        assert grade_many([text, "12"], ["12", "12"], rules=rules) == [False, True]  # type: ignore[arg-type]
        extract_answer(text)
        extract_answer("the answer is " + text)


@pytest.mark.parametrize("rules", ["prm800k", "lenient"])
def test_the_corpus_is_graded_and_the_batch_goes_on(
    rules: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    verdicts = grade_many([*CORPUS, "12"], ["12"] * (len(CORPUS) + 1), rules=rules)  # type: ignore[arg-type]
    assert verdicts[-1]
    invisible_only = {"\u202e12", "12\u200f", "\ufeff12", "\u0661\u0662"}
    assert {text for text, right in zip(CORPUS, verdicts, strict=False) if right} <= invisible_only
    assert grade_many(["12"] * len(CORPUS), CORPUS, rules=rules)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@settings(max_examples=400, deadline=None)
@given(FRAGMENTS, FRAGMENTS)
def test_settling_any_pair_never_fails(prediction: str, gold: str) -> None:
    with ends():
        settle_strict(prediction, gold)
        settle_lenient(prediction, gold, Lenient())


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.text(max_size=20))
def test_any_unicode_is_graded_by_the_strict_rules(prediction: str, gold: str) -> None:
    with ends():
        assert is_equivalent(prediction, gold) in (True, False)


@settings(max_examples=200, deadline=None)
@given(FRAGMENTS)
def test_an_answer_is_its_own_equal(answer: str) -> None:
    with ends():
        assert is_equivalent(answer, answer)


@pytest.mark.parametrize("closed", [True, False])
def test_matrices_within_matrices_are_not_padded_to_fill_the_memory(closed: bool) -> None:
    bomb = r"\begin{pmatrix}31\\2,002" * 50 + r"\end{pmatrix}" * 50 * closed
    with ends():
        assert latex_to_text(bomb) is None and settle_strict(bomb, "3") is False


@pytest.mark.parametrize("unit", [r"\{0\^{", r"\hat{", r"\"{a", r"\bar{\frac12", r"}\vec{", r"\dot{\ddot{"])
@pytest.mark.parametrize("closed", [True, False])
def test_accents_within_accents_do_not_double_the_text_without_end(unit: str, closed: bool) -> None:
    bomb = unit * 60 + "0" + "}" * 60 * closed
    with ends():
        assert settle_strict(bomb, "3") is False


def test_an_accent_within_an_accent_is_read_as_the_papers_grader_reads_it() -> None:
    letters = r"\frac{\vec{a}}{\hat{\bar{b}}}"
    assert latex_to_text(letters) == LatexNodes2Text().latex_to_text(letters.replace(r"\frac", r" \frac")).strip()


def test_a_matrix_within_a_matrix_is_read_as_the_papers_grader_reads_it() -> None:
    block = r"\begin{pmatrix} \begin{bmatrix} 1 & 2 \end{bmatrix} \\ 3 \end{pmatrix}"
    assert latex_to_text(block) == LatexNodes2Text().latex_to_text(block).strip()
