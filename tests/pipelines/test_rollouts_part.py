"""The nodes of a PRM without people: rollouts shard by shard, their gathering, the soft PRM, what the report measures of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_plans import keys, shards_of
from mlflow import MlflowClient

from stepscale.datasets.shards import ShardsDataset
from stepscale.errors import InputError
from stepscale.generation.contract import Continuation
from stepscale.labeling.contract import label_table
from stepscale.labeling.options import RolloutOptions
from stepscale.parameters import (
    GeneratorBlock,
    PoolBlock,
    ProblemSource,
    ReportBlock,
    RolloutSettings,
    VerifierBlock,
)
from stepscale.pipelines.active_learning import nodes as pool_nodes
from stepscale.pipelines.reward_modeling.nodes import evaluate_verifiers, train_prm
from stepscale.pipelines.rollouts import nodes as nodes
from stepscale.pipelines.sampling import gather
from stepscale.report.claims import Claim
from stepscale.studies.rollouts.figures import rollouts_part
from stepscale.studies.rollouts.measure import SAME_SOLUTIONS, gather_soft_scores, measure_rollouts

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
OPTIONS = RolloutOptions(
    problems=3, samples=2, per_step=4, problems_per_shard=2, least_steps=1, scored_samples=4
)  # of 4 training problems the first 3: two shards
REPORT = ReportBlock(budgets=(1, 2, 4, 8), bootstrap=100)
COUNTS = {"per_problem": 8, "problems_per_shard": 1}
SAMPLED = {"per_problem": 3, "problems_per_shard": 1}
RATED = PoolBlock.model_validate({"train": SAMPLED, "labeler": "symbolic"})
ROLLED = PoolBlock.model_validate(
    {"train": SAMPLED, "labeler": {"kind": "rollouts", "per_step": 4, "problems_per_shard": 3}}
)


class Sure:
    """A Generator of a token a character whose every rollout ends in the right answer, 4."""

    name, batch_bytes = "sure", 0

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        return tuple(map(ord, problem + "\n"))

    def decode(self, tokens) -> str:
        return "".join(map(chr, tokens))

    def generate(self, requests, sampling, until, ledger):
        text = tuple(map(ord, "\\boxed{4}"))
        ledger.add(self.name, "decode", len(requests))
        return [Continuation(text, (0.0,) * len(text), "solution", ()) for _ in requests]


def problems(split: str = "train", n: int = 4) -> pd.DataFrame:
    ids = [f"{split}-{i}" for i in range(n)]
    return pd.DataFrame({"problem_id": ids, "problem": [f"{i}+2" for i in range(n)], "answer": "4", "split": split})


def solutions(table: pd.DataFrame, n: int = 3) -> pd.DataFrame:
    """Even samples right, of two steps each."""
    rows = []
    for problem_id in table["problem_id"]:
        for sample in range(n):
            steps = ["a step", "\\boxed{4}" if sample % 2 == 0 else "\\boxed{5}"]
            text = "\n".join(steps) + "\n"
            ends = [i for i, character in enumerate(text) if character == "\n"]
            rows.append((problem_id, sample, steps, list(map(ord, text)), ends, steps[-1][7:-1], sample % 2 == 0))
    columns = ["problem_id", "sample_id", "steps", "tokens", "step_ends", "answer", "is_correct"]
    return pd.DataFrame(rows, columns=columns).assign(finish="solution").astype({"is_correct": "boolean"})


@pytest.fixture
def sure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A model's folder, from which a generator that is always right is loaded."""
    monkeypatch.setattr("stepscale.generation.local.LocalGenerator.load", lambda *_, **__: Sure())
    (tmp_path / "weights").write_text("any")
    return tmp_path


VERIFIERS = VerifierBlock.model_validate({"base": "none", "prompt": "{problem}\n", "prm": {}, "orm": {}})


def settings(verifiers: VerifierBlock = VERIFIERS, options: RolloutOptions = OPTIONS) -> RolloutSettings:
    return RolloutSettings(generator=GENERATOR, verifiers=verifiers, rollouts=options, pool=RATED, seed=0)


def test_the_first_problems_and_samples_are_rolled_out_in_pieces_and_gathered_in_order(sure: Path) -> None:
    table = problems()
    plan = nodes.roll_out(sure, table, solutions(table), settings())
    assert len(plan.pieces) == 2
    labels = gather(shards_of(plan))
    assert labels["problem_id"].unique().tolist() == ["train-0", "train-1", "train-2"]
    assert set(labels["sample_id"]) == {0, 1}
    assert labels["value"].tolist() == [1.0, 1.0, 1.0, 0.0] * 3, "a rollout is always right, a given wrong end is not"


