"""The loop's nodes on tiny tables, and the released folder as its readers see it."""

from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError
from learning_points import points_table

from stepscale.datasets.folder import FolderDataset
from stepscale.errors import InputError
from stepscale.formats import read, tables
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.labeling.options import ByFile, ByLargePRM, ReleaseOptions
from stepscale.parameters import GeneratorBlock, PoolBlock, ReleaseSettings, ReportBlock
from stepscale.pipelines.active_learning.release import (
    _describe_labelers,
    add_loop,
    release_pool,
    release_with_loop,
)
from stepscale.pipelines.data_loop import nodes as loop
from stepscale.pipelines.data_loop import training
from stepscale.studies.data_loop.measure import measure_loop
from stepscale.supervision.loop_options import AT_RANDOM, RETRAINED, LoopOptions, LoopStrategy
from stepscale.supervision.selection import Convincing

GENERATOR = GeneratorBlock.model_validate(
    {
        "base": "some/base",
        "prompt": "{problem}\n",
        "examples": "own",
        "samples_per_problem": 1,
        "sampling": {"max_new_tokens": 9},
        "fine_tuning": None,
    }
)
POOL = PoolBlock.model_validate({"train": {"per_problem": 4, "problems_per_shard": 1}, "labeler": "symbolic"})
GIVEN = PoolBlock.model_validate({"train": {"per_problem": 4, "problems_per_shard": 1}, "labeler": "given"})
OPTIONS = LoopOptions(problems=3, per_problem=2, audit=1, budgets=(1,), strategies=(RETRAINED, AT_RANDOM))


def settings(pool: PoolBlock, options: LoopOptions) -> ReleaseSettings:
    release = ReleaseOptions(title="Tiny")
    return ReleaseSettings(generator=GENERATOR, pool=pool, loop=options, release=release, seed=0)


def lab(n_samples: int = 8) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Problems of the lab and solutions of one step each, the even ones right."""
    from stepscale.lab.problems import make_problems

    problems = make_problems(3, "train", 0)
    rows = [(p, i) for p in problems["problem_id"] for i in range(n_samples)]
    solutions = pd.DataFrame(rows, columns=SOLUTION_KEY)
    solutions["steps"] = [[f"\\boxed{{{i}}}"] for _, i in rows]
    solutions["answer"] = [str(i) for _, i in rows]
    return problems, solutions.assign(
        is_correct=pd.array([i % 2 == 0 for _, i in rows], dtype="boolean"), finish="solution"
    )


def labels_of(solutions: pd.DataFrame) -> pd.DataFrame:
    from stepscale.labeling.contract import label_table

    return label_table(solutions, "symbolic", [[1] if right else [-1] for right in solutions["is_correct"]])


def scores_of(solutions: pd.DataFrame) -> pd.DataFrame:
    """Every run's selector is surest of the last samples."""
    pool = loop.pool_of(solutions[["problem_id"]].drop_duplicates().assign(split="train"), solutions, OPTIONS)
    scored = pool[[*SOLUTION_KEY, "is_correct"]].assign(score=pool["sample_id"] / 10, doubt=0.5, seed=0)
    return pd.concat([scored.assign(strategy=s.name) for s in OPTIONS.strategies], ignore_index=True)[training.SCORES]


def test_a_round_chooses_for_every_strategy_as_many_and_never_an_audited_or_labeled_sample() -> None:
    _, solutions = lab()
    scores = scores_of(solutions)
    one = solutions[solutions["sample_id"] == 0][SOLUTION_KEY].assign(seed=0, round=0, score=float("nan"))
    keys = pd.concat([one.assign(strategy=s.name) for s in OPTIONS.strategies], ignore_index=True)[loop.KEYS]
    after = loop.choose(scores, loop.choose(scores, keys, OPTIONS), OPTIONS)
    assert after.groupby(["strategy", "round"]).size().to_dict() == {
        (s.name, r): 3 if r == 0 else 6 for s in OPTIONS.strategies for r in range(3)
    }
    assert not after.duplicated([*loop.RUN, *SOLUTION_KEY]).any()
    aside = loop.audit(scores[scores["strategy"] == RETRAINED.name], OPTIONS, 0)
    assert not after.merge(aside, on=SOLUTION_KEY).shape[0], "the audit is never learned from"
    assert after.loc[after["round"] > 0, "score"].notna().all()


