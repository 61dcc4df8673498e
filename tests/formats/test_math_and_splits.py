r"""MATH in its shapes, its `\boxed` answers, and the leakage check of the 12,000/500 split."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bounded_work import ends

from stepscale.errors import InputError
from stepscale.formats import read, splits, write

Jsonl = Callable[..., Path]
Real = Callable[[str], Path]
MATH = {
    "problem": "What is 1+1?",
    "solution": "It is $\\boxed{2}$.",
    "answer": "2",
    "subject": "Algebra",
    "level": 3,
    "unique_id": "test/algebra/7.json",
}


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        ("So $\\boxed{\\frac{1}{\\sqrt{2}}}$.", "\\frac{1}{\\sqrt{2}}"),
        ("Thus $x = \\boxed 2$.", "2"),
        ("First $\\boxed{1}$ is wrong. Then $\\boxed{\\text{(A)}}$", "\\text{(A)}"),
        ("By \\boxed{1} and \\boxed{2}.", "1, 2"),
        ("It is $\\boxed\\frac{1}{2}$.", "\\frac{1}{2}"),
        ("It is \\fbox{7}.", "7"),
        ("Put it in \\boxed{}: $\\boxed{12}$, as \\boxed asks.", "12"),
        ("Write \\boxed{answer}. It is $\\boxed{12}$.", "12"),
        ("It costs \\boxed{\\$32{,}348}.", "\\$32{,}348"),
        (None, None),
        ("We add 4 to 3 for a total of 7 over 2 days.", None),
        ("The answer is not known yet; see page 3.", None),
        ("no box", None),
        ("# Answer\n\n7", None),
        ("#### 7", None),
        ("The answer is $7$.", None),
        ("\\boxed{}", None),
        ("I put it in \\boxed{answer}.", None),
        ("", None),
        ("\\boxed{ \\frac{1}{2}", None),
        ("Write \\boxed \nThe end.", None),
        ("First \\boxed{3}, then finally $\\boxed\n{7}$.", "7"),
        ("First \\boxed{3}, so \\boxed (1,2)", "(1,2)"),
        ("First \\boxed{3}, so \\boxed (1, 2) at last", "(1, 2)"),
        ("First \\boxed{3}, so \\boxed \u22127", "\u22127"),
        ("First \\boxed{3}, so $\\boxed\\,7$", "7"),
        ("\\boxed$7$", "7"),
        ("So \\boxed .5", ".5"),
        ("\\boxed \u221a2", "\u221a2"),
        ("First \\boxed{3}, so $\\framebox[2cm]{42}$.", "42"),
        ("\\boxed{1} or \\boxed \u22127", "1, \u22127"),
        ("$\\boxed{3}$, as `\\boxed` and $\\boxed$ ask.", "3"),
        ("So \\boxed{3}. Begin with \\boxed{", "3"),
        ("First \\boxed{3}, so \\boxed{7", None),
        ("First \\boxed{3}, so \\boxed @7", None),
        ("First \\boxed{3}, so $\\boxed\n7$", None),
        ("First \\boxed{3}, so $\\boxed \\{1, 2\\}$", None),
        ("First \\boxed{3}, so $\\boxed \u2264 5$", None),
    ],
)
def test_a_missing_answer_is_the_solutions_last_box(jsonl: Jsonl, solution: str | None, answer: str | None) -> None:
    data = read(jsonl({"problem": "p", "solution": solution}), "math")
    got = data.problems["answer"].tolist()
    assert got == [answer] or (answer is None and data.problems["answer"].isna().all())


def test_the_folder_of_json_files_is_read_with_its_splits(tmp_path: Path) -> None:
    for place, level in (
        ("train/algebra/1.json", "Level 2"),
        ("train/geometry/1.json", "Level ?"),
        ("test/algebra/1.json", "Level 5"),
    ):
        file = tmp_path / "MATH" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            json.dumps({"problem": place, "level": level, "type": "Algebra", "solution": "\\boxed{1}"}, indent=2)
        )
    problems = read(tmp_path / "MATH", "math").problems.set_index("problem_id")
    assert problems["split"].to_dict() == {
        "train/algebra/1.json": "train",
        "train/geometry/1.json": "train",
        "test/algebra/1.json": "test",
    }
    assert problems["level"].tolist()[0] == 5 and problems["level"].isna().sum() == 1
    assert (problems["subject"] == "Algebra").all() and (problems["answer"] == "1").all()


def test_problems_come_out_as_they_went_in(jsonl: Jsonl, tmp_path: Path) -> None:
    plain = {"unique_id": "x", "problem": " only a problem\n"}
    write(read(jsonl(MATH, plain), "math"), tmp_path / "out.jsonl", "math")
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [MATH, plain]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({**MATH, "level": "hard"}, "level is 'hard'"),
        (MATH, "was given before"),
        ({"solution": "x"}, "key 'problem' is missing"),
        ({"problem": 3}, "'problem' is int"),
    ],
)
def test_a_bad_line_is_named(jsonl: Jsonl, bad: object, reason: str) -> None:
    path = jsonl(MATH, bad)
    with pytest.raises(InputError, match=reason) as caught:
        read(path, "math")
    assert f"{path}:2: " in str(caught.value)
    assert read(path, "math", on_error="skip").skipped == 1


@pytest.mark.parametrize("absent", [{}, {"unique_id": None}, {"unique_id": float("nan")}])
def test_a_problem_without_an_id_is_keyed_by_its_stripped_text_and_kept_once(
    jsonl: Jsonl, absent: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    lines = [{"problem": text, "answer": "1", **absent} for text in (" a\n", "b", "a", "a")]
    data = read(jsonl(*lines), "math")
    assert data.problems["problem"].tolist() == [" a\n", "b"] and data.skipped == 0
    assert data.problems["problem_id"].is_unique
    assert "2 records repeat an earlier problem, which is kept once" in caplog.text


def test_another_gold_answer_of_a_text_is_a_bad_line(jsonl: Jsonl) -> None:
    path = jsonl({"problem": "q", "answer": "1"}, {"problem": "r"}, {"problem": "q\n", "answer": "2"})
    with pytest.raises(InputError) as caught:
        read(path, "math")
    assert str(caught.value).startswith(f"{path}:3: the gold answer is '2', and of an earlier line of the problem '1'")
    data = read(path, "math", on_error="skip")
    assert (data.skipped, data.problems["problem"].tolist()) == (1, ["q", "r"])
    assert data.problems["answer"].tolist()[0] == "1"


def test_problems_of_one_text_with_ids_of_their_own_are_all_kept(jsonl: Jsonl) -> None:
    lines = [{"unique_id": name, "problem": "q", "answer": answer} for name, answer in (("a", "1"), ("b", "2"))]
    data = read(jsonl(*lines, {"problem": "q", "answer": "3"}), "math").problems
    assert data["problem_id"].tolist()[:2] == ["a", "b"] and data["answer"].tolist() == ["1", "2", "3"]


def test_one_place_in_two_folders_of_the_release_is_a_problem_for_each_text(tmp_path: Path) -> None:
    for folder, text in (("one", "p"), ("two", "q"), ("three", "p")):
        file = tmp_path / folder / "train" / "algebra" / "1.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"problem": text, "solution": "\\boxed{1}"}))
    problems = read([tmp_path / "one", tmp_path / "two", tmp_path / "three"], "math").problems
    assert problems["problem_id"].tolist() == ["train/algebra/1.json", "train/algebra/1.json-2"]
    assert problems["problem"].tolist() == ["p", "q"]


@pytest.mark.parametrize("text", ["\\boxed{", "\\boxed{}", "\\boxed(", "\\boxed$7", "\\boxed\n"])
def test_a_text_of_many_broken_boxes_is_read_to_its_end(jsonl: Jsonl, text: str) -> None:
    with ends():
        problems = read(jsonl({"problem": "p", "solution": text * 30_000}), "math").problems
    assert problems["answer"].isna().all()


def test_leaks_are_found_on_stripped_text(jsonl: Jsonl) -> None:
    train = read(jsonl(MATH, {"problem": "other"}, name="train.jsonl"), "math").problems
    test = read(jsonl({"problem": "What is 1+1?\n"}, name="test.jsonl"), "math").problems
    with pytest.raises(
        InputError, match=r"1 training problems are also in the test set, the first 'test/algebra/7.json'"
    ):
        splits.check_disjoint(train, test)
    assert splits.without_leaks(train, test)["problem"].tolist() == ["other"]


def test_the_real_split_does_not_leak_and_is_joined_on_stripped_text(real: Real) -> None:
    train = read(real("math/prm800k_train12k.derived.jsonl.gz"), "math", split="train").problems
    test = read(real("math/math500.jsonl"), "math", split="test").problems
    assert (len(train), len(test)) == (12_000, 500)
    splits.check_disjoint(train, test)
    labeled = read(real("prm800k/phase1_test.reconstructed.jsonl"), "prm800k").problems
    assert len(splits.leaked(test, labeled)) == 101
