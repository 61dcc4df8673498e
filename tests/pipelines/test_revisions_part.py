"""The revisions part on tiny models: data of training problems alone, shards that resume, nothing where it is switched off."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_plans import shards_of

from stepscale.errors import InputError
from stepscale.parameters import (
    GeneratorBlock,
    ReportBlock,
    RevisionOrms,
    RevisionsBlock,
    RevisionSettings,
    SearchBlock,
    VerifierBlock,
)
from stepscale.pipelines.revisions import nodes as part
from stepscale.pipelines.sampling import gather
from stepscale.revisions.grid import BY_VERIFIER, pool_lengths
from stepscale.studies.revisions.measure import measure_revisions
from stepscale.studies.strategies.accuracy import revision_accuracy
from stepscale.studies.strategies.samples import tabulate_samples

TEXTS = [f"{a}+{b}\n{a}+{b}={a + b}\n\\boxed{{{a + b}}}" for a in range(5) for b in range(5)]
SEARCH = SearchBlock.model_validate(
    {"samples": (counts := {"per_problem": 1, "problems_per_shard": 1}), "heldout_samples": counts}
)
REVISIONS = RevisionsBlock.model_validate(
    {
        "data": {"layout": {"max_tokens": 200}},
        "fine_tuning": {"epochs": 1, "batch_size": 8},
        "training_chains": {"problems": 4, "chains": 2, "attempts": 3, "problems_per_shard": 2},
        "test": {"problems": 12, "problems_per_shard": 6},
        "budgets": [1, 2, 4, 8],
        "search": {"after": 2, "budgets": [4], "strategies": [{"method": "weighted"}]},
    }
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tiny_models import save_tiny_llama

    return save_tiny_llama(tmp_path_factory.mktemp("base") / "model", TEXTS)


@pytest.fixture(scope="module")
def generator(model: Path) -> GeneratorBlock:
    sampling = {"max_new_tokens": 12}
    return GeneratorBlock.model_validate(
        {
            "base": str(model),
            "prompt": "{problem}\n",
            "examples": "own",
            "samples_per_problem": 1,
            "sampling": sampling,
            "fine_tuning": None,
            "placement": {"device": "cpu"},
        }
    )


@pytest.fixture(scope="module")
def verifiers(model: Path) -> VerifierBlock:
    short: dict[str, Any] = {"optimization": {"epochs": 1, "batch_size": 8}}
    return VerifierBlock.model_validate(
        {"base": str(model), "prompt": "{problem}\n", "prm": short, "orm": short, "placement": {"device": "cpu"}}
    )


def problems() -> pd.DataFrame:
    rows = [
        {"problem_id": f"{split}-{i}", "problem": f"{i}+1", "answer": str(i + 1), "split": split, "level": 1}
        for split in ("train", "test")
        for i in range(12)
    ]
    return pd.DataFrame(rows).assign(solution=None, subject=None)


def samples(chosen: pd.DataFrame) -> pd.DataFrame:
    """Three solutions of each problem, the first right."""
    rows = [
        {
            "problem_id": row.problem_id,
            "sample_id": k,
            "steps": [f"{row.problem}={int(row.answer) + k}", "done"],
            "tokens": [],
            "step_ends": [],
            "answer": str(int(row.answer) + k),
            "is_correct": k == 0,
            "finish": "solution",
            "mean_logprob": None,
            "generator": "g",
        }
        for row in chosen.itertuples()
        for k in range(3)
    ]
    return pd.DataFrame(rows)


def settings(generator: GeneratorBlock, verifiers: VerifierBlock) -> RevisionSettings:
    return RevisionSettings(generator=generator, verifiers=verifiers, search=SEARCH, revisions=REVISIONS, seed=0)


def chains_of(table: pd.DataFrame) -> dict[str, Any]:
    trained = samples(table[table["split"] == "train"])
    chains = trained.assign(chain=0, position=lambda t: t["sample_id"], prompt="1+1")
    return {"a": lambda: chains}


def test_revision_data_are_of_training_problems_alone(
    model: Path, generator: GeneratorBlock, verifiers: VerifierBlock
) -> None:
    table, differences = problems(), settings(generator, verifiers)
    pool = shards_of(part.sample_revision_pool(model, table, samples(table), differences))
    got = part.make_revision_examples(model, table, pool, differences)
    assert set(got["problem_id"]) == {f"train-{i}" for i in range(12)}
    assert got["is_correct"].all() and got["context"].map(len).max() == 2


def test_chains_are_graded_scored_by_both_orms_and_the_prm_and_resumed_shard_by_shard(
    model: Path, generator: GeneratorBlock, verifiers: VerifierBlock, tmp_path: Path
) -> None:
    from stepscale.revisions.data import revision_orm_examples
    from stepscale.verifiers.contract import Trajectory
    from stepscale.verifiers.examples import Example
    from stepscale.verifiers.training import train_verifier

    chosen, shards, orms = problems(), chains_of(problems()), []
    for name, history in (("with", True), ("without", False)):
        examples = revision_orm_examples(chosen, gather(shards), history)
        train_verifier(verifiers.base, examples, verifiers.training("orm", 0), tmp_path / name)
        orms.append(tmp_path / name)
    steps = [Example(f"p{i}", Trajectory(f"{i}+1", ("a", "b")), (1.0, 0.0)) for i in range(8)]
    train_verifier(verifiers.base, steps, verifiers.training("prm", 0), tmp_path / "prm")
    orms.append(tmp_path / "prm")
    plan = part.run_test_chains(model, *orms, chosen, settings(generator, verifiers))
    assert len(plan.pieces) == 2  # of six problems each
    tables = shards_of(plan)
    whole = gather(tables)
    assert set(whole["problem_id"]) == {f"test-{i}" for i in range(12)}
    assert len(whole) == 12 * 20  # budget 8: chains of 8, 4, 2, 2, 1, 1, 1, 1
    answered = whole["answer"].notna()
    for verifier in ("", "_without_history", "_prm"):
        assert (whole[f"score{verifier}"].notna() == answered).all()
        assert ((whole[f"read_tokens{verifier}"] > 0) == answered).all()
    revised = whole["context"].map(len) > 0
    assert (whole["tokens_computed"] > whole["tokens_computed_without_history"])[revised & answered].all()
    assert (whole["flops"] > whole["flops_without_history"])[revised & answered].all()

    last = plan.pieces[-1]
    pd.testing.assert_frame_equal(last.make().table, tables[last.name]())


def test_revisions_are_compared_at_equal_tokens_and_flops() -> None:
    """The second attempt of a chain is right; an attempt costs 20 tokens, a later one 20 more, and nothing is shared."""
    chosen = problems().query("split == 'test'")
    sampled = samples(chosen)
    scores = sampled.assign(verifier="prm", negative=[[0.5, 0.5]] * len(sampled), neutral=[[0.0, 0.0]] * len(sampled))
    rows = [
        {
            "problem_id": i,
            "chain": chain,
            "position": position,
            "steps": ["x"],
            "finish": "solution",
            "answer": f"{position}",
            "is_correct": position == 1,
            "context": list(range(position)),
            "score": 0.5 + 0.4 * (position == 1),
            "tokens_computed": 30,
            "flops": 120.0,
            "generator_tokens": 20,
            "generator_flops": 80.0,
            "write_tokens": 10 + 20 * (position > 0),
            "read_tokens": 10,
        }
        for i in chosen["problem_id"]
        for chain, length in enumerate(pool_lengths(8))
        for position in range(length)
    ]
    chains = pd.DataFrame(rows).assign(write_shared=0, read_shared=0)
    place = chains.groupby("problem_id").cumcount()
    chains = chains.assign(write_place=place, read_place=place)
    chains = chains.assign(**{f"{name}_without_history": chains[name] for name in BY_VERIFIER})
    report = ReportBlock(budgets=(1,), bootstrap=100)
    scored = tabulate_samples(chosen, sampled, scores, report.score_aggregation, report.score_aggregation)
    tables = measure_revisions(chains, revision_accuracy(chains, REVISIONS.budgets, 0), scored, REVISIONS, report, 0)
    savings, at_cost, picked = (tables["tables"][name] for name in ("savings", "at_cost", "chosen"))
    assert at_cost["minus"].eq("parallel, verifier").all() and set(at_cost["unit"]) == {"tokens", "FLOPs"}
    differences = at_cost[at_cost["label"] == "sequential, verifier"].set_index(["unit", "cost"])["difference"]
    for unit, a_token in (("tokens", 1), ("FLOPs", 4)):
        costs = differences[unit].index / a_token  # of one attempt to eight in parallel; two in a chain cost 20 + 40
        assert costs.to_numpy() == pytest.approx(np.geomspace(20, 160, 5))
        assert differences[unit].to_numpy() == pytest.approx(np.minimum(np.log(costs / 20) / np.log(60 / 20), 1))
    assert savings["n"].unique().tolist() == [1, 2, 4, 8] and set(savings["unit"]) == {"generations", "tokens", "FLOPs"}
    oracle = picked[picked["bins"] == "oracle"].set_index(["unit", "budget"])
    assert set(oracle.loc[("generations", 2), "strategy"]) == {"sequential"}
    assert set(oracle.loc[("tokens", 2), "strategy"]) == {"parallel"}, "two in a chain cost 60, two in parallel 40"
    two_in_a_chain = oracle.loc[("tokens", 4)]
    assert set(two_in_a_chain["strategy"]) == {"sequential"} and set(two_in_a_chain["n"]) == {2}


def test_a_revision_orm_stops_by_the_loss_of_questions_that_it_does_not_learn_from(
    generator: GeneratorBlock, verifiers: VerifierBlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = []

    def train(_base: str, examples: Any, options: Any, *_: Any, **__: Any) -> None:
        fits.append((examples, options))
        raise InterruptedError

    monkeypatch.setattr("stepscale.verifiers.training.train_verifier", train)
    of_orms = RevisionOrms(epochs=7, validation_share=0.5, patience=2)
    configured = settings(generator, verifiers).model_copy(
        update={"revisions": REVISIONS.model_copy(update={"orms": of_orms})}
    )
    with pytest.raises(InterruptedError):
        part.train_orm_with_history(problems(), chains_of(problems()), configured)
    [(examples, options)] = fits
    assert options.optimization.patience == 2 and options.optimization.epochs == 7
    from stepscale.verifiers.examples import split_by_problem

    learned, apart = split_by_problem(examples, options.validation_share, options.optimization.seed)
    assert learned and apart and not {e.problem_id for e in learned} & {e.problem_id for e in apart}


def test_a_revision_orm_that_has_no_question_to_stop_by_says_what_to_change(
    generator: GeneratorBlock, verifiers: VerifierBlock
) -> None:
    none_apart = REVISIONS.model_copy(update={"orms": RevisionOrms(validation_share=0.0)})
    configured = settings(generator, verifiers).model_copy(update={"revisions": none_apart})
    with pytest.raises(
        InputError, match=r"revisions\.orms\.patience: none of the 12 questions .* set patience to null"
    ):
        part.train_orm_with_history(problems(), chains_of(problems()), configured)
