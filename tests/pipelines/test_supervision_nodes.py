"""The comparison's cells are saved one by one: a killed run goes on where it stopped, and never takes another run's cells."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from made_plans import keys

from stepscale.cost import Ledger
from stepscale.labeling.contract import label_table
from stepscale.parameters import (
    ExperimentBlock,
    PoolBlock,
    PRMBlock,
    SupervisionSettings,
    VerifierBlock,
    VerifierModels,
)
from stepscale.pipelines.reward_modeling.nodes import train_or_reuse_large_prm
from stepscale.pipelines.supervision import arms
from stepscale.pipelines.supervision import nodes as supervision
from stepscale.resume import ShardPlan
from stepscale.supervision.arms import PAPER_ARMS, Arm
from stepscale.supervision.cells import Cell, labeled_counts
from stepscale.supervision.points import ACTIVE, PROCESS, SELECTOR
from stepscale.supervision.selection import Convincing
from stepscale.verifiers.contract import StepScores, Trajectory

BASE = Path(__file__).resolve().parents[2] / "data" / "01_raw" / "lab_base"
VERIFIERS = VerifierBlock.model_validate({"base": str(BASE), "prompt": "{problem}\n", "prm": {}, "orm": {}})
_FITTED = VERIFIERS.prm.optimization.model_copy(update={"learning_rate": 0.5})
OTHER = VerifierModels(
    base=str(BASE), prm=VERIFIERS.prm.model_copy(update={"optimization": _FITTED}), orm=VERIFIERS.orm
)
PART = {"problems": 2, "samples": {"per_problem": 4, "problems_per_shard": 1}}
EXPERIMENT = ExperimentBlock.model_validate(
    {"pool": PART, "test": PART, "design": {"sizes": [1, 2], "seeds": 2, "budgets": [1]}}
)
Saved = dict[str, pd.DataFrame]


def labels_of(solutions: pd.DataFrame) -> pd.DataFrame:
    return label_table(solutions, "prm_large", [[1] if right else [-1] for right in solutions["is_correct"]])


@pytest.fixture
def tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Problems, solutions, labels, and what the process arm takes at each size."""
    problems = pd.DataFrame(
        {"problem_id": ["a", "b"], "problem": ["1+1", "2+2"], "answer": ["2", "4"], "split": "train"}
    )
    rows = [(p, i, [f"so {i}"], i % 2 == 0) for p in problems["problem_id"] for i in range(4)]
    solutions = pd.DataFrame(rows, columns=["problem_id", "sample_id", "steps", "is_correct"]).assign(finish="solution")
    labels = labels_of(solutions)
    key_rows = solutions[solutions["sample_id"] < 2][["problem_id", "sample_id"]]
    selections = pd.concat(
        [key_rows.assign(arm=PROCESS, seed=seed, per_problem=key_rows["sample_id"] + 1) for seed in range(2)]
    )
    return problems, solutions, labels, selections


def plan(tables: tuple[pd.DataFrame, ...], verifiers: VerifierBlock = VERIFIERS) -> ShardPlan:
    pool = PoolBlock.model_validate({"train": PART["samples"], "labeler": "symbolic"})
    settings = SupervisionSettings(verifiers=verifiers, experiment=EXPERIMENT, pool=pool, seed=0)
    return arms.train_arms(PROCESS, *tables, settings)


def test_every_cell_is_a_piece_of_its_own(tables) -> None:
    names = ["process-00001-seed-0", "process-00002-seed-0", "process-00001-seed-1", "process-00002-seed-1"]
    assert [piece.name for piece in plan(tables).pieces] == names
    assert keys(plan(tables)) == keys(plan(tables)) and len(set(keys(plan(tables)))) == 4


STORY = (
    "Some friends have pens. Ida has 3. Bob has 9. As many as Bob less Ann go to Eve. As many as Ida and 4 more go to Ann. "
    "How many pens does Eve have?"
)
RIGHT = ["As many as Ida and 4 more go to Ann: Ida's 3 plus 4, so Ann has 7"]
WRONG = ["As many as Ida and 4 more go to Ann: Ida's 3 plus 4, so Ann has 8"]
REST = ["As many as Bob less Ann go to Eve: Bob's 9 minus Ann's 7, so Eve has 2", "Answer: 2"]


