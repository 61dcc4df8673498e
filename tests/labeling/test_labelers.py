"""Labelers: a large PRM, a file of people's labels, the lab's own; outcome labels and agreement made of what they say."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats import Tables, read, tables, write
from stepscale.labeling.agreement import agreement, with_final_errors
from stepscale.labeling.by_file import FileLabeler
from stepscale.labeling.by_verifier import VerifierLabeler, rate
from stepscale.labeling.contract import label_table
from stepscale.labeling.rollouts import rated
from stepscale.labeling.symbolic import SymbolicLabeler
from stepscale.supervision.outcomes import judged_by_steps, outcome_noise
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.scores_table import score_solutions

PROBLEMS = pd.DataFrame(
    {"problem_id": ["p", "q"], "problem": ["Compute 3 + 4.", "Compute 5 - 1."], "answer": ["7", "4"]}
)


def solutions(*steps: list[str], problem: str = "p", right: Sequence[bool | None] = ()) -> pd.DataFrame:
    n = len(steps)
    return pd.DataFrame(
        {
            "problem_id": [problem] * n,
            "sample_id": range(n),
            "steps": list(steps),
            "answer": "7",
            "finish": "solution",
            "is_correct": pd.array(list(right) or [None] * n, dtype="boolean"),
        }
    )


def ratings(labels: pd.DataFrame) -> list[list[int]]:
    return [rows["rating"].tolist() for _, rows in labels.groupby(["problem_id", "sample_id"])]


class Told:
    """A verifier whose P(negative) and P(neutral) are written in the step."""

    name = "large"

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        ledger.add(self.name, "verify", sum(len(t.steps) for t in trajectories))
        pairs = [np.array([s.split() for s in t.steps], np.float32).reshape(-1, 2) for t in trajectories]
        return [StepScores(p[:, 0], p[:, 1]) for p in pairs]


def test_a_step_is_wrong_above_a_fifth_and_nothing_after_it_is_rated() -> None:
    got = solutions(["0.19 0.1", "0.21 0.0", "0.0 0.0"], ["0.1 0.5", "0.0 0.0"], [])
    ledger = Ledger()
    labels = VerifierLabeler(Told()).label(PROBLEMS, got, ledger)
    assert ratings(labels) == [[1, -1], [0, 1]]
    assert ledger.models["large"].verify == 5
    assert set(labels["labeler"]) == {"large"} and labels["value"].isna().all() and labels["is_chosen"].all()


def test_steps_that_the_verifier_could_not_read_are_no_errors() -> None:
    got = solutions(["0.1 0.0", "1.0 0.0", "1.0 0.0"], ["0.1 0.0", "0.9 0.0"])
    scores = score_solutions(Told(), PROBLEMS, got, Ledger())
    assert "unread" not in scores
    labels = VerifierLabeler(Told()).from_scores(got, tables.scores(scores.assign(unread=[2, 0])))
    assert ratings(labels) == [[1], [1, -1]]
    assert judged_by_steps(got, labels)["is_correct"].isna().tolist() == [True, False], (
        "what was not read is not judged"
    )


def test_an_error_that_is_a_label_and_no_step_counts_in_the_agreement() -> None:
    """PRM800K's found errors: the solution ends before the error, and of its completions none was chosen."""
    got = solutions(["a"], ["a", "b"]).assign(finish=["found_error", "solution"])
    rows = [
        (0, 0, 0, "a", 1, True),
        (0, 1, 0, "c", 1, False),
        (0, 1, 1, "wrong", -1, False),
        (1, 0, 0, "a", 1, True),
        (1, 1, 0, "b", 1, True),
        (1, 1, 1, "d", -1, False),
    ]
    reference = pd.DataFrame(rows, columns=["sample_id", "step", "completion", "text", "rating", "is_chosen"])
    reference = reference.assign(problem_id="p", labeler="ann")
    whole, judged = with_final_errors(got, reference)
    assert whole["steps"].tolist() == [["a", "wrong"], ["a", "b"]]
    assert judged["is_chosen"].tolist() == [True, False, True, True, True, False]
    blind = label_table(whole, "blind", [[1, 1], [1, 1]])
    assert agreement(blind, judged)["missed"] == 1 and agreement(blind, judged)["first_error_agreement"] == 0.5


def test_the_threshold_is_an_option_and_is_checked() -> None:
    assert rate([0.3, 0.6], [0.0, 0.0], threshold=0.5) == [1, -1]
    with pytest.raises(InputError, match="threshold 1"):
        VerifierLabeler(Told(), threshold=1)


def test_the_labs_labeler_keeps_the_contract_and_spends_nothing() -> None:
    labeler, ledger = SymbolicLabeler(), Ledger()
    got = solutions(["3 + 4 = 7", r"\boxed{7}"], ["3 + 4 = 8", r"\boxed{7}"])
    from stepscale.lab.problems import make_problems

    problems = make_problems(2, "train", 0).assign(problem_id=["p", "q"])
    labels = labeler.label(problems, got, ledger)
    assert ledger.tokens == 0 and set(labels["labeler"]) == {"symbolic"} and not labels.empty