def test_a_round_that_finds_nothing_left_says_so() -> None:
    _, solutions = lab()
    scores = scores_of(solutions)
    aside = loop.audit(scores[scores["strategy"] == RETRAINED.name], OPTIONS, 0)
    everything_left = loop.without(solutions[SOLUTION_KEY], aside).assign(seed=0, round=0, score=float("nan"))
    keys = pd.concat([everything_left.assign(strategy=s.name) for s in OPTIONS.strategies], ignore_index=True)[
        loop.KEYS
    ]
    with pytest.raises(InputError, match=r"round 1 of .* finds no sample .* lower loop\.per_problem"):
        loop.choose(scores, keys, OPTIONS)


def test_runs_that_have_labeled_the_same_share_a_training() -> None:
    _, solutions = lab()
    same = solutions[solutions["sample_id"] < 2][SOLUTION_KEY]
    other = solutions[solutions["sample_id"] > 5][SOLUTION_KEY]
    keys = pd.concat([same.assign(strategy="a"), same.assign(strategy="b"), other.assign(strategy="c")]).assign(seed=0)
    assert [names for _, names, _ in training._shared(keys)] == [["a", "b"], ["c"]]


def test_the_health_of_stored_rounds_is_measured_with_intervals_without_any_training() -> None:
    _, solutions = lab()
    scores, labels = scores_of(solutions), labels_of(solutions)
    one = solutions[solutions["sample_id"] == 0][SOLUTION_KEY].assign(seed=0, round=0, score=float("nan"))
    begun = pd.concat([one.assign(strategy=s.name) for s in OPTIONS.strategies], ignore_index=True)[loop.KEYS]
    first = loop.choose(scores, begun, OPTIONS)
    second = loop.choose(scores, first, OPTIONS)
    got = loop.gather_rounds(
        round_1=loop.health(scores, first, solutions, labels, OPTIONS),
        round_2=loop.health(scores, second, solutions, labels, OPTIONS),
    )
    assert got.groupby(["strategy", "seed", "round", "of"]).size().to_dict() == {
        (s.name, 0, r, share): n
        for s in OPTIONS.strategies
        for r in (1, 2)
        for share, n in (("chosen", 6), ("audit", 3))
    }
    sizes = [(s.name, size, 0, 1, f"p{i}", 0.5) for s in OPTIONS.strategies for size in (1, 3, 5) for i in range(3)]
    config = ReportBlock.model_validate({"budgets": [1], "bootstrap": 100})
    health = measure_loop(points_table(sizes), got, OPTIONS, config, 0)["health"]
    beliefs = health[health["measure"] == "chosen_believed"]
    assert (beliefs["low"] <= beliefs["value"]).all() and (beliefs["value"] <= beliefs["high"]).all()
    assert beliefs[["n", "n_problems", "seeds"]].to_numpy().tolist() == [[6, 3, 1]] * 4