@pytest.mark.parametrize(("labeler", "verdicts"), [("symbolic", [True, False, False]), ("given", None)])
def test_choices_are_graded_by_steps_where_the_symbolic_labeler_rates_them(tables, labeler: str, verdicts) -> None:
    problems, solutions, labels, selections = tables
    test = pd.DataFrame({"problem_id": ["t"], "problem": [STORY], "answer": ["2"], "split": "test"})
    made = [(RIGHT + REST, "solution"), (WRONG + REST, "solution"), (RIGHT, "length")]
    of_test = [("t", i, steps, True, finish) for i, (steps, finish) in enumerate(made)]
    both = pd.concat([solutions, pd.DataFrame(of_test, columns=solutions.columns)])
    pool = PoolBlock.model_validate({"train": PART["samples"], "labeler": labeler})
    settings = SupervisionSettings(verifiers=VERIFIERS, experiment=EXPERIMENT, pool=pool, seed=0)
    made_by = arms.train_arms(PROCESS, pd.concat([problems, test]), both, labels, selections, settings).pieces[0].make
    right_steps = made_by.args[0].test.right_steps
    assert (right_steps if verdicts is None else right_steps.tolist()) == verdicts


def test_other_labels_or_settings_are_other_cells(tables) -> None:
    problems, solutions, labels, selections = tables
    first = set(keys(plan(tables)))
    shared = first & set(keys(plan((problems, solutions, labels.assign(rating=1), selections))))
    assert {key[: len("process-00001")] for key in shared} == {"process-00001"}, "first samples are right anyway"
    assert not first & set(keys(plan(tables, VERIFIERS.model_copy(update={"small": OTHER}))))


def test_small_verifiers_have_a_base_and_settings_of_their_own() -> None:
    both = VERIFIERS.model_copy(update={"small": OTHER.model_copy(update={"base": "elsewhere"})})
    assert both.sized(small=True).base == "elsewhere" and both.sized(small=False).base == VERIFIERS.base
    assert both.training("prm", 0, small=True).optimization.learning_rate == 0.5
    assert both.training("prm", 0) == VERIFIERS.training("prm", 0)
    assert VERIFIERS.sized(small=True) is VERIFIERS


def test_prm_large_may_have_a_base_and_settings_of_its_own() -> None:
    large = PRMBlock(base="larger", prm=OTHER.prm)
    both = VERIFIERS.model_copy(update={"large": large})
    assert both.large_training(3).optimization.learning_rate == 0.5 and both.large_training(3).optimization.seed == 3
    assert both.training("prm", 3) == VERIFIERS.training("prm", 3) == VERIFIERS.large_training(3)


def test_without_a_base_of_its_own_the_run_s_prm_is_prm_large(tables, tmp_path: Path) -> None:
    problems, _, labels, _ = tables
    assert train_or_reuse_large_prm(tmp_path, problems, labels, VERIFIERS, 0) == tmp_path