def test_finished_pieces_are_not_made_again_and_other_rollouts_are_other_pieces(sure: Path, tmp_path: Path) -> None:
    table, folder = problems(), tmp_path / "pieces"
    plan = nodes.roll_out(sure, table, solutions(table), settings())
    dataset = ShardsDataset(path=str(folder))
    dataset.save(plan)
    first, second = (folder / piece.file_name for piece in plan.pieces)
    written = first.stat().st_mtime_ns
    second.unlink()
    dataset.save(nodes.roll_out(sure, table, solutions(table), settings()))
    assert first.stat().st_mtime_ns == written and second.exists()
    more = settings(options=OPTIONS.model_copy(update={"per_step": 5}))
    assert not set(keys(plan)) & set(keys(nodes.roll_out(sure, table, solutions(table), more)))


def test_a_soft_prm_learns_the_values_of_rollouts(model_of: Callable[..., Path], client: MlflowClient) -> None:
    import torch

    from stepscale.verifiers.saved import SavedVerifier

    torch.set_num_threads(1)
    table = problems()
    written = solutions(table)
    labels = label_table(written, "rollouts", values=[[0.5, float(right)] for right in written["is_correct"]])
    fast = {"optimization": {"epochs": 1, "batch_size": 4}}
    verifiers = VerifierBlock.model_validate(
        {"base": str(model_of(table["problem"])), "prompt": "{problem}\n", "prm": fast, "orm": {}}
    )
    whole = OPTIONS.model_copy(update={"patience": None})
    folder = nodes.train_soft_prm(table, written, labels, settings(verifiers, whole))
    assert SavedVerifier.read(folder).kind == "soft_prm"
    assert (nodes.train_soft_prm(table, written, labels, settings(verifiers)) / "config.json").exists(), (
        "one is kept apart"
    )
    none_apart = settings(verifiers, OPTIONS.model_copy(update={"validation_share": 0.0}))
    with pytest.raises(InputError, match=r"rollouts\.patience: none of the 4 questions .* set patience to null"):
        nodes.train_soft_prm(table, written, labels, none_apart)


def test_an_orm_learns_the_answers_of_the_same_solutions(model_of: Callable[..., Path], client: MlflowClient) -> None:
    import torch

    from stepscale.verifiers.saved import SavedVerifier

    torch.set_num_threads(1)
    table = problems()
    written = solutions(table)
    rolled = written[written["sample_id"] < 2]
    labels = label_table(rolled, "rollouts", values=[[0.5, float(right)] for right in rolled["is_correct"]])
    fast = {"optimization": {"epochs": 1, "batch_size": 4}}
    verifiers = VerifierBlock.model_validate(
        {"base": str(model_of(table["problem"])), "prompt": "{problem}\n", "prm": fast, "orm": fast}
    )
    whole = settings(verifiers, OPTIONS.model_copy(update={"patience": None}))
    soft, orm = (
        nodes.train_soft_prm(table, written, labels, whole),
        nodes.train_orm_on_rolled_out(table, written, labels, whole),
    )
    assert SavedVerifier.read(orm).kind == "orm"
    tested = problems("test", 2)
    scored = nodes.score_with_soft_prm(soft, orm, tested, solutions(tested), verifiers, OPTIONS)
    assert scored["verifier"].value_counts().to_dict() == {"soft_prm": 6, SAME_SOLUTIONS: 6}


def test_a_pool_that_rollouts_label_is_rolled_out_whole_and_validation_problems_with_it(sure: Path) -> None:
    table = pd.concat([problems(), problems("valid", 2), problems("test", 2)], ignore_index=True)
    plan = pool_nodes.label_pool(sure, table, solutions(table), GENERATOR, ROLLED, 0)
    assert len(plan.pieces) == 2, "six problems to learn from, three per piece"
    labels = pool_nodes.gather_labels(shards_of(plan))
    assert labels["problem_id"].unique().tolist() == [f"train-{i}" for i in range(4)] + ["valid-0", "valid-1"]
    assert labels["rating"].isna().all() and labels["value"].tolist() == [1.0, 1.0, 1.0, 0.0, 1.0, 1.0] * 6


def test_given_labels_are_a_pipeline_of_their_own_and_each_names_the_other(sure: Path) -> None:
    pool = PoolBlock.model_validate({"train": SAMPLED, "labeler": "given"})
    source = ProblemSource.model_validate({"source": "lab", "lab": {"train": 1, "valid": 1, "test": 1, "heldout": 1}})
    with pytest.raises(InputError, match="run given_labels in the place of active_learning"):
        pool_nodes.sample_pool(sure, problems(), GENERATOR, pool, 0)
    with pytest.raises(InputError, match="symbolic labels in active_learning; run it in the place of given_labels"):
        pool_nodes.read_given_labels(problems(), source, RATED)
    with pytest.raises(InputError, match="no labels come with the lab's problems"):
        pool_nodes.read_given_labels(problems(), source, pool)