def test_the_labs_labeler_counts_the_solutions_that_it_cannot_read(caplog: pytest.LogCaptureFixture) -> None:
    story = "Some friends have pens. Tom has 3. As many as Tom and 4 more go to Ann. How many pens does Ann have?"
    problems = pd.DataFrame({"problem_id": ["p"], "problem": [story], "answer": ["7"]})
    written = solutions(
        ["Ann has 3 + 4 = 7", "Answer: 7"], ["Tom has 3", "Who knows?", "Answer: 7"], ["Ann has 8", "?"]
    )
    with caplog.at_level("INFO"):
        labels = SymbolicLabeler(free_text=True).label(problems, written, Ledger())
    strict = SymbolicLabeler().label(problems, written, Ledger())
    assert strict.groupby("sample_id")["rating"].apply(list).to_dict() == {0: [-1], 1: [0, -1], 2: [-1]}
    assert labels.groupby("sample_id")["rating"].apply(list).to_dict() == {0: [1, 1], 1: [0], 2: [-1]}
    assert "1 of 3 solutions have a line that the labeler cannot read" in caplog.text


def test_labels_of_another_length_than_the_steps_are_refused() -> None:
    with pytest.raises(InputError, match="3 labels for the 2 steps"):
        label_table(solutions(["a", "b"]), "x", [[1, 1, 1]])
    with pytest.raises(InputError, match="as many values"):
        label_table(solutions(["a", "b"]), "x", [[1, 1]], [[0.5]])
    assert label_table(solutions(["a", "b"]), "x", values=[[0.5, 0.25]])["value"].tolist() == [0.5, 0.25]


def labeled_file(path: Path, got: pd.DataFrame, rated: list[list[int]], labeler: str | None = "ann") -> Path:
    labels = label_table(got, "x", rated).assign(labeler=labeler).astype({"labeler": "str"})
    write(Tables(PROBLEMS.assign(solution=None, subject=None, level=None, split=None), got, labels), path, "prm800k")
    return path


def test_what_people_labeled_in_the_file_comes_back_as_labels_of_our_solutions(tmp_path: Path) -> None:
    got = solutions(["a", "b", "c"], ["a", "x", "y"], ["z"])
    path = labeled_file(tmp_path / "people.jsonl", got.iloc[:2], [[1, 0, 1], [1, -1]])
    labels = FileLabeler(path).label(PROBLEMS, got, Ledger())
    assert ratings(labels) == [[1, 0, 1], [1, -1]]
    assert labels["is_chosen"].all() and set(labels["labeler"]) == {"ann"}
    assert judged_by_steps(got, labels)["is_correct"].tolist() == [True, False, pd.NA]


def test_alternatives_that_people_rated_stay_siblings(tmp_path: Path) -> None:
    completions = [{"text": "b", "rating": -1, "flagged": False}, {"text": "b2", "rating": 1, "flagged": False}]
    steps = [
        {
            "completions": [{"text": "a", "rating": 1, "flagged": False}],
            "human_completion": None,
            "chosen_completion": 0,
        },
        {"completions": completions, "human_completion": None, "chosen_completion": None},
    ]
    record: dict[str, Any] = {
        "labeler": None,
        "timestamp": None,
        "generation": 3,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {"problem": "Compute 3 + 4.\n", "ground_truth_answer": "7"},
        "label": {"steps": steps, "total_time": 1, "finish_reason": "found_error"},
    }
    (tmp_path / "one.jsonl").write_text(json.dumps(record) + "\n")
    labels = FileLabeler(tmp_path / "one.jsonl").label(PROBLEMS, solutions(["a", "b2", "c"], ["a", "b"]), Ledger())
    first, second = (rows.set_index("text") for _, rows in labels.groupby("sample_id"))
    assert first["is_chosen"].to_dict() == {"a": True, "b": False, "b2": True}
    assert second["is_chosen"].to_dict() == {"a": True, "b": True, "b2": False}
    assert set(labels["labeler"]) == {"human"}


def test_a_file_that_labels_none_of_the_solutions_is_refused(tmp_path: Path) -> None:
    path = labeled_file(tmp_path / "people.jsonl", solutions(["a"]), [[1]])
    with pytest.raises(InputError, match="none of its records labels one of these 1 solutions"):
        FileLabeler(path).label(PROBLEMS, solutions(["b"]), Ledger())


def _by_rollouts(got: pd.DataFrame) -> pd.DataFrame:
    values = [[1.0, 0.0], [0.5]]
    return rated(label_table(got, "rollouts", values=values))


def _by_people(got: pd.DataFrame, folder: Path) -> pd.DataFrame:
    path = labeled_file(folder / "people.jsonl", got, [[1, -1], [1]])
    return FileLabeler(path).label(PROBLEMS, got, Ledger())