def test_the_labels_are_those_of_prm_large(tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problems, solutions, labels, _ = tables
    folders = []

    class Labeler:
        threshold = 0.2

        def __init__(self, large: "Large") -> None:
            folders.append(large.folder)

        def label(self, _: pd.DataFrame, solutions: pd.DataFrame, __: Ledger) -> pd.DataFrame:
            return labels_of(solutions)

    class Large:
        parameters = 7

        def __init__(self, folder: Path, *_: object, **__: object) -> None:
            self.folder = folder

    monkeypatch.setattr("stepscale.verifiers.scoring.ModelVerifier", Large)
    monkeypatch.setattr("stepscale.labeling.by_verifier.VerifierLabeler", Labeler)
    unseen = solutions[solutions["problem_id"] == "a"].assign(problem_id="c")
    all_problems = pd.concat([problems, problems.head(1).assign(problem_id="c", split="valid")])
    reference = labels_of(unseen.assign(is_correct=True))  # by which the right half alone is right
    labeled = supervision.label_by_large_prm(
        tmp_path / "large", all_problems, solutions, pd.concat([solutions, unseen]), reference, VERIFIERS
    )
    ledger = labeled["agreement"]
    pd.testing.assert_frame_equal(labeled["labels"], labels)
    assert ledger["n_solutions"] == 4 and ledger["outcome_agreement"] == 0.5, "on the problem it never saw"
    assert ledger["final_answer_agreement"] == 1 and ledger["final_answer_n_solutions"] == 8
    assert folders == [tmp_path / "large"]


def test_a_selectors_own_label_is_counted_unless_it_is_among_those_chosen(tables) -> None:
    _, _, _, selections = tables
    arm = Arm(name="Active", supervision="steps", selection=Convincing())
    chosen = selections[selections["seed"] == 0].assign(arm="Active")
    learned = chosen[chosen["per_problem"] == 1].assign(arm=SELECTOR)
    other = learned.assign(sample_id=learned["sample_id"] + 3)
    same, separate = (pd.concat([selections, chosen, one]) for one in (learned, other))
    assert labeled_counts(Cell(arm, 2, 0), same) == (4, 0) and labeled_counts(Cell(arm, 2, 0), separate) == (4, 2)
    assert labeled_counts(Cell(arm, 1, 0), separate) == (2, 2)
    assert labeled_counts(Cell(PAPER_ARMS[0], 2, 0), separate) == (4, 0), "nobody scores for those drawn at random"


class Convinced:
    """A selector that wrong samples with a high number convince, and wrong ones more than right ones."""

    def __init__(self, folder: Path, name: str, **_: object) -> None:
        assert name == "prm_selector"
        self.name = name

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        numbers = [int(t.steps[0].split()[-1]) for t in trajectories]
        doubt = [np.array([1 - (n / 10 if n % 2 else n / 100)], np.float32) for n in numbers]
        return [StepScores(negative, np.zeros(1, np.float32)) for negative in doubt]


def test_active_learning_takes_what_convinces_a_selector_of_its_own_seed(
    tables: tuple[pd.DataFrame, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    problems, solutions, _, _ = tables
    learned: dict[int, set[tuple[str, int]]] = {}

    def train_cell(cell: Cell, samples: pd.DataFrame, *_: object) -> SimpleNamespace:
        learned[cell.seed] = set(samples[["problem_id", "sample_id"]].itertuples(index=False, name=None))
        return SimpleNamespace(numbers=dict)

    monkeypatch.setattr("stepscale.supervision.experiment.train_cell", train_cell)
    monkeypatch.setattr("stepscale.verifiers.scoring.ModelVerifier", Convinced)
    more = pd.concat([solutions, solutions.assign(sample_id=solutions["sample_id"] + 4)], ignore_index=True)
    more = more.assign(steps=[[f"so {i}"] for i in more["sample_id"]], answer=more["sample_id"].astype(str))
    five = EXPERIMENT.design.model_copy(update={"sizes": (5,)})
    chosen = supervision.choose_labeled(
        problems, more, labels_of(more), VERIFIERS, EXPERIMENT.model_copy(update={"design": five}), 0
    )
    assert set(learned) == {0, 1} and all(len(samples) == 2 for samples in learned.values()), "one sample a problem"
    active = chosen[chosen["arm"] == ACTIVE]
    for _, group in active.groupby(["seed", "problem_id"]):
        assert set(group["sample_id"]) == {1, 3, 5, 7, 6}, "the four wrong ones, then the best of what remains"
    uniform = chosen[chosen["arm"] == PROCESS]
    assert any(set(group["sample_id"]) != {1, 3, 5, 7, 6} for _, group in uniform.groupby(["seed", "problem_id"]))
    ledger = {
        seed: set(group[["problem_id", "sample_id"]].itertuples(index=False, name=None))
        for seed, group in chosen[chosen["arm"] == SELECTOR].groupby("seed")
    }
    assert ledger == learned
