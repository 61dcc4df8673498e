"""The loop labels nothing twice, and tells of every sample what its selector believed and what the labels say."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.formats.tables import SOLUTION_KEY
from stepscale.labeling.contract import label_table
from stepscale.supervision.loop import HEALTH, next_round, round_health
from stepscale.supervision.selection import Blend, Convincing, Strategy, Uncertain, Uniform, candidates


def tables(n_problems: int = 3, n_samples: int = 12) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Solutions of two steps whose even samples are faultless, and their labels."""
    keys = [(f"p{i}", j) for i in range(n_problems) for j in range(n_samples)]
    solutions = pd.DataFrame(
        {
            "problem_id": [p for p, _ in keys],
            "sample_id": [s for _, s in keys],
            "answer": "1",
            "finish": "solution",
            "steps": [[f"step {s}", "end" if s % 2 == 0 else f"wrong {s % 4} in {p}"] for p, s in keys],
            "is_correct": pd.array([s % 2 == 0 for _, s in keys], dtype="boolean"),
        }
    )
    return solutions, label_table(solutions, "x", [[1, 1] if s % 2 == 0 else [1, -1] for _, s in keys])


def pool_of(solutions: pd.DataFrame, right: float, wrong: float) -> pd.DataFrame:
    """Candidates that a selector scores ``right`` if they are faultless, else ``wrong``."""
    negative = [[0.0, 1 - (right if s % 2 == 0 else wrong)] for s in solutions["sample_id"]]
    scores = solutions[["problem_id", "sample_id"]].assign(negative=negative, neutral=[[0.0, 0.0]] * len(solutions))
    return candidates(solutions, scores)


@settings(deadline=None, max_examples=15)
@given(st.sampled_from([Uniform(), Convincing(), Uncertain(), Blend()]), st.integers(1, 5), st.integers(0, 3))
def test_no_sample_is_labeled_twice_and_none_is_left_over(strategy: Strategy, per_problem: int, seed: int) -> None:
    solutions, _ = tables()
    pool = pool_of(solutions, 0.9, 0.4)
    labeled = pool[["problem_id", "sample_id"]].iloc[:0].assign(round=0)
    for round_ in range(12):
        got = next_round(pool, labeled, strategy, per_problem, round_, seed)
        assert len(got) == min(per_problem, max(12 - round_ * per_problem, 0)) * 3
        labeled = pd.concat([labeled, got], ignore_index=True)
    assert not labeled.duplicated(["problem_id", "sample_id"]).any() and len(labeled) == 36


def test_health_tells_of_every_sample_what_was_believed_and_what_the_labels_say() -> None:
    solutions, labels = tables()
    audit = solutions[SOLUTION_KEY].iloc[::3]
    pool = pool_of(solutions, 0.9, 0.95)
    keys = next_round(pool, audit.iloc[:0], Convincing(wrong_share=1), 4, 0, 0)
    health = round_health(pool, keys, solutions, labels, audit)
    assert list(health) == HEALTH and health["of"].value_counts().to_dict() == {"chosen": 12, "audit": 12}
    chosen_rows = health[health["of"] == "chosen"]
    assert chosen_rows[SOLUTION_KEY].to_numpy().tolist() == keys[SOLUTION_KEY].to_numpy().tolist()
    assert (
        not chosen_rows["is_correct"].any()
        and not chosen_rows["faultless"].any()
        and (chosen_rows["first_error"] == 2).all()
    )
    assert chosen_rows["score"].tolist() == pytest.approx([0.95] * 12)
    audited = health[health["of"] == "audit"]
    assert (audited["faultless"] == (audited["sample_id"] % 2 == 0)).all()
    assert (audited["first_error"].notna() == (audited["sample_id"] % 2 == 1)).all()


def test_a_sample_without_labels_has_a_row_of_which_the_labels_say_nothing() -> None:
    solutions, labels = tables(1)
    keys = solutions[SOLUTION_KEY].iloc[:4]
    health = round_health(pool_of(solutions, 0.9, 0.4), keys, solutions, labels[labels["sample_id"] > 1], keys)
    assert health["faultless"].isna().tolist() == [True, True, False, False] * 2
    assert health["first_error"].isna().tolist() == [True, True, True, False] * 2


def test_errors_worded_alike_are_not_counted_as_distinct() -> None:
    solutions, labels = tables(1)
    pool, keys = pool_of(solutions, 0.9, 0.5), solutions[SOLUTION_KEY]
    few = keys[keys["sample_id"].isin([1, 3])]
    health = round_health(pool, keys, solutions, labels, few)
    chosen, audited = (health.loc[health["of"] == share, "distinct"].dropna() for share in ("chosen", "audit"))
    assert len(chosen) == 6 and not chosen.any()  # "wrong 1" and "wrong 3" three times each
    assert len(audited) == 2 and audited.all()