@pytest.mark.parametrize("who", ["large", "symbolic", "rollouts", "human"])
def test_every_labelers_labels_pass_through_a_prm800k_file(who: str, tmp_path: Path) -> None:
    got = solutions(["0.0 0.0", "0.9 0.0"], ["0.0 0.0"])
    labelers = {
        "large": lambda: VerifierLabeler(Told()).label(PROBLEMS, got, Ledger()),
        "symbolic": lambda: label_table(got, "symbolic", [[1, -1], [1]]),
        "rollouts": lambda: _by_rollouts(got),
        "human": lambda: _by_people(got, tmp_path),
    }
    labels = tables.step_labels(labelers[who]())
    write(Tables(PROBLEMS, got, labels), tmp_path / "out.jsonl", "prm800k")
    again = read(tmp_path / "out.jsonl", "prm800k")
    assert again.step_labels["rating"].tolist() == [1, -1, 1] and again.step_labels["labeler"].nunique() == 1
    assert set(again.step_labels["labeler"]) == set(labels["labeler"])
    assert again.solutions["is_correct"].tolist() == [False, True]


def test_a_solution_is_right_if_every_step_passes() -> None:
    got = solutions(["a", "b"], ["a", "b"], ["a", "b"], ["a"], right=[True, True, False, None])
    got.loc[3, "finish"] = "length"
    labels = label_table(got, "x", [[1, 0], [1, -1], [1], [1]])
    judged = judged_by_steps(got, labels)
    assert judged["is_correct"].tolist() == [True, False, pd.NA, False]
    noise = outcome_noise(got, judged)
    assert (noise["n_solutions"], noise["agreement"], noise["false_positives"]) == (2, 0.5, 0.5)
    assert np.isnan([noise[f"false_negatives{bound}"] for bound in ("", "_low", "_high")]).all()
    assert noise["n_problems"] == 1 and noise["agreement_low"] == noise["agreement_high"] == 0.5, "of a single problem"


def test_a_published_record_whose_error_is_no_step_is_wrong() -> None:
    got = solutions(["a"])
    labels = pd.concat([label_table(got, "x", [[1]]), label_table(got, "x", [[-1]]).assign(step=1, is_chosen=False)])
    assert judged_by_steps(got, labels)["is_correct"].tolist() == [False]


def test_agreement_by_hand() -> None:
    got = solutions(*[["a", "b", "c"]] * 4)
    ours = label_table(got, "v", [[1, 1, 1], [1, -1], [-1], [1, 1, 0]])
    truth = label_table(got, "s", [[1, 1, 1], [1, 1, -1], [-1], [1, -1]])
    result = agreement(ours, truth)
    assert (result["n_solutions"], result["n_steps"]) == (4, 8)
    assert result["step_agreement"] == pytest.approx(6 / 8) and result["rating_agreement"] == pytest.approx(6 / 8)
    assert result["first_error_agreement"] == 0.5 and result["outcome_agreement"] == 0.75
    assert result["missed"] == pytest.approx(1 / 3) and result["false_alarms"] == 0
    assert (result["early"], result["late"]) == (0.5, 0)
    chance = (2 / 8) * (2 / 8) + (6 / 8) * (6 / 8)
    assert result["step_kappa"] == pytest.approx((0.75 - chance) / (1 - chance))
    assert agreement(truth, truth)["step_kappa"] == 1


def test_agreement_and_noise_have_intervals_over_problems() -> None:
    one, other = solutions(*[["a", "b"]] * 3, right=[True] * 3), solutions(*[["a"]] * 2, problem="q", right=[True] * 2)
    got = pd.concat([one, other], ignore_index=True)
    ours, truth = (
        label_table(got, "v", [[1, 1]] * 3 + [[-1], [1]]),
        label_table(got, "s", [[1, -1]] * 3 + [[-1], [1]]),
    )
    result = agreement(ours, truth)
    assert (result["n_problems"], result["n_solutions"]) == (2, 5)
    assert result["step_agreement"] == pytest.approx(5 / 8)
    assert (result["step_agreement_low"], result["step_agreement_high"]) == (0.5, 1), "one problem alone, or the other"
    assert (result["missed"], result["missed_low"], result["missed_high"]) == (0.75, 0, 1)
    assert result["step_kappa_low"] <= result["step_kappa"] <= result["step_kappa_high"] == 1
    noise = outcome_noise(got, judged_by_steps(got, truth))
    assert (noise["n_problems"], noise["agreement"]) == (2, pytest.approx(1 / 5))
    assert (noise["agreement_low"], noise["agreement_high"]) == (0, 0.5)


def test_labelers_of_different_solutions_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="no step in common"):
        agreement(label_table(solutions(["a"]), "v", [[1]]), label_table(solutions(["a"], problem="q"), "s", [[1]]))
