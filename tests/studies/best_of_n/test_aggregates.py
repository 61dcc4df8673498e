"""Scores of any verifiers, in any order, are laid over the samples they belong to."""

import numpy as np
import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.studies.best_of_n.aggregates import score_samples, scoring_rules
from stepscale.studies.best_of_n.comparison import curves_table, estimates, methods
from stepscale.studies.best_of_n.figures import best_of_n_part

PROBLEMS = pd.DataFrame({"problem_id": ["a", "b"], "split": "test", "level": [1, None], "answer": "1"})
SOLUTIONS = pd.DataFrame(
    {
        "problem_id": ["a", "a", "b", "b"],
        "sample_id": [0, 1, 0, 1],
        "answer": ["1", "2", "1", None],
        "is_correct": [True, False, True, None],
        "mean_logprob": None,
        "steps": [["x"]] * 4,
    }
)
CURVES = pd.DataFrame(
    {"label": ["Majority"], "method": "majority", "verifier": None, "n": 2, "accuracy": 0.5, "low": 0.4, "high": 0.6}
).assign(n_problems=2)
NONE = pd.DataFrame(columns=["problem_id", "sample_id", "verifier", "negative", "neutral"])


def scores(name: str, negative: list[list[float]], **more: object) -> pd.DataFrame:
    row_fields = {"verifier": name, "negative": negative, "neutral": [[0.0] * len(row) for row in negative], **more}
    return SOLUTIONS[["problem_id", "sample_id"]].assign(**row_fields)


def test_the_order_of_rows_does_not_matter_and_each_kind_is_aggregated_in_its_way() -> None:
    steps = pd.concat([scores("one", [[0.5, 0.5], [0.1], [0.2], [0.3]]), scores("two", [[0.0], [0.1], [0.2], [0.3]])])
    whole = scores("orm", [[0.9, 0.4], [0.5], [0.6], [0.7]])
    scored = score_samples(PROBLEMS, "test", SOLUTIONS, steps.sample(frac=1, random_state=0), whole)
    assert set(scored.scores) == {"one", "two", "orm"}
    assert scored.scores["one"] == pytest.approx(np.array([[0.25, 0.9], [0.8, 0.7]]))
    assert scored.scores["orm"] == pytest.approx(np.array([[0.6, 0.5], [0.4, 0.3]]))
    assert scored.levels == (1, 0)
    both = score_samples(PROBLEMS, "test", SOLUTIONS, pd.concat([steps, scores("prm", [[0.1]] * 4)]), whole)
    assert set(both.steps) == {"one", "two", "prm"}, "Table 4 is made of each that judges steps"
    least = score_samples(PROBLEMS, "test", SOLUTIONS, steps, whole, score_aggregation=("min", "positive"))
    assert least.scores["one"] == pytest.approx(np.array([[0.5, 0.9], [0.8, 0.7]]))
    assert (least.scores["orm"] == scored.scores["orm"]).all()


def test_a_reward_ranks_as_it_is_and_is_no_vote() -> None:
    rewards = scores("reward", [[1.0], [1.0], [1.0], [1.0]], reward=[-50.0, -60.0, -90.0, -80.0])
    scored = score_samples(PROBLEMS, "test", SOLUTIONS, NONE, rewards)
    votes = estimates(scored.grid, scored.scores, [1, 2])
    values = {label: vote.per_problem for label, vote in votes.items()}
    assert values["reward"][:, 1].tolist() == [1.0, 1.0], "whose probabilities would all round to 0"
    assert "reward, weighted vote" not in values
    curves = curves_table("test", values, [1, 2], 100, 0, scored.scores)
    assert set(curves["label"]) == {"reward", "Majority", "pass@N (ceiling)"}
    assert [m.verifier for m in methods(["reward", "prm"]) if m.method == "weighted"] == ["reward", "prm"]


def test_a_verifier_that_left_answered_samples_out_is_refused_but_the_unanswered_need_no_score() -> None:
    row_fields = scores("prm", [[0.1], [0.2], [0.3], [0.4]])
    assert score_samples(PROBLEMS, "test", SOLUTIONS, row_fields[:3], NONE).scores["prm"][1, 1] == 0.0
    with pytest.raises(InputError, match="verifier 'prm' scored 2 of 4 samples"):
        score_samples(PROBLEMS, "test", SOLUTIONS, row_fields[:2], NONE)


def test_places_beyond_the_samples_count_as_unanswered() -> None:
    scored = score_samples(PROBLEMS, "test", SOLUTIONS, NONE, NONE, places=4)
    assert scored.grid.mask.tolist() == [[True, True, False, False], [True, False, False, False]]
    with pytest.raises(InputError, match="a problem has 2 samples, more than the 1 places"):
        score_samples(PROBLEMS, "test", SOLUTIONS, NONE, NONE, places=1)


def test_scoring_rules_are_made_for_every_verifier_with_step_scores_and_its_best_one_is_marked() -> None:
    """One is best read by its last step, two by its first error; the ORM judges whole solutions."""
    last = scores("last_knows", [[0.9, 0.1], [0.0, 0.9], [0.9, 0.1], [0.0, 0.9]])
    least = scores("least_knows", [[0.2, 0.2], [0.9, 0.0], [0.2, 0.2], [0.9, 0.0]])
    whole = scores("orm", [[0.1], [0.2], [0.3], [0.4]])
    right = SOLUTIONS.assign(is_correct=[True, False, True, False])
    scored = score_samples(PROBLEMS, "test", right, pd.concat([last, least]), whole)
    table = scoring_rules(scored, 2, 50, 0)
    assert set(table["verifier"]) == {"last_knows", "least_knows"} and set(table["neutral_as"]) == {"positive"}
    by_rule = table.set_index(["verifier", "aggregation"])["accuracy"]
    assert by_rule["last_knows", "last"] == 1.0 > by_rule["last_knows", "min"]
    assert by_rule["least_knows", "min"] == 1.0 > by_rule["least_knows", "last"]
    best = table[table["is_best"]].set_index("verifier")["aggregation"]
    assert best["last_knows"] == "last" and len(best) == 2
    figure = next(
        f for f in best_of_n_part(CURVES, {"scoring_rules": table}, [], [], False).figures if "rules" in f.title
    )
    assert [panel.title for panel in figure.views[0].panels] == ["last_knows", "least_knows"], "each PRM is named"