def test_values_alone_make_the_run_s_prm_a_soft_one_and_it_is_judged_as_that(
    model_of: Callable[..., Path], client: MlflowClient
) -> None:
    import torch

    from stepscale.verifiers.saved import SavedVerifier

    torch.set_num_threads(1)
    table = pd.concat([problems(), problems("valid")], ignore_index=True)
    written = solutions(table)
    labels = label_table(written, "rollouts", values=[[0.5, float(right)] for right in written["is_correct"]])
    fast = {"optimization": {"epochs": 1, "batch_size": 4}}
    verifiers = VerifierBlock.model_validate(
        {"base": str(model_of(table["problem"])), "prompt": "{problem}\n", "prm": fast, "orm": fast}
    )
    folder = train_prm(table, labels, verifiers, 0)
    assert SavedVerifier.read(folder).kind == "soft_prm"
    quality = evaluate_verifiers(folder, folder, table, written, labels, verifiers)
    metrics, bins, positions = quality["metrics"], quality["calibration"], quality["positions"]
    assert set(metrics) == {"prm", "orm"} and "first_error_accuracy" not in metrics["prm"], "nobody rated"
    assert set(bins["verifier"]) == {"prm", "orm"}
    assert positions.loc[positions["verifier"] == "prm", "share_right"].tolist() == pytest.approx([2 / 3, 2 / 3])
    rated = label_table(written, "ann", [[1, 1] if right else [1, -1] for right in written["is_correct"]])
    assert SavedVerifier.read(train_prm(table, rated, verifiers, 0)).kind == "prm"


def scores(table: pd.DataFrame, verifier: str, last_knows: bool) -> pd.DataFrame:
    """Step scores: the last step tells right from wrong, or nothing does."""
    is_correct = table["is_correct"].to_numpy(bool)
    negative = [[0.5, (0.1 if right else 0.9) if last_knows else 0.5] for right in is_correct]
    return table[["problem_id", "sample_id"]].assign(
        verifier=verifier, negative=negative, neutral=[[0.0, 0.0]] * len(table)
    )


NOTHING = pd.DataFrame(columns=["problem_id", "sample_id", "verifier", "negative", "neutral"])


def measured(
    tested: pd.DataFrame,
    written: pd.DataFrame,
    prm: pd.DataFrame,
    soft: pd.DataFrame,
    orm: pd.DataFrame,
    pool: PoolBlock = RATED,
    config: ReportBlock = REPORT,
) -> tuple[pd.DataFrame, list[Claim]]:
    got = measure_rollouts(gather_soft_scores(tested, written, prm, orm, soft, pool), config, 0)
    return got["tables"]["curves"], got["claims"]


def test_the_curves_stand_on_the_samples_that_the_soft_prm_scored_and_settle_b8() -> None:
    tested = problems("test", 30)
    written = solutions(tested, 8)
    few = written[written["sample_id"] < OPTIONS.scored_samples]
    both = pd.concat([scores(written, "prm", False), scores(written, "orm", True)], ignore_index=True)
    hard, outcome = (both[both["verifier"] == name] for name in ("prm", "orm"))
    soft = scores(few, "soft", True)
    curves, [claim, b9] = measured(tested, written, hard, soft, outcome)
    assert set(curves["n"]) == {1, 2, 4}, "no more than the samples it scored"
    assert set(curves["label"]) == {"Soft PRM, last", "Soft PRM, min", "Soft PRM, product", "PRM", "ORM"}
    at_four = curves[curves["n"] == 4].set_index("label")["accuracy"]
    assert at_four["Soft PRM, last"] == 1 and at_four["PRM"] == pytest.approx(0.5), "the ORM's scores are not the PRM's"
    assert np.allclose(curves.loc[curves["n"] == 1, "accuracy"], 0.5)
    assert at_four["ORM"] == 1
    assert curves["error"].eq(0).all(), "of so few samples all votes are counted"
    (figure,) = rollouts_part({"curves": curves.assign(error=0.004)}, [], "product", {}).figures
    assert "here at most 0.40%" in figure.reading and "on 30 test problems" in figure.reading
    assert figure.views[0].names == list(curves["label"].unique())
    part = rollouts_part({"curves": curves}, [], "product", {"prm": {"brier": 0.2}, "soft_prm": {"brier": 0.1}})
    assert part.tables[0].rows == ({"metric": "brier", "Soft PRM": "0.100"},), "the run's own PRM is shown elsewhere"
    assert claim.id == "B8" and claim.status == "held" and claim.n_problems == 30
    assert b9.id == "B9" and b9.status == "inconclusive", "an ORM that knows as much is not behind"


