"""The pipeline of solve or verify on a tiny random model: critiques, a critic, judgments in pieces, tables."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from configured import parameters

from stepscale.errors import InputError
from stepscale.formats.checking import check
from stepscale.formats.tables import SOLUTIONS
from stepscale.lab.hands import Hand
from stepscale.lab.stories import draw_story
from stepscale.lab.wording import read_story, tell
from stepscale.parameters import SolveOrVerifySettings, check_parameters, settings_of
from stepscale.pipelines.solve_or_verify import critic as making
from stepscale.pipelines.solve_or_verify import nodes
from stepscale.references import reference_in
from stepscale.studies.solve_or_verify.tables import JUDGEMENTS, TABLES

SMALL = {
    "training": {"problems": 3, "per_problem": 2, "max_new_tokens": 20, "fine_tuning": {"epochs": 1, "batch_size": 2}},
    "problems": 4,
    "samples": [1, 2],
    "judgments": [1, 2],
    "solve": [1, 2, 4],
    "problems_per_shard": 2,
}


def settings_with(base: Path, critic: dict[str, Any] | None = None) -> SolveOrVerifySettings:
    block = parameters("base")
    generator = {**block["generator"], "base": str(base), "prompt": "{problem}\n", "placement": {"device": "cpu"}}
    verifiers = {**block["verifiers"], "placement": {"device": "cpu"}}
    study = SMALL | ({"critic": critic} if critic else {})
    changed = {**block, "generator": generator, "verifiers": verifiers, "solve_or_verify": study}
    settings = settings_of(check_parameters(changed), "solve_or_verify_settings")
    assert isinstance(settings, SolveOrVerifySettings)
    return settings


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Problems of both splits, and four samples of each."""
    rng = Random(0)
    problems, solutions = [], []
    for i in range(8):
        text = tell(draw_story("sums", 1, rng))
        answer = str(read_story(text).amounts[read_story(text).asked_name])
        split = "train" if i < 3 else "test"
        problems.append({"problem_id": f"p{i}", "problem": text, "answer": answer, "split": split})
        for j in range(4):
            steps = Hand(rng).solve(text)
            block = steps[-1].removeprefix("Answer: ")
            row = {"problem_id": f"p{i}", "sample_id": j, "steps": steps, "tokens": [1] * 9, "finish": "solution"}
            solutions.append(row | {"answer": block, "is_correct": block == answer})
    return pd.DataFrame(problems), pd.DataFrame(solutions).astype({"is_correct": "boolean"})


@pytest.fixture(scope="module")
def base(model_of: Callable[..., Path], tables: tuple[pd.DataFrame, pd.DataFrame]) -> Path:
    return model_of([*tables[0]["problem"], "yes no: <s> Attempt:\n"], longest=512)


def test_a_critic_is_trained_judges_and_is_measured(base: Path, tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    problems, solutions = tables
    settings = settings_with(base)
    critiques = check(making.write_critiques(problems, solutions, settings), SOLUTIONS)
    assert len(critiques) == 6 and all(lines[-1].endswith(("yes", "no")) for lines in critiques["steps"])
    assert critiques["prompt"].str.contains("\nAttempt:\n", regex=False).all()

    critic = making.train_critic(problems, critiques, settings)
    plan = nodes.judge_samples(critic, problems, solutions, settings)
    assert len(plan.pieces) == 2
    pieces = [piece.make() for piece in plan.pieces]
    judgments = check(pd.concat([one.table for one in pieces], ignore_index=True), JUDGEMENTS)
    assert len(judgments) == 4 * 2 and (judgments["verdicts"].map(len) == 2).all()
    assert all(one.cost and one.cost.verify_tokens() == one.cost.tokens > 0 for one in pieces)
    again = plan.pieces[0].make().table
    assert again["verdicts"].tolist() == pieces[0].table["verdicts"].tolist()

    measured = nodes.measure_solve_or_verify(base, problems, solutions, judgments, settings)
    for name, table in measured.items():
        check(table, TABLES[name])
    assert not nodes.show_solve_or_verify(measured).is_empty


def test_a_critic_that_is_named_is_taken_as_it_is(base: Path, tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    problems, solutions = tables
    settings = settings_with(base, {"base": str(base), "max_new_tokens": 8})
    critic = making.take_critic(settings)
    reference = reference_in(critic)
    assert reference and reference.kind == "generative verifier"
    [piece, _] = nodes.judge_samples(critic, problems, solutions, settings).pieces
    assert (piece.make().table["critic_parameters"] > 0).all()


def test_a_critic_is_either_trained_or_taken_as_it_is(base: Path, tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    problems, solutions = tables
    named = settings_with(base, {"base": str(base)})
    with pytest.raises(InputError, match=r"solve_or_verify\.critic: one is named.* run ready_critic"):
        making.write_critiques(problems, solutions, named)
    with pytest.raises(InputError, match=r"solve_or_verify\.critic: one is named.* run ready_critic"):
        making.train_critic(problems, pd.DataFrame(), named)
    with pytest.raises(InputError, match=r"solve_or_verify\.critic: none is named.* run solve_or_verify"):
        making.take_critic(settings_with(base))


def test_problems_of_another_world_need_a_critic_by_name(base: Path, tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    problems, solutions = tables
    with pytest.raises(InputError, match=r"name a critic \(solve_or_verify\.critic\)"):
        making.write_critiques(problems.assign(problem="What is 1 + 1?"), solutions, settings_with(base))
    with pytest.raises(InputError, match="the pool has no solutions"):
        making.write_critiques(problems, solutions.iloc[:0], settings_with(base))