def test_the_release_is_read_by_our_reader_and_by_datasets(tmp_path: Path) -> None:
    problems, solutions = lab()
    pool, deep = solutions[solutions["sample_id"] < 4], solutions
    keys = deep[deep["sample_id"] > 5][SOLUTION_KEY].assign(strategy=RETRAINED.name, seed=0, score=0.75)
    keys["round"] = keys["sample_id"] - 5
    others = keys.assign(strategy="another")
    options = LoopOptions(problems=3, per_problem=1, budgets=(1,), strategies=(RETRAINED, _another()))
    looped = loop.collect_labels(pool, deep, pd.concat([keys, others]), labels_of(deep), options, 0)
    rounds = looped["rounds"]
    joined = add_loop(pool, labels_of(pool), looped["solutions"], looped["step_labels"])
    solutions, labels = joined["solutions"], joined["step_labels"]
    written = release_with_loop(problems, solutions, labels, rounds, settings(POOL, options))
    release, counts = written["folder"], written["counts"]
    dataset = FolderDataset(path=str(tmp_path / "release"))
    with pytest.raises(DatasetError, match="no such folder"):
        dataset.load()
    dataset.save(release)
    folder = dataset.load()
    tables = read(folder / "labels.jsonl.gz", "prm800k")
    assert len(tables.solutions) == 3 * (4 + 2)
    assert dict(counts["solutions"]) == {"round 0": 12, "round 1": 3, "round 2": 3, "all": 18}
    card = (folder / "README.md").read_text()
    assert "some/base" in card and RETRAINED.name in card and "license: apache-2.0" in card
    assert "**Labeler**: the lab's symbolic labeler (`symbolic`)\n" in card
    from datasets import load_dataset

    rows = load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert sorted(rows["generation"]) == [0] * 12 + [1] * 3 + [2] * 3
    assert {question["pre_generated_verifier_score"] for question in rows["question"]} == {None, 0.75}


def test_the_card_tells_who_labeled_which_rounds_by_the_names_in_the_records() -> None:
    _, solutions = lab(2)
    pooled = labels_of(solutions)
    people = pooled.assign(labeler=["ann", "bob"] * 3)
    by_prm = OPTIONS.model_copy(update={"labeler": ByLargePRM(threshold=0.3)})
    by_file = OPTIONS.model_copy(update={"labeler": ByFile(path="data/people.jsonl")})
    description = _describe_labelers(pooled, pooled.assign(labeler="prm_large"), POOL, by_prm)
    assert description == (
        "generation 0: the lab's symbolic labeler (`symbolic`); "
        "later ones: PRM_large, a step being -1 where P(negative) > 0.3 (`prm_large`)"
    )
    assert _describe_labelers(pooled, people, POOL, by_file).endswith(
        "later ones: people, in people.jsonl (`ann`, `bob`)"
    )
    mixed = pd.concat([people.head(1), pooled])
    description = _describe_labelers(pooled, mixed, POOL, by_prm)
    assert description.endswith("later ones: the lab's symbolic labeler (`symbolic`) and people (`ann`)"), (
        "by rows, not by option"
    )
    many = pd.concat([people.assign(labeler=f"person {i}") for i in range(7)])
    assert (
        _describe_labelers(many, pooled.head(0), GIVEN, OPTIONS)
        == "those who labeled the data it was given (7 labelers)"
    )


def test_of_given_labels_the_release_holds_the_errors_that_were_found_and_tells_whose_solutions_they_are() -> None:
    problems, solutions = lab(1)
    solutions["steps"] = [["a"], ["a"], ["a"]]
    solutions["finish"] = ["found_error", "solution", "found_error"]
    rows = [
        (0, 0, "a", 1, True, None),
        (0, 1, "no", -1, False, None),
        (1, 0, "a", None, True, "human"),
        (2, 0, "a", 1, True, None),
    ]
    labels = pd.DataFrame(rows, columns=["place", "step", "text", "rating", "is_chosen", "source"])
    labels["problem_id"] = problems["problem_id"].to_numpy()[labels.pop("place")]
    labels = tables.step_labels(labels.assign(sample_id=0, completion=0, labeler="ann", value=None, flagged=False))
    release = release_pool(problems, solutions, labels, settings(GIVEN, OPTIONS))["folder"]
    back = read(release / "labels.jsonl.gz", "prm800k")
    finish = back.solutions.merge(back.problems, on="problem_id").set_index("problem")["finish"]
    assert finish[problems["problem"][0]] == "found_error", "its error is a label after the last step"
    assert finish[problems["problem"][1]] == "solution", "a step that a person wrote needs no rating"
    card = (release / "README.md").read_text()
    assert "generation 0 as it was given" in card and "**Generator**: that of the data that was given" in card
    assert "some/base" not in card


def _another() -> LoopStrategy:
    return LoopStrategy(name="another", selection=Convincing(wrong_share=1))
