"""Reading verdicts in what language models write: many forms, and never a failure."""

import pytest
from bounded_work import ends
from hypothesis import given
from hypothesis import strategies as st

from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.critique_text import question, read_verdicts

FORMS = {
    "as it is asked": "Step 1: 2+2=4. Verdict: right\nStep 2: 4+1=6? No, 5. Verdict: wrong",
    "in bold": "**Step 1**: fine.\n**Verdict:** right\n\n**Step 2**: off by one.\n**Verdict:** wrong",
    "boxed, as ThinkPRM writes": "Step 1: ok, \\boxed{correct}\nStep 2: no, \\boxed{incorrect}",
    "boxed text": "Step 1: \\boxed{\\text{correct}}\nStep 2: \\boxed{\\text{incorrect}}",
    "as a line's last word": "Step 1: 2+2 is 4. This is correct.\nStep 2: 4+1 is 5, so this is not correct.",
    "without numbers": "Check: 2 plus 2, so Ann has 4: right\nCheck: 4 plus 1, so Ben has 5: wrong",
    "all on one line": "Step 1: fine. Verdict: right. Step 2: 4+1 is 5. Verdict: wrong.",
    "after a thought": "<think>Step 1 is wrong? Verdict: wrong</think>Step 1: Verdict: right\nStep 2: Verdict: wrong",
    "from step 0": "Step 0: Verdict: right\nStep 1: Verdict: wrong",
    "a change of mind": "Step 1: Verdict: wrong. Wait, Verdict: right\nStep 2: Verdict: wrong",
    "the first wrong step alone": "All is well at the beginning.\nFirst wrong step: 2",
    "the wrong one alone": "Step 2: 4+1 is 5. Verdict: wrong",
    "yes and no": "Step 1: judgment: Yes\nStep 2: judgment: No",
    "summed up": "Step 1: Verdict: right\nStep 2: Verdict: wrong\nOverall verdict: wrong",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_the_first_wrong_step_is_read_in_every_usual_form_and_what_follows_is_wrong_too(text: str) -> None:
    assert read_verdicts(text, 3) == (True, False, False)


def test_a_critique_that_breaks_off_tells_nothing_of_the_steps_that_it_did_not_reach() -> None:
    assert read_verdicts("Step 1: Verdict: right\nStep 2: let us see, 4+", 3) == (True, None, None)
    assert read_verdicts("Step 1: Verdict: right\nStep 3: Verdict: right", 3) == (True, True, True)


def test_no_error_anywhere_is_a_verdict_on_all_steps() -> None:
    assert read_verdicts("First wrong step: none", 3) == (True, True, True)
    assert read_verdicts("The first error is in step 2.", 3) == (True, False, False)


@pytest.mark.parametrize("text", ["", "no idea", "Verdict: perhaps", "<think>Step 1: Verdict: right", "Step 1\nStep 2"])
def test_what_holds_no_verdict_is_unread(text: str) -> None:
    assert read_verdicts(text, 2) == (None, None)


def test_a_verdict_on_a_step_that_is_not_there_is_left_out() -> None:
    assert read_verdicts("Step 99: Verdict: wrong", 2) == (True, True)
    assert read_verdicts("Step 1: Verdict: right\nStep 7: Verdict: wrong", 2) == (True, True)


@given(st.text(max_size=400), st.integers(0, 5))
def test_any_text_gives_a_verdict_or_none_for_every_step(text: str, n_steps: int) -> None:
    verdicts = read_verdicts(text, n_steps)
    assert len(verdicts) == n_steps
    later = verdicts[verdicts.index(False) :] if False in verdicts else ()
    assert not any(later)


PARTS = [
    "Step ",
    "9" * 30,
    "1",
    ":",
    " ",
    "\n",
    "Verdict",
    "\\boxed{",
    "not ",
    "right",
    "wrong",
    "**",
    "first error",
    "٣",
]


@given(st.lists(st.sampled_from(PARTS), max_size=60).map("".join))
def test_pieces_of_critiques_in_any_order_are_read_too(text: str) -> None:
    assert len(read_verdicts(text, 3)) == 3


@pytest.mark.parametrize("piece", ["Step ", "not ", " ", "*", "\\boxed{", "first error ", "verdict:", ". step 1"])
def test_endless_text_takes_no_time(piece: str) -> None:
    with ends():
        read_verdicts(piece * (1_600_000 // len(piece)), 3)


def test_a_question_holds_the_problem_and_the_steps_as_they_are() -> None:
    solution = Trajectory("is {solution} {step}?", ("so {problem}", "\\1 {number}"))
    prompt = question(solution, ask="P {problem} S {solution}", step="{number}) {step}")
    assert prompt == "P is {solution} {step}? S 1) so {problem}\n2) \\1 {number}"


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        ("Step 1: 2 + 2 = 4", "Step 1: 2 + 2 = 4"),
        ("Step 1 : 2 + 2 = 4", "Step 1: 2 + 2 = 4"),
        ("2 + 2 = 4", "Step 1: 2 + 2 = 4"),
        ("Step 2: 2 + 2 = 4", "Step 1: Step 2: 2 + 2 = 4"),
    ],
)
def test_a_step_that_has_its_number_is_not_numbered_again(step: str, shown: str) -> None:
    assert question(Trajectory("p", (step,)), "{problem}|{solution}", "Step {number}: {step}") == f"p|{shown}"


def test_a_number_that_a_step_computes_with_stays() -> None:
    assert question(Trajectory("p", ("1.5 + 2",)), "{problem}|{solution}", "{number}. {step}") == "p|1. 1.5 + 2"
    assert question(Trajectory("p", ("So a",)), "{problem}|{solution}", "So {step}") == "p|So So a"
