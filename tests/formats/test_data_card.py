"""A release is read back by our reader and by the `datasets` library, and its card says what is in it."""

from pathlib import Path

import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.formats import Tables, read, tables
from stepscale.formats.prm800k.counts import counts, counts_by_round
from stepscale.formats.prm800k.release import CARD, FILE, CardFacts, write_release

FACTS = CardFacts(
    title="Lab labels",
    problems="two sums",
    generator="tiny",
    labeler="symbolic",
    selection="uniform, then 80/20",
    seeds={"run": 7},
    more={"Rounds": "2"},
)
RATINGS = {("p", 0): [1, 1], ("p", 1): [1, -1], ("q", 0): [0, 1], ("q", 1): [-1]}


def labeled(soft: bool = False) -> Tables:
    steps = ["3 + 4 = 7", "\\boxed{7}"]
    problems = pd.DataFrame({"problem_id": ["p", "q"], "problem": ["3 + 4", "4 + 3"], "answer": "7", "solution": "7"})
    solutions = pd.DataFrame(
        [(*key, steps, "7", "solution") for key in RATINGS],
        columns=["problem_id", "sample_id", "steps", "answer", "finish"],
    )
    labels = pd.DataFrame(
        [(*key, i, 0, steps[i], r, True, "symbolic") for key, rated in RATINGS.items() for i, r in enumerate(rated)],
        columns=["problem_id", "sample_id", "step", "completion", "text", "rating", "is_chosen", "labeler"],
    ).assign(value=0.5 if soft else None)
    return Tables(tables.problems(problems), tables.solutions(solutions), tables.step_labels(labels))


def release(folder: Path, soft: bool = False) -> pd.DataFrame:
    rounds = {key: int(key[1]) for key in RATINGS}
    return write_release(labeled(soft), folder, FACTS, rounds, {key: 0.25 * (key[1] + 1) for key in RATINGS})


def test_our_reader_finds_labels_rounds_and_scores_again(tmp_path: Path) -> None:
    release(tmp_path)
    got = read(str(tmp_path / FILE), "prm800k")
    assert len(got.solutions) == 4 and got.step_labels["rating"].tolist() == [1, 1, 1, -1, 0, 1, -1]
    assert got.records is not None and got.records["generation"].tolist() == [0, 1, 0, 1]
    assert '"pre_generated_verifier_score":0.5' in str(got.records["question"].iloc[1])
    assert got.problems["answer"].tolist() == ["7", "7"] and got.problems["solution"].tolist() == ["7", "7"]


def test_the_datasets_library_reads_the_folder(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the datasets package is an extra")

    release(tmp_path / "release")
    got = datasets.load_dataset(str(tmp_path / "release"), split="train", cache_dir=str(tmp_path / "cache"))
    assert got.num_rows == 4 and got[1]["label"]["finish_reason"] == "found_error"
    assert [record["generation"] for record in got] == [0, 1, 0, 1]
    assert got[3]["label"]["steps"][0]["completions"][0]["rating"] == -1


def test_the_card_tells_counts_by_round_and_where_labels_come_from(tmp_path: Path) -> None:
    got = release(tmp_path, soft=True)
    assert got.loc["round 0", "ends_correct"] == 1 and got.loc["round 1", "ends_correct"] == 0
    assert got.loc["all", "step_labels"] == 7 and got.loc["all", "negative"] == pytest.approx(2 / 7)
    text = (tmp_path / CARD).read_text()
    assert text.startswith("---\nlicense: apache-2.0\n")
    for words in (
        "# Lab labels",
        "**Labeler**: symbolic",
        "**Generator**: tiny",
        "**Seeds**: run 7",
        "**Rounds**: 2",
        "| round 1 | 2 | 0 |",
        "7 soft labels",
        "| all | 4 | 0 | 2 | 4 | 7 | 50.0% | 71.4% | 28.6% | 14.3% | 57.1% |",
    ):
        assert words in text, words


def test_counts_by_phase_are_what_they_were(tmp_path: Path) -> None:
    release(tmp_path)
    got = read(str(tmp_path / FILE), "prm800k")
    assert list(counts(got).index) == ["phase 1", "phase 2", "both"] and "negative" not in counts(got)
    assert counts(got).loc["phase 2", "solutions"] == 4 and list(counts_by_round(got).index)[-1] == "all"


def test_a_release_of_nothing_is_refused(tmp_path: Path) -> None:
    data = labeled()
    empty = Tables(data.problems, data.solutions, data.step_labels.iloc[:0])
    with pytest.raises(InputError):
        write_release(empty, tmp_path, FACTS)
