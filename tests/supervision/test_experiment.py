"""The experiment of A 4 in small: nested subsets, arms on identical samples, cells that train and measure."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.labeling.contract import label_table
from stepscale.supervision.arms import PAPER_ARMS, Arm, Experiment
from stepscale.supervision.cells import Cell, nested, plan, select_all, training_examples, training_samples
from stepscale.supervision.experiment import (
    LabeledPool,
    TestSamples,
    cell_costs,
    cell_training,
    measure_cell,
    train_cell,
)
from stepscale.supervision.points import ACTIVE, BY_ANSWER, BY_LARGE, PROCESS, by_size, learning
from stepscale.supervision.selection import Uniform, candidates
from stepscale.training.optimization import Optimization
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.options import VerifierTraining

SIZES = (1, 2, 4)


def pool_of(n_problems: int = 6, n_samples: int = 8) -> LabeledPool:
    """Sums; odd samples hold a wrong step, sample 1 reaches the right answer all the same."""
    problems = pd.DataFrame({"problem_id": [f"p{i}" for i in range(n_problems)], "answer": "7"})
    problems["problem"] = [f"What is {i} + 7?" for i in range(n_problems)]
    rows = [
        (problem, sample, [f"so {sample} + 7", "no." if sample % 2 else "yes."], "7", sample % 2 == 0 or sample == 1)
        for problem in problems["problem_id"]
        for sample in range(n_samples)
    ]
    solutions = pd.DataFrame(rows, columns=["problem_id", "sample_id", "steps", "answer", "is_correct"])
    solutions = solutions.assign(finish="solution").astype({"is_correct": "boolean"})
    labels = label_table(solutions, "large", [[1, -1] if sample % 2 else [1, 1] for sample in solutions["sample_id"]])
    return LabeledPool(problems, solutions, labels)


def selector_scores(pool: LabeledPool) -> pd.DataFrame:
    negative = [[0.0, 0.9 if sample % 2 else 0.1] for sample in pool.solutions["sample_id"]]
    return pool.solutions[["problem_id", "sample_id"]].assign(negative=negative, neutral=[[0.0, 0.0]] * len(negative))


def test_the_plan_has_every_cell_once_with_a_name_of_its_own() -> None:
    cells = plan(Experiment(sizes=SIZES, seeds=2, budgets=(1, 4)), run_seed=5)
    assert len(cells) == len({cell.name for cell in cells}) == (4 * 3 + 1) * 2
    assert cells[0].name == "process-00001-seed-5"
    assert [cell.seed for cell in cells] == [5] * 13 + [6] * 13
    assert [cell.per_problem for cell in cells if cell.arm.at == "largest"] == [4, 4], (
        "an ablation at the largest size alone"
    )


def test_an_ablation_is_trained_at_one_size() -> None:
    mix = [
        {
            "name": f"top-K {at}",
            "supervision": "steps",
            "selection": {"strategy": "convincing", "wrong_share": 1},
            "at": at,
        }
        for at in ("middle", "largest")
    ]
    experiment = Experiment.model_validate({"sizes": SIZES, "seeds": 2, "budgets": (1, 4), "ablations": mix})
    cells = [cell for cell in plan(experiment) if cell.arm in experiment.ablations]
    assert sorted((cell.per_problem, cell.seed, cell.arm.at) for cell in cells) == [
        (2, 0, "middle"),
        (2, 1, "middle"),
        (4, 0, "largest"),
        (4, 1, "largest"),
    ]


@pytest.mark.parametrize(
    "wrong", [{"sizes": (4, 2)}, {"sizes": ()}, {"budgets": (0, 2)}, {"ablations": PAPER_ARMS[:1]}]
)
def test_a_senseless_experiment_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Experiment.model_validate({"sizes": SIZES, "budgets": (1, 2)} | wrong)


def test_an_ablation_on_values_is_refused_for_prm_large_gives_ratings() -> None:
    with pytest.raises(InputError, match="soft: PRM_large's labels hold no values; use supervision: steps"):
        Experiment(sizes=SIZES, budgets=(1,), ablations=(Arm(name="soft", supervision="values"),))


def test_subsets_of_one_pool_are_nested() -> None:
    pool = pool_of()
    got = select_all(Experiment(sizes=SIZES, budgets=(1,)), pool.solutions, {0: selector_scores(pool)})
    subset_of = {
        (arm.name, size): set(training_samples(Cell(arm, size, 0), pool.solutions, got).index)
        for arm in PAPER_ARMS
        for size in SIZES
    }
    for arm in PAPER_ARMS:
        subsets = [subset_of[arm.name, size] for size in SIZES]
        assert [len(t) for t in subsets] == [6, 12, 24] and subsets[0] < subsets[1] < subsets[2]
    assert all(subset_of[PROCESS, size] == subset_of[BY_LARGE, size] == subset_of[BY_ANSWER, size] for size in SIZES)
    assert subset_of[PROCESS, 4] != subset_of[ACTIVE, 4]


def test_what_cannot_be_selected_is_said() -> None:
    pool, experiment = pool_of(), Experiment(sizes=SIZES, budgets=(1,))
    with pytest.raises(InputError, match="at most 8 distinct answered samples per problem, 9 are to be labeled"):
        nested(Uniform(), candidates(pool.solutions), (1, 9), seed=0)
    with pytest.raises(InputError, match=f"'{ACTIVE}' chooses by a selector's scores, and seed 3 has none"):
        select_all(experiment, pool.solutions, {}, run_seed=3)
    got = select_all(experiment, pool.solutions, {0: selector_scores(pool)})
    with pytest.raises(InputError, match="process-00001-seed-9: no sample is selected"):
        training_samples(Cell(PAPER_ARMS[0], 1, 9), pool.solutions, got)


def test_three_arms_learn_from_identical_samples_and_differ_in_supervision_alone() -> None:
    pool = pool_of(2)
    samples = pool.solutions[pool.solutions["sample_id"] < 4]
    got = {arm.name: training_examples(arm, pool.problems, samples, pool.step_labels) for arm in PAPER_ARMS[:3]}
    texts = {name: {(e.problem_id, e.trajectory.steps) for e in examples} for name, examples in got.items()}
    assert texts[PROCESS] == texts[BY_LARGE] == texts[BY_ANSWER]
    assert [e.targets for e in got[PROCESS][:2]] == [(2.0, 2.0), (2.0, 0.0)]
    assert [e.targets[-1] for e in got[BY_LARGE][:4]] == [1.0, 0.0, 1.0, 0.0]
    assert [e.targets[-1] for e in got[BY_ANSWER][:4]] == [1.0, 1.0, 1.0, 0.0]


def test_a_small_cell_gets_as_many_optimizer_steps_as_are_asked_for() -> None:
    training = VerifierTraining(kind="orm", validation_share=0.0, optimization=Optimization(epochs=2, batch_size=10))
    cell = Cell(PAPER_ARMS[0], 1, 3)
    few, many = (cell_training(cell, training, n, least_steps=30) for n in (50, 1000))
    assert (few.optimization.epochs, many.optimization.epochs) == (6, 2)
    assert few.kind == "prm" and few.optimization.seed == 3


def test_ablations_are_arms_too() -> None:
    pool, training = pool_of(1), VerifierTraining(kind="prm")
    last = Arm(name="last token", supervision="outcome_by_answer", supervise="solution_end")
    assert cell_training(Cell(last, 1, 0), training, 10, 1).supervise == "solution_end"
    assert cell_training(Cell(PAPER_ARMS[2], 1, 0), training, 10, 1).supervise is None
    soft = Arm(name="soft", supervision="values")
    values = label_table(pool.solutions, "rollouts", values=[[0.75, 0.25]] * len(pool.solutions))
    got = training_examples(soft, pool.problems, pool.solutions, values)
    assert soft.kind == "soft_prm" and {example.targets for example in got} == {(0.75, 0.25)}


class Sure:
    """Scores a solution by the number in its first step, the highest first; it never looks at the second."""

    name = "sure"
    parameters = 1

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        numbers = [int(t.steps[0].split()[1]) for t in trajectories]
        return [StepScores(np.array([0.9 - n / 10, 0.0]), np.zeros(2)) for n in numbers]


def test_a_choice_is_graded_by_its_answer_and_by_its_steps() -> None:
    pool = pool_of(2, n_samples=2)  # both answers are right, and a wrong step led to the second
    right_steps = (pool.solutions["sample_id"] % 2 == 0).to_numpy()
    cell = Cell(PAPER_ARMS[0], 1, 0)
    rated, unrated = (
        measure_cell(cell, Sure(), TestSamples(pool.problems, pool.solutions, steps), (1, 2), (1.0, 0.0), Ledger())
        for steps in (right_steps, None)
    )
    assert rated["accuracy"].tolist() == unrated["accuracy"].tolist() == [1.0] * 4
    assert rated["faultless"].tolist() == [0.5, 0.0] * 2, "of two it takes the one whose step is wrong"
    assert unrated["faultless"].isna().all()


def test_cells_train_and_measure(tmp_path: Path, model_of: Callable[..., Path]) -> None:
    import torch

    from stepscale.verifiers.scoring import ModelVerifier

    torch.set_num_threads(1)
    arms = PAPER_ARMS[2:]
    pool, experiment = pool_of(), Experiment(sizes=(1, 2), seeds=1, budgets=(1, 2, 8), least_steps=2)
    base = model_of(pool.problems["problem"])
    test, ledger = TestSamples(pool.problems, pool.solutions), Ledger()
    training = VerifierTraining(kind="prm", validation_share=0.0, optimization=Optimization(epochs=1, batch_size=8))
    selections = select_all(experiment, pool.solutions, {0: selector_scores(pool)})
    points, costs = [], []
    for cell in (cell for cell in plan(experiment) if cell.arm in arms):
        samples = training_samples(cell, pool.solutions, selections)
        folder = tmp_path / cell.name
        trained = train_cell(cell, samples, pool, base, training, experiment.least_steps, folder)
        points.append(
            measure_cell(cell, ModelVerifier(folder, cell.name), test, experiment.budgets, (2.0, 0.5), ledger)
        )
        costs.append(cell_costs(cell, samples, pool, trained))
    table = pd.concat(points)
    got = learning(table, ACTIVE, 8)
    assert got.sizes == (1, 2) and got.accuracy.shape == (2, 1, 6)
    assert got.labeled == (2.5, 2.5) and got.chosen == (2, 2)
    assert table["accuracy"].between(0, 1).all() and ledger.tokens > 0
    at_one = table[table["n"] == 1]["accuracy"]
    assert np.allclose(at_one, pool.solutions["is_correct"].astype(float).mean())  # one sample: nothing to choose
    assert set(by_size(table, 8, 50, 0)["label"]) == {arm.name for arm in arms}
    spent = pd.DataFrame(costs)
    assert (spent["optimizer_steps"] >= 2).all()
    assert set(spent["solutions"]) == {6, 12} and (spent["step_labels"] >= spent["solutions"]).all()
