"""The experiment behind B10: the ORM with history, reading none. The verifier is a fake, the numbers are by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.studies.revisions import history_withheld
from stepscale.studies.revisions.history_withheld import (
    WITH,
    WITHHELD,
    WITHOUT,
    accuracy_by_verifier,
    auroc_by_position,
    withheld_scores,
)
from stepscale.verifiers.contract import StepScores, Trajectory

PROBLEMS = pd.DataFrame({"problem_id": ["a", "b"], "problem": ["1+1?", "2+2?"]})


class Reader:
    """A verifier that finds a last step that says "right" right, and remembers what it read."""

    name = "fake"

    def __init__(self) -> None:
        self.read: list[Trajectory] = []

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """P(-1) of each step."""
        self.read += trajectories
        wrong = [[0.1 if step == "right" else 0.9 for step in one.steps] for one in trajectories]
        return [StepScores(np.array(p, np.float32), np.zeros(len(p), np.float32)) for p in wrong]


@pytest.fixture
def chains() -> pd.DataFrame:
    """Chains of 2 and 1 attempts of each of two problems. The second attempt is right, which the history hides.

    The ORM without history finds it for one problem of the two.
    """
    rows = [
        # chain, position, step, right, score with history, without it for a and for b
        (0, 0, "wrong", False, 0.8, {"a": 0.2, "b": 0.95}),
        (0, 1, "right", True, 0.3, {"a": 0.9, "b": 0.9}),
        (1, 0, "wrong", False, None, {"a": None, "b": None}),
    ]
    counts = ("tokens_computed", "generator_tokens", "read_tokens", "read_shared", "write_tokens", "write_shared")
    costs = dict.fromkeys(counts, 1) | {"flops": 1.0, "generator_flops": 1.0}
    beside = {f"{name}_without_history": 1 for name in ("tokens_computed", "read_tokens", "read_shared")}
    return pd.DataFrame(
        {
            "problem_id": name,
            "sample_id": number,
            "steps": ["first", step],
            "answer": None if score is None else "2" if right else f"{number}0",
            "is_correct": right,
            "finish": "solution",
            "chain": chain,
            "position": position,
            "context": [],
            "score": score,
            "score_without_history": other[name],
            "flops_without_history": 1.0,
            "read_place": number,
            "write_place": number,
            "read_place_without_history": number,
        }
        | costs
        | beside
        for name in ("a", "b")
        for number, (chain, position, step, right, score, other) in enumerate(rows)
    )


def test_each_answered_attempt_is_read_once_behind_the_bare_problem(chains: pd.DataFrame) -> None:
    verifier = Reader()
    scores = withheld_scores(chains, PROBLEMS, verifier)
    assert scores.round(3).tolist()[:2] == [0.1, 0.9] and scores.isna().tolist() == [False, False, True] * 2
    assert len(verifier.read) == 4 and {one.problem for one in verifier.read} == {"1+1?", "2+2?"}
    with pytest.raises(InputError, match=r"has problem 'b', which problems\.parquet lacks"):
        withheld_scores(chains, PROBLEMS[:1], verifier)


def test_what_chooses_right_without_the_history_is_right_on_all_problems(chains: pd.DataFrame) -> None:
    scores = {WITH: chains["score"], WITHHELD: withheld_scores(chains, PROBLEMS, Reader())}
    accuracy = accuracy_by_verifier(chains, scores, seed=0)
    assert accuracy[WITH].tolist() == [0, 0] and accuracy[WITHHELD].tolist() == [1, 1]


def test_areas_are_those_of_the_attempts_at_a_place(chains: pd.DataFrame) -> None:
    scores = {WITH: chains["score"], WITHOUT: chains["score_without_history"]}
    for position, numbers in {0: [4, 0, 0], 1: [0, 4, 0], 4: [0, 4, 0], 5: [0, 0, 4], 60: [0, 0, 4]}.items():
        table = auroc_by_position(chains.assign(position=position), scores)
        assert table["number"].tolist() == numbers
        assert table.loc[table["number"] == 4, [WITH, WITHOUT]].values.tolist() == [[0, 0.5]]


def test_the_command_tells_all_three(chains: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for room, name, table in [("03_primary", "problems", PROBLEMS), ("07_model_output", "revision_chains", chains)]:
        (tmp_path / room).mkdir()
        table.to_parquet(tmp_path / room / f"{name}.parquet")
    monkeypatch.setattr("stepscale.verifiers.load_verifier", lambda folder, name: Reader())
    result = CliRunner().invoke(history_withheld.main, [str(tmp_path)])
    assert result.exit_code == 0, result.output
    means = dict(line.split(": ") for line in result.output.splitlines()[-5:])
    assert {name: words.split(" [")[0] for name, words in means.items()} == {
        WITH: "0.0",
        WITHHELD: "100.0",
        WITHOUT: "50.0",
        f"{WITH} - {WITHOUT}": "-50.0",
        f"{WITHHELD} - {WITHOUT}": "50.0",
    }


def test_a_folder_without_a_run_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(history_withheld.main, [str(tmp_path)])
    assert result.exit_code == 1 and result.output.count("\n") == 1 and "problems.parquet is not there" in result.output
