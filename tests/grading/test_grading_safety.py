"""Nothing a model writes can hurt a run: no execution, no exception, no hang, and the batch goes on."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.grading import extract_answer, grade_many, is_equivalent
from stepscale.grading.lenient.lenient import settle as settle_lenient
from stepscale.grading.rules import Lenient
from stepscale.grading.strict.strict import settle as settle_strict

CORPUS: list[str] = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
BUILT = {
    "10,000 nested braces": "{" * 10_000 + "}" * 10_000,
    "10,000 nested brackets": "(" * 10_000 + ")" * 10_000,
    "1 MB of digits": "9" * 1_000_000,
    "minus signs": "-" * 100_000,
    "blanks": " " * 100_000,
    "digits and blanks": "1 " * 50_000,
    "commas": "1," * 50_000,
    "grouped digits": "1,000" * 20_000,
    "fractions": "\\frac" * 5_000,
    "roots": "\\sqrt{" * 5_000,
    "texts": "\\text{" * 1_000,
    "boxes": "\\boxed{" * 1_000,
    "dollars": "$" * 1_000,
    "factorials": "5" + "!" * 1_000,
    "units": "second" * 10_000,
    "open degrees": "^ " * 50_000 + "\\circ",
    "beyond the int-to-text limit": "1" * 4_400,
    "letters": "x" * 900,
}
PIECES = ["\\frac", "\\sqrt", "\\pi", "\\text{", "\\left", "\\right", "\\boxed{", "\\", "million", "import", "**"]
PIECES += list("{}()[]^_19xei,./*!=$%<|' \n\x00\u202e")
FRAGMENTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@pytest.mark.parametrize("rules", ["prm800k", "lenient"])
@pytest.mark.parametrize("name", BUILT)
def test_a_hostile_text_is_graded_within_a_second(name: str, rules: str) -> None:
    text = BUILT[name]
    began = time.process_time()  # all the work is in this process: no worker is asked
    assert isinstance(settle_strict(text, "12"), bool)
    assert isinstance(settle_lenient(text, "12", Lenient()), bool)
    assert grade_many([text, "12"], ["12", "12"], rules=rules) == [False, True]  # type: ignore[arg-type]
    extract_answer(text)
    extract_answer("the answer is " + text)
    assert time.process_time() - began < 1.0


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


@settings(max_examples=400, deadline=1_000)
@given(FRAGMENTS, FRAGMENTS)
def test_settling_any_pair_never_fails(prediction: str, gold: str) -> None:
    settle_strict(prediction, gold)
    settle_lenient(prediction, gold, Lenient())


@settings(max_examples=300, deadline=1_000)
@given(st.text(max_size=60), st.text(max_size=20))
def test_any_unicode_is_graded_by_the_strict_rules(prediction: str, gold: str) -> None:
    assert is_equivalent(prediction, gold) in (True, False)


@settings(max_examples=200, deadline=1_000)
@given(FRAGMENTS)
def test_an_answer_is_its_own_equal(answer: str) -> None:
    assert is_equivalent(answer, answer)
