"""The solutions a report shows are chosen by rule."""

import numpy as np
import pandas as pd

from stepscale.report.part import ExampleStep
from stepscale.studies.best_of_n.aggregates import score_samples
from stepscale.studies.best_of_n.worked_examples import choose

# problem -> samples as (answer, P(-1) of its one step); the right answer is always "y"
SAMPLES = {
    "caught": [("y", 0.1), ("n", 0.9), ("n", 0.8)],
    "fooled": [("y", 0.5), ("n", 0.2), ("y", 0.6)],
    "trusted": [("y", 0.05), ("y", 0.3), ("m", 0.4)],
}


def example_tables(samples=SAMPLES):
    problems = pd.DataFrame(
        {"problem_id": name, "problem": f"text of {name}", "answer": "y", "level": 1, "split": "test"}
        for name in samples
    )
    rows = [(name, i, *sample) for name, of_problem in samples.items() for i, sample in enumerate(of_problem)]
    solutions = pd.DataFrame(
        {
            "problem_id": name,
            "sample_id": i,
            "steps": [f"{name}/{i}"],
            "answer": answer,
            "is_correct": answer == "y",
            "mean_logprob": -1.0,
        }
        for name, i, answer, _ in rows
    )
    scores = pd.DataFrame(
        {"problem_id": name, "sample_id": i, "verifier": "prm", "negative": [p], "neutral": [0.0]}
        for name, i, _, p in rows
    )
    return problems, solutions, scores


def chosen(samples=SAMPLES, rate=None):
    problems, solutions, scores = example_tables(samples)
    scored = score_samples(problems, "test", solutions, scores, scores.assign(verifier="orm"))
    return {one.kind: one for one in choose(scored, problems, solutions, scores, rate)}


def test_the_three_kinds_are_found_where_they_are() -> None:
    got = chosen()
    assert list(got) == ["Trusted and right", "Error caught", "Fooled"]
    assert got["Fooled"].steps == (ExampleStep(text="fooled/1", probability=0.8),)
    assert got["Error caught"].steps[0].text == "caught/1"  # of the majority's wrong samples, the least trusted
    assert "majority" in got["Error caught"].remark
    assert got["Trusted and right"].answer == "y"


def test_scores_find_their_samples_by_name_whatever_the_order_of_rows() -> None:
    problems, solutions, scores = example_tables()
    scored = score_samples(problems, "test", solutions, scores, scores.assign(verifier="orm"))
    assert choose(scored, problems, solutions, scores[::-1], None) == choose(scored, problems, solutions, scores, None)


def test_a_solution_right_by_a_wrong_step_is_not_shown_as_rightly_trusted() -> None:
    def rate(problems: pd.DataFrame, solutions: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"rating": [-1 if solutions["steps"][0][0] == "trusted/0" else 1]})

    assert chosen(rate=rate)["Trusted and right"].steps == (ExampleStep(text="caught/0", probability=0.9, rating=1),)


def test_without_a_misled_majority_a_lone_wrong_sample_is_shown_and_described_as_such() -> None:
    got = chosen({"only": SAMPLES["trusted"]})
    assert list(got) == ["Trusted and right", "Error caught"]
    assert got["Error caught"].steps[0].text == "only/2"
    assert "majority" not in got["Error caught"].remark


def test_nothing_answered_gives_no_example() -> None:
    problems, solutions, scores = example_tables()
    solutions["answer"] = None
    scored = score_samples(problems, "test", solutions, scores, scores)
    assert choose(scored, problems, solutions, scores, None) == []
    assert not np.any(scored.grid.mask)
