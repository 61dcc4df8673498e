"""What a verifier learns from the tables: one trajectory along the chosen steps, siblings, nothing after the first error."""

import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.verifiers.examples import Example, orm_examples, prm_examples, split_by_problem
from stepscale.verifiers.first_error_examples import first_error_examples

PROBLEMS = pd.DataFrame({"problem_id": ["p", "q"], "problem": ["P?", "Q?"]})


def labels(
    *rows: tuple[int, int, str, int | None, bool], problem: str = "p", labeler: str | None = "x"
) -> pd.DataFrame:
    """Rows of (step, completion, text, rating, is_chosen)."""
    frame = pd.DataFrame(rows, columns=["step", "completion", "text", "rating", "is_chosen"])
    frame = frame.assign(problem_id=problem, sample_id=0, value=frame["rating"], labeler=labeler)
    return frame.astype({"rating": "Int8", "value": "Float64", "labeler": "str"})


def steps_and_targets(examples: list[Example]) -> list[tuple[tuple[str, ...], tuple[float | None, ...]]]:
    return [(e.trajectory.steps, e.targets) for e in examples]


def test_labels_stop_at_the_first_negative_step_and_so_does_what_is_read() -> None:
    table = labels((0, 0, "a", 1, True), (1, 0, "b", 0, True), (2, 0, "c", -1, True), (3, 0, "d", 1, True))
    assert steps_and_targets(prm_examples(PROBLEMS, table)) == [(("a", "b", "c"), (2.0, 1.0, 0.0))]


def test_alternatives_are_siblings_after_the_chosen_steps_and_never_a_product() -> None:
    table = labels(
        (0, 0, "a", 1, True),
        (0, 1, "a'", -1, False),
        (1, 0, "b", 1, False),
        (1, 1, "b'", 1, True),
        (1, 2, "b''", 0, False),
        (2, 0, "c", -1, False),
    )
    assert steps_and_targets(prm_examples(PROBLEMS, table)) == [
        (("a'",), (0.0,)),
        (("a", "b"), (None, 2.0)),
        (("a", "b''"), (None, 1.0)),
        (("a", "b'", "c"), (None, None, 0.0)),
        (("a", "b'"), (2.0, 2.0)),
    ]


def test_an_unrated_step_is_read_and_not_learned_from() -> None:
    table = labels((0, 0, "a", 1, True), (1, 0, "human", None, True), (2, 0, "c", 1, True), (3, 0, "d", None, True))
    assert steps_and_targets(prm_examples(PROBLEMS, table)) == [(("a", "human", "c"), (2.0, None, 2.0))]


def test_rows_in_any_order_and_several_labelers_give_a_trajectory_each() -> None:
    one = labels((0, 0, "a", 1, True), (1, 0, "b", -1, True))
    other = labels((0, 0, "a", 1, True), (1, 0, "b", 1, True), labeler=None)
    mixed = pd.concat([one, other, labels((0, 0, "z", 1, True), problem="q")]).sample(frac=1, random_state=1)
    examples = prm_examples(PROBLEMS, mixed)
    assert sorted(steps_and_targets(examples)) == [(("a", "b"), (2.0, 0.0)), (("a", "b"), (2.0, 2.0)), (("z",), (2.0,))]
    assert {e.problem_id: e.trajectory.problem for e in examples} == {"p": "P?", "q": "Q?"}


def test_soft_labels_are_kept_on_every_step() -> None:
    table = labels((0, 0, "a", 1, True), (1, 0, "b", -1, True), (2, 0, "c", 0, True)).assign(value=[0.75, 0.0, 0.125])
    assert steps_and_targets(prm_examples(PROBLEMS, table, soft=True)) == [(("a", "b", "c"), (0.75, 0.0, 0.125))]


def written(steps: list[str], finish: str | None, problem: str = "p") -> pd.DataFrame:
    return pd.DataFrame({"problem_id": [problem], "sample_id": [0], "steps": [steps], "finish": [finish]})


