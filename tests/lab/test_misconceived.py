"""Steps that a misconception may strike, and a corpus that rates none of them."""

from random import Random

from stepscale.formats.ratings import NEGATIVE
from stepscale.lab.corpus import IGNORED, Rated, encode_pages, write_page
from stepscale.lab.hands import Habits, Hand
from stepscale.lab.labeler import rate_steps
from stepscale.lab.misconceived import may_be_misconceived
from stepscale.lab.problems import draw_problem
from stepscale.lab.tokenizer import build_tokenizer


def _first_errors(habits: Habits) -> list[str]:
    rng = Random(3)
    errors = []
    for _ in range(200):
        problem = draw_problem("products", 4, "pretrain", rng)
        steps = Hand(rng, habits).solve(problem)
        ratings = rate_steps(problem, steps)
        errors += [steps[len(ratings) - 1]] if NEGATIVE in ratings else []
    return errors


def test_every_step_that_a_misconception_has_struck_is_one() -> None:
    errors = _first_errors(Habits(slip=0, copy_slip=0, hasty=0))
    assert len(errors) > 50
    assert all(may_be_misconceived(step) for step in errors)


def test_most_steps_that_a_slip_has_struck_are_not() -> None:
    errors = _first_errors(Habits(fact_share=0, reading_share=0, name_share=0))
    assert len(errors) > 50
    assert sum(may_be_misconceived(step) for step in errors) < len(errors) / 2


def test_steps_that_do_no_operation_are_not() -> None:
    assert not any(map(may_be_misconceived, ("Answer: 8", "Ann has 7", "Ann has seven", "")))


def _classes(rated: Rated) -> list[list[int]]:
    rng = Random(11)
    pages = [write_page(rng, transcripts=0.5) for _ in range(80)]
    return [classes for _, _, classes in encode_pages(pages, build_tokenizer(), rated)]


def test_a_corpus_of_slips_rates_the_other_steps_as_ever() -> None:
    everything, slips, nothing = _classes("all"), _classes("slips"), _classes("none")
    assert {c for classes in nothing for c in classes} == {IGNORED}
    pairs = [pair for a, b in zip(everything, slips, strict=True) for pair in zip(a, b, strict=True)]
    assert all(b in (a, IGNORED) for a, b in pairs)
    for rating in (0, 2):
        kept = sum(b == rating for _, b in pairs) / sum(a == rating for a, _ in pairs)
        assert 0.2 < kept < 0.9