def test_b9_compares_the_soft_prm_with_the_orm_of_its_own_solutions() -> None:
    tested = problems("test", 30)
    written = solutions(tested, 8)
    both = pd.concat([scores(written, "prm", False), scores(written, "orm", True)], ignore_index=True)
    hard, run_orm = (both[both["verifier"] == name] for name in ("prm", "orm"))
    soft = pd.concat([scores(written, "soft_prm", True), scores(written, SAME_SOLUTIONS, False)], ignore_index=True)
    curves, [_, b9] = measured(tested, written, hard, soft, run_orm)
    at_four = curves[curves["n"] == 4].set_index("label")["accuracy"]
    assert at_four["ORM"] == pytest.approx(0.5), "not the run's own, which knows"
    assert b9.reason == "" and b9.quantities[0].estimate == pytest.approx(0.5 - 1 / 70), (
        "of 70 fours one has none right"
    )
    assert b9.quantities[0].name == "PRM - ORM at N=4" and b9.quantities[-1].name == "PRM - ORM at N=8"
    _, [_, other] = measured(tested, written, hard, soft[soft["verifier"] == "soft_prm"], run_orm)
    assert other.reason == "the ORM learned from other solutions than the PRM"


def test_of_too_few_problems_nothing_is_settled() -> None:
    tested = problems("test", 4)
    written = solutions(tested, 4)
    hard, soft = scores(written, "prm", False), scores(written, "soft", True)
    outcome = scores(written, "orm", True)
    curves, claims = measured(tested, written, hard, soft, outcome)
    assert len(curves) and claims == []


def test_where_rollouts_labeled_the_pool_the_run_s_own_prm_settles_b8_and_b9() -> None:
    tested = problems("test", 30)
    written = solutions(tested, 8)
    prm, outcome = scores(written, "prm", True), scores(written, "orm", False)
    curves, [b8, b9] = measured(tested, written, prm, NOTHING, outcome, ROLLED)
    assert set(curves["label"]) == {"Soft PRM, last", "Soft PRM, min", "Soft PRM, product", "ORM"}, (
        "there is no other PRM"
    )
    assert b8.id == "B8" and b8.status == "held" and b9.id == "B9" and b9.n_problems == 30
    assert curves["n"].max() == 8, "all samples, not a part's first ones"
    assert "run's own" not in rollouts_part({"curves": curves}, [], "product", {}).figures[0].reading


def test_of_one_sample_no_claim_is_settled() -> None:
    tested = problems("test", 30)
    written = solutions(tested, 8)
    prm, outcome = scores(written, "prm", True), scores(written, "orm", False)
    alone = REPORT.model_copy(update={"budgets": (1,)})
    curves, claims = measured(tested, written, prm, NOTHING, outcome, ROLLED, alone)
    assert len(curves) and claims == [], "all rules choose the one sample"


def test_the_prm_beside_the_soft_one_is_read_as_the_report_reads_it() -> None:
    tested = problems("test", 30)
    written = solutions(tested, 4)
    last = REPORT.model_copy(update={"aggregation": "last"})
    prm, outcome, soft = (scores(written, name, name == "prm") for name in ("prm", "orm", "soft"))
    prm["negative"] = [
        [0.9 if right else 0.0, end] for (_, end), right in zip(prm["negative"], written["is_correct"], strict=True)
    ]
    got = {}
    for how, config in (("product", REPORT), ("last", last)):
        curves, _ = measured(tested, written, prm, soft, outcome, config=config)
        got[how] = curves[(curves["label"] == "PRM") & (curves["n"] == 4)]["accuracy"].item()
        reading = rollouts_part({"curves": curves}, [], how, {}).figures[0].reading
        assert f"by {'product' if how == 'product' else 'its last step'}" in reading
    assert got["last"] == 1 > got["product"]


def test_without_a_prm_of_ratings_the_soft_prm_stands_beside_the_orm_alone() -> None:
    tested = problems("test", 30)
    written = solutions(tested, 4)
    soft, outcome = scores(written, "soft", True), scores(written, "orm", True)
    curves, claims = measured(tested, written, NOTHING, soft, outcome)
    assert set(curves["label"]) == {"Soft PRM, last", "Soft PRM, min", "Soft PRM, product", "ORM"}
    assert [claim.id for claim in claims] == ["B8", "B9"]


@pytest.mark.parametrize(("lacking", "name"), [(0, "prm_scores"), (1, "orm_scores")])
def test_samples_without_a_score_of_another_verifiers_are_refused(lacking: int, name: str) -> None:
    tested = problems("test", 30)
    written = solutions(tested, 4)
    beside = [scores(written, "prm", True), scores(written, "orm", True)]
    beside[lacking] = beside[lacking].iloc[3:]
    with pytest.raises(InputError, match=f"{name} lacks 3 of the 120 samples that the soft PRM scored"):
        measured(tested, written, beside[0], scores(written, "soft", True), beside[1])