def test_first_errors_are_asked_of_one_item_a_record_and_siblings_are_no_solutions() -> None:
    error = labels(
        (0, 0, "a", 1, True),
        (0, 1, "a'", 1, False),
        (1, 0, "b'", 1, False),
        (1, 1, "b", -1, False),
        (1, 2, "b''", -1, False),
    )
    got = first_error_examples(PROBLEMS, written(["a"], "found_error"), error)
    assert steps_and_targets(got) == [(("a", "b"), (2.0, 0.0))], (
        "the first completion rated -1 where nothing was chosen"
    )
    whole = labels((0, 0, "a", 1, True), (0, 1, "a'", -1, False), (1, 0, "b", 0, True))
    got = first_error_examples(PROBLEMS, written(["a", "b"], "solution"), whole)
    assert steps_and_targets(got) == [(("a", "b"), (2.0, 1.0))]


def test_a_solution_with_a_wrong_step_is_read_up_to_it_and_each_labeler_has_his_own_view() -> None:
    one, other = (
        ((0, 0, "a", 1, True), (1, 0, "b", -1, True)),
        ((0, 0, "a", 1, True), (1, 0, "b", 1, True), (2, 0, "c", 1, True)),
    )
    both = pd.concat([labels(*one), labels(*other, labeler="y")])
    for finish in ("solution", "length"):  # cut off behind its error, or not
        got = first_error_examples(PROBLEMS, written(["a", "b", "c"], finish), both)
        assert steps_and_targets(got)[0] == (("a", "b"), (2.0, 0.0)) and len(got) == (2 if finish == "solution" else 1)


@pytest.mark.parametrize("finish", ["give_up", "bad_problem", "length", "found_error", None])
def test_what_is_unfinished_and_shows_no_error_is_dropped(finish: str | None) -> None:
    table = labels((0, 0, "a", 1, True), (0, 1, "a'", -1, False))
    assert first_error_examples(PROBLEMS, written(["a"], finish), table) == []
    ended_early = first_error_examples(PROBLEMS, written(["a", "b"], "solution"), table)
    assert ended_early == [], "labels that end before the solution does"


def test_an_outcome_label_goes_to_every_step_of_a_graded_solution() -> None:
    solutions = pd.DataFrame(
        {
            "problem_id": ["p", "p", "q", "q"],
            "sample_id": [0, 1, 0, 1],
            "steps": [["a", "b"], ["c"], ["d"], []],
            "is_correct": pd.array([True, False, None, True], dtype="boolean"),
        }
    )
    assert steps_and_targets(orm_examples(PROBLEMS, solutions)) == [(("a", "b"), (1.0, 1.0)), (("c",), (0.0,))]


def test_a_record_that_found_an_error_is_no_wrong_solution_to_an_orm() -> None:
    """Its steps end before the error, so none of them is wrong, and it has no answer."""
    both = pd.concat([written(["a"], "found_error"), written(["a", "b"], "solution", "q")]).assign(is_correct=False)
    assert steps_and_targets(orm_examples(PROBLEMS, both)) == [(("a", "b"), (0.0, 0.0))]


LAST = "So 5.\n\n# Answer\n\n5"
LINES = ("So 5.", "# Answer", "5")


def test_a_step_of_several_lines_is_as_many_steps_as_a_generator_writes_rated_at_the_last() -> None:
    table = labels((0, 0, "a", 1, True), (1, 0, "No.\n# Answer\n4", -1, False), (1, 1, LAST, 1, True))
    assert steps_and_targets(prm_examples(PROBLEMS, table)) == [
        (("a", "No.", "# Answer", "4"), (None, None, None, 0.0)),
        (("a", *LINES), (2.0, None, None, 2.0)),
    ]
    valued = labels((0, 0, "a", 1, True), (1, 0, LAST, 1, True)).assign(value=[0.5, 0.25])
    assert steps_and_targets(prm_examples(PROBLEMS, valued, soft=True)) == [(("a", *LINES), (0.5, 0.25, 0.25, 0.25))]
    solution = written(["a", LAST], "solution").assign(is_correct=True)
    assert steps_and_targets(orm_examples(PROBLEMS, solution)) == [(("a", *LINES), (1.0,) * 4)]


BLANK = ["", " ", "\n \t\n", "\u00a0"]


