"""The nodes that tell difficulty: a predictor that sees training problems alone, and nothing where nothing was scaled."""

import numpy as np
import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.estimators.samples import sample_grid
from stepscale.parameters import ReportBlock
from stepscale.pipelines.test_time_search.difficulty import predict_difficulty
from stepscale.search.plan import SearchPlan
from stepscale.studies.difficulty.figures import difficulty_figure, difficulty_tables
from stepscale.studies.difficulty.measure import easiness_by_kind, measure_difficulty
from stepscale.studies.strategies.samples import ScoredGrid

PLAN = SearchPlan.model_validate(
    {"problems": 20, "problems_per_shard": 10, "budgets": [2, 4], "strategies": [{"method": "beam", "width": 4}]}
)
REPORT = ReportBlock(budgets=(1, 2, 4, 8), bootstrap=100)


def problems(n: int = 40) -> pd.DataFrame:
    """Longer sums are harder; every second problem is a test problem."""
    rows = [
        {
            "problem_id": f"p{i}",
            "problem": "+".join(["1"] * (1 + i // 2)),
            "answer": "1",
            "level": 1,
            "split": "test" if i % 2 else "train",
        }
        for i in range(n)
    ]
    return pd.DataFrame(rows)


def pool(chosen: pd.DataFrame, wrong_everywhere: bool = False) -> pd.DataFrame:
    """Four samples a problem; the longer the problem, the fewer are right."""
    lengths = chosen["problem"].map(len)
    hard = (4 * lengths / lengths.max()).round().astype(int)
    rows = [
        {"problem_id": pid, "sample_id": k, "is_correct": not wrong_everywhere and k >= h, "answer": "1"}
        for pid, h in zip(chosen["problem_id"], hard, strict=True)
        for k in range(4)
    ]
    return pd.DataFrame(rows)


def test_the_question_tells_difficulty_from_training_problems_alone() -> None:
    table = problems()
    train, test = (table[table["split"] == split].reset_index(drop=True) for split in ("train", "test"))
    got = predict_difficulty(table, pool(train), test)
    assert got["problem_id"].tolist() == test["problem_id"].tolist()
    assert np.corrcoef(got["easiness"], -test["problem"].map(len))[0, 1] > 0.9
    leaked = pd.concat([pool(train), pool(test, wrong_everywhere=True)])  # samples of test problems change nothing
    pd.testing.assert_frame_equal(predict_difficulty(table, leaked, test), got)


def test_too_few_training_problems_are_told_with_the_key_to_change() -> None:
    few = problems(18)
    with pytest.raises(InputError, match=r"problems\.train: 9 training problems have samples.* 10 or more; give more"):
        predict_difficulty(few, pool(few), few)


def test_the_four_kinds_stand_side_by_side_and_are_drawn() -> None:
    from stepscale.estimators.strategy_results import StrategyResults

    test = problems().query("split == 'test'").reset_index(drop=True)
    samples = pool(test)
    grid = sample_grid(test, samples)
    scored = ScoredGrid(grid, np.where(grid.correct, 0.9, 0.2))
    question = pd.DataFrame({"problem_id": test["problem_id"][::-1], "easiness": np.linspace(0, 1, len(test))})
    easiness = easiness_by_kind(scored, question, 2, 0)
    assert list(easiness) == ["oracle", "predicted", "2 probes", "question alone"]
    assert easiness["question alone"][-1] == 0.0  # matched by problem, not by place
    results = StrategyResults(("a", "b"), (1, 2), grid.ids, np.random.default_rng(0).random((2, 2, len(test))))
    tables = measure_difficulty(results, scored, question, REPORT.model_copy(update={"probes": 2}), 0)
    figure = difficulty_figure(tables["policies"], "generations")
    assert figure.views[0].x_title == "generations" and set(figure.views[0].names) == {*easiness, "one bin"}
    agreed, by_kind = (table.rows for table in difficulty_tables(tables))
    assert [row["estimate from"] for row in agreed] == ["predicted", "2 probes", "question alone"]
    assert {row["bins"] for row in by_kind} == {*easiness, "one bin"} and {row["N"] for row in by_kind} == {"2"}