@pytest.mark.parametrize("blank", BLANK)
def test_a_blank_step_is_left_out_with_its_label_and_counted(blank: str, caplog: pytest.LogCaptureFixture) -> None:
    table = labels((0, 0, "a", 1, True), (1, 0, blank, 1, True), (2, 0, "c", 1, True))
    assert steps_and_targets(prm_examples(PROBLEMS, table)) == [(("a", "c"), (2.0, 2.0))]
    assert "1 labeled steps are blank and state nothing" in caplog.text
    wrong = labels((0, 0, "a", 1, True), (1, 0, blank, -1, True), (2, 0, "c", 1, True))
    assert steps_and_targets(prm_examples(PROBLEMS, wrong)) == [(("a",), (2.0,))], (
        "what follows an error is not learned from"
    )
    alternative = labels((0, 0, "a", 1, True), (1, 0, blank, -1, False), (1, 1, "b", 1, True))
    assert steps_and_targets(prm_examples(PROBLEMS, alternative)) == [(("a", "b"), (2.0, 2.0))]
    valued = table.assign(value=[0.5, 0.25, 0.75])
    assert steps_and_targets(prm_examples(PROBLEMS, valued, soft=True)) == [(("a", "c"), (0.5, 0.75))]
    solution = written([blank, "a", blank], "solution").assign(is_correct=True)
    assert steps_and_targets(orm_examples(PROBLEMS, solution)) == [(("a",), (1.0,))]


@pytest.mark.parametrize("blank", BLANK)
def test_blank_steps_alone_are_nothing_to_learn_from(blank: str) -> None:
    with pytest.raises(InputError, match="no rating"):
        prm_examples(PROBLEMS, labels((0, 0, blank, 1, True), (1, 0, blank, -1, True)))
    with pytest.raises(InputError, match="no graded solution"):
        orm_examples(PROBLEMS, written([blank], "solution").assign(is_correct=True))


def test_labels_that_leave_a_step_out_are_refused_for_what_was_read_before_would_be_another_text() -> None:
    with pytest.raises(InputError, match=r"sample 0 of problem 'p' has a label at step 2 and no chosen text at step 1"):
        prm_examples(PROBLEMS, labels((0, 0, "a", 1, True), (2, 0, "c", 1, True)))


def test_problems_fall_on_one_side_by_their_own_seed() -> None:
    many = pd.DataFrame({"problem_id": [f"p{i}" for i in range(400)], "problem": "?"})
    solutions = many.assign(sample_id=0, steps=[["a"]] * 400, is_correct=True)
    examples = [e for e in orm_examples(many, solutions) for _ in range(2)]
    train, valid = split_by_problem(examples, 0.2, seed=1)
    assert not {e.problem_id for e in train} & {e.problem_id for e in valid}
    assert 0.13 < len(valid) / 800 < 0.27
    assert {e.problem_id for e in split_by_problem(examples[:200], 0.2, seed=1)[1]} <= {e.problem_id for e in valid}
    assert split_by_problem(examples, 0.0, seed=1)[1] == []


@pytest.mark.parametrize("share", [0.01, 0.1, 0.99])
def test_of_few_problems_one_at_least_is_on_either_side(share: float) -> None:
    few = pd.DataFrame({"problem_id": [f"p{i}" for i in range(4)], "problem": "?"})
    examples = orm_examples(few, few.assign(sample_id=0, steps=[["a"]] * 4, is_correct=True))
    for seed in range(20):
        train, valid = split_by_problem(examples, share, seed)
        assert train and valid and len(train) + len(valid) == 4
    for single in examples[:40]:
        assert split_by_problem([single], share, seed=1) == ([single], []), "a single one is learned from"


def test_missing_labels_and_problems_are_refused() -> None:
    with pytest.raises(InputError, match="'r'"):
        prm_examples(PROBLEMS, labels((0, 0, "a", 1, True), problem="r"))
    with pytest.raises(InputError, match="no rating"):
        prm_examples(PROBLEMS, labels((0, 0, "a", None, True)))
    with pytest.raises(InputError, match="no graded solution"):
        orm_examples(
            PROBLEMS,
            pd.DataFrame({"problem_id": ["p"], "steps": [["a"]], "is_correct": pd.array([None], dtype="boolean")}),
        )
