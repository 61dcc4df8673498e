"""Given samples measured whole, on made-up verifiers of known worth."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.formats.checking import check, empty
from stepscale.formats.tables import PREDICTIONS, SCORES, STEP_LABELS
from stepscale.parameters import ReportBlock, SearchBlock
from stepscale.studies.best_of_n.measure import measure_best_of_n, score_splits
from stepscale.studies.samples.figures import samples_part
from stepscale.studies.samples.measure import measure_samples, score_given
from stepscale.studies.samples.optimal import ORACLE, POLICIES, PREDICTED, UNIFORM
from stepscale.studies.samples.scored_selections import IN_ORDER, MAJORITY, ScoredSelection, votes_of_selections
from stepscale.studies.samples.tables import TABLES

N_PROBLEMS, PLACES = 40, 8
IDS = [f"p{i:02d}" for i in range(N_PROBLEMS)]
CONFIG = ReportBlock(budgets=(1, 2, 4, 8), bootstrap=200)
COUNTS = {"per_problem": 1, "problems_per_shard": 1}
SEARCH = SearchBlock.model_validate({"samples": COUNTS, "heldout_samples": COUNTS})
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def given_tables() -> Tables:
    """Problems of falling easiness; a PRM that knows ("sure"), one that guesses ("blind"), and an ORM ("orm7")."""
    rng = np.random.default_rng(0)
    right = rng.random((N_PROBLEMS, PLACES)) < np.linspace(0.95, 0.05, N_PROBLEMS)[:, None]
    key = [(problem, k) for problem in IDS for k in range(PLACES)]
    solutions = pd.DataFrame(key, columns=["problem_id", "sample_id"])
    flat = right.ravel()
    wrong = [str(2 + k % 3) for _, k in key]
    solutions["answer"] = np.where(flat, "1", wrong)
    solutions["is_correct"] = pd.array(flat, dtype="boolean")
    solutions["steps"] = [["a", "b"]] * len(key)
    solutions["mean_logprob"] = np.nan
    solutions["n_tokens"] = pd.array([100 + 10 * int(problem[1:]) for problem, _ in key], dtype="Int64")
    solutions["finish"] = "solution"

    def scored(name: str, last: np.ndarray, first: np.ndarray | None = None) -> pd.DataFrame:
        negative = [[1 - x] if first is None else [1 - first[i], 1 - x] for i, x in enumerate(last)]
        neutral = [[0.0] * len(steps) for steps in negative]
        return solutions[["problem_id", "sample_id"]].assign(verifier=name, negative=negative, neutral=neutral)

    noise = rng.random(len(key))
    # its last step tells right from wrong, its first step is noise: "last" is the aggregation to choose
    sure = scored("sure", np.where(flat, 0.9, 0.2) + 0.05 * noise, first=rng.random(len(key)) ** 4)
    blind = scored("blind", rng.random(len(key)), first=rng.random(len(key)))
    return {
        "problems": pd.DataFrame({"problem_id": IDS, "problem": IDS, "answer": "1", "level": 1, "split": "test"}),
        "solutions": solutions,
        "prm_scores": check(pd.concat([sure, blind], ignore_index=True), SCORES),
        "orm_scores": check(scored("orm7", np.where(flat, 0.6, 0.4) + 0.3 * rng.random(len(key))), SCORES),
        "step_labels": empty(STEP_LABELS),
        "searches": empty(PREDICTIONS),
    }


def measured(given_tables: Tables, **changed: pd.DataFrame) -> dict[str, Any]:
    tables = given_tables | changed
    beside = {name: tables.pop(name) for name in ("step_labels", "searches")}
    result = measure_samples(score_given(**tables, config=CONFIG, search=SEARCH), **beside, config=CONFIG, seed=1)
    for name, table in result["tables"].items():
        check(table, TABLES[name])
    return result


@pytest.fixture(scope="module")
def result(given_tables: Tables) -> dict[str, Any]:
    """Of all tables, with labels of the steps by what is right, and with a search that solves three problems of four."""
    solutions = given_tables["solutions"]
    rows = [
        (problem, sample, 1, 0, "b", 1 if right else -1, None, True, "people")
        for problem, sample, right in zip(
            *(solutions[c] for c in ("problem_id", "sample_id", "is_correct")), strict=True
        )
    ]
    columns = ["problem_id", "sample_id", "step", "completion", "text", "rating", "value", "is_chosen", "labeler"]
    labels = check(pd.DataFrame(rows, columns=columns), STEP_LABELS)
    return measured(given_tables, step_labels=labels, searches=searches_of(IDS[:36]))


def searches_of(ids: list[str]) -> pd.DataFrame:
    rows = [(problem, "beam, majority_vote", n, None, problem < "p30", 700.0) for problem in ids for n in (4, 5)]
    columns = ["problem_id", "strategy", "budget", "answer", "is_correct", "tokens"]
    return check(pd.DataFrame(rows, columns=columns), PREDICTIONS)


def test_every_verifier_is_measured_under_every_aggregation(result: dict[str, Any]) -> None:
    ways = result["tables"]["ways"]
    of_steps = ways[ways["verifier"].isin(["sure", "blind"])]
    assert set(zip(of_steps["method"], of_steps["aggregation"], strict=True)) == {
        (method, how)
        for method in ("best_of_n", "weighted", "pessimistic vote")
        for how in ("product", "min", "last", "mean")
    }
    assert set(ways.loc[ways["verifier"] == "orm7", "aggregation"]) == {"last"}
    at_8 = ways[(ways["n"] == 8) & (ways["method"] == "best_of_n")].set_index(["verifier", "aggregation"])["accuracy"]
    ceiling = ways[(ways["n"] == 8) & (ways["method"] == "pass_at_k")]["accuracy"].item()
    assert at_8["sure", "last"] == ceiling > at_8["sure", "product"] > at_8["blind", "last"]


def test_validation_halves_choose_the_aggregation_that_is_best(result: dict[str, Any]) -> None:
    chosen = result["tables"]["policy_choices"]
    rows = chosen[(chosen["verifier"] == "sure") & (chosen["policy"] == "best-of-N, chosen aggregation")]
    assert set(rows.loc[rows["budget"] == 8, "strategy"]) == {"best-of-N, last"}
    assert rows.groupby("budget")["n_problems"].sum().tolist() == [N_PROBLEMS] * 4


def test_policies_stand_against_samples_and_tokens_and_say_what_they_save(result: dict[str, Any]) -> None:
    curves, savings = result["tables"]["policy_curves"], result["tables"]["policy_savings"]
    assert set(curves["unit"]) == set(savings["unit"]) == {"samples", "tokens"}
    assert set(savings["policy"]) == set(POLICIES)
    sure = curves[(curves["verifier"] == "sure") & (curves["unit"] == "samples")].set_index(["label", "n"])["accuracy"]
    assert sure[UNIFORM, 8] == pytest.approx(sure["best-of-N, chosen aggregation", 8])
    assert min(sure[ORACLE, 8], sure[PREDICTED, 8]) > sure["majority", 8]
    saved = savings[(savings["verifier"] == "sure") & (savings["n"] == 8) & (savings["unit"] == "samples")]
    assert (saved["over"] == "weighted vote, chosen aggregation").all()
    assert saved.set_index("policy").loc[UNIFORM, "factor"] >= 1, "the weighted vote is one of the ways"
    tokens = curves[(curves["unit"] == "tokens") & (curves["label"] == "majority") & (curves["verifier"] == "sure")]
    assert tokens["n"].tolist() == pytest.approx([n * (100 + 10 * (N_PROBLEMS - 1) / 2) for n in (1, 2, 4, 8)])


def test_without_all_token_counts_there_is_no_axis_of_tokens(given_tables: Tables) -> None:
    some = given_tables["solutions"].assign(
        n_tokens=given_tables["solutions"]["n_tokens"].mask(given_tables["solutions"].index == 3)
    )
    for solutions in (some, given_tables["solutions"].drop(columns="n_tokens")):
        tables = measured(given_tables, solutions=solutions, prm_scores=empty(SCORES))["tables"]
        assert set(tables["policy_curves"]["unit"]) == {"samples"}


def test_predicted_difficulty_and_the_online_policy_are_of_each_verifier(result: dict[str, Any]) -> None:
    agreement = result["tables"]["difficulty_agreement"].set_index(["verifier", "kind"])["correlation"]
    assert agreement["sure", "predicted"] > 0.9 > abs(agreement["blind", "predicted"])
    online = result["tables"]["online"]
    assert set(online["verifier"]) == {"sure", "blind", "orm7"}
    assert (online["cost"] <= online["budget"] * 1.1).all(), "chosen on one half, measured on the other: nearly kept"
    assert {"majority", "best-of-N, chosen aggregation", *POLICIES} <= set(online["other"])


def test_aggregations_are_compared_in_pairs_for_each_verifier_of_steps(result: dict[str, Any]) -> None:
    leads = result["tables"]["rule_leads"].set_index(["claim", "verifier", "over"])
    assert leads.loc[("A2", "sure", "last"), "verdict"] == "loses" and set(leads["n"]) == {8}
    assert leads.loc[("B8", "sure", "product"), "difference"] >= 0
    assert {name for _, name, _ in leads.index} == {"sure", "blind"}


def test_claims_are_settled_for_verifiers_of_any_name(given_tables: Tables, result: dict[str, Any]) -> None:
    claims = {claim.id: claim for claim in result["claims"]}
    assert claims.keys() == {"B3", "B8", "B9"} and claims["B9"].parts == 4
    assert claims["B9"].decided_by.startswith("blind - orm7: ") and claims["B9"].status == "did not hold"
    scores = [given_tables[name] for name in ("problems", "solutions", "prm_scores", "orm_scores")]
    best = measure_best_of_n(score_splits(*scores, CONFIG, SEARCH), CONFIG, 1)
    assert {claim.id for claim in best["claims"]} == {"A1", "A6"}
    assert set(best["tables"]["quintiles"]["label"]) == {"sure", "blind", "orm7", "Majority"}
    assert any(claim.decided_by.startswith("blind, orm7: ") for claim in best["claims"])


def test_the_runs_own_verifiers_alone_settle_claims_beside_others(given_tables: Tables) -> None:
    renamed = {
        name: given_tables[name].assign(verifier=given_tables[name]["verifier"].replace({"sure": "prm", "orm7": "orm"}))
        for name in ("prm_scores", "orm_scores")
    }
    claims = {claim.id: claim for claim in measured(given_tables, **renamed)["claims"]}
    assert claims["B9"].parts == 2 and claims["B8"].parts == 2 and claims["B3"].parts == 6


def test_step_labels_give_a_calibration(given_tables: Tables, result: dict[str, Any]) -> None:
    solutions = given_tables["solutions"]
    table = result["tables"]["step_calibration"]
    assert (
        set(table["verifier"]) == {"sure", "blind"} and (table.groupby("verifier")["n"].sum() == len(solutions)).all()
    )
    errors = table.drop_duplicates("verifier").set_index("verifier")["expected_error"]
    assert errors["sure"] < errors["blind"]
    sure = table[table["verifier"] == "sure"]
    assert set(sure["observed"].round(9)) == {0.0, 1.0}, "its last step tells right from wrong"


def test_results_of_a_search_stand_beside_as_many_samples(given_tables: Tables, result: dict[str, Any]) -> None:
    table = result["tables"]["searches"]
    at_4 = table[table["n"] == 4]
    assert set(at_4["other"]) >= {
        "majority",
        "sure: best-of-N, chosen aggregation",
        "orm7: weighted vote, chosen aggregation",
    }
    assert at_4["accuracy"].tolist() == pytest.approx([30 / 36] * len(at_4)) and set(at_4["n_problems"]) == {36}
    assert at_4.set_index("other").loc["majority", "verdict"] == "wins" and set(at_4["tokens"]) == {700.0}
    on_few = measured(given_tables, searches=searches_of(IDS[:29]), prm_scores=empty(SCORES))["tables"]["searches"]
    assert set(on_few["verdict"].dropna()) == {"undecided"}, "29 problems settle nothing"
    at_5 = table[table["n"] == 5]
    assert len(at_5) == 1 and at_5["other"].isna().all(), "no way to choose was measured at 5 samples"


def test_an_unbounded_reward_ranks_and_saves_against_majority(given_tables: Tables) -> None:
    rewards = given_tables["orm_scores"].assign(reward=np.where(given_tables["solutions"]["is_correct"], 5.0, -50.0))
    tables = measured(given_tables, prm_scores=empty(SCORES), orm_scores=check(rewards, SCORES))["tables"]
    saved = tables["policy_savings"].set_index(["policy", "unit", "n"])["factor"]
    assert saved[UNIFORM, "samples", 8] > 1, "who knows what is right needs fewer samples than majority"
    assert (
        set(tables["policy_savings"]["over"]) == {"majority"} and "online" not in tables and "rule_leads" not in tables
    )
    assert tables["difficulty_agreement"].set_index("kind").loc["predicted", "correlation"] > 0.9


def test_few_problems_have_curves_and_no_policies(given_tables: Tables) -> None:
    few = {name: table[table["problem_id"].isin(IDS[:9])] for name, table in given_tables.items()}
    few["problems"] = few["problems"].reset_index(drop=True)
    result = measured({name: table.reset_index(drop=True) for name, table in few.items()})
    assert set(result["tables"]) == {"ways", "rule_leads"}
    assert set(result["tables"]["rule_leads"]["verdict"]) == {"undecided"}, "nine problems settle nothing"
    part = samples_part(result["tables"], result["claims"])
    assert [figure.title for figure in part.figures] == ["Every aggregation of every verifier"]


def test_the_part_shows_what_was_measured(result: dict[str, Any]) -> None:
    part = samples_part(result["tables"], result["claims"])
    assert part.figures[0].leads and [view.unit for view in part.figures[0].views] == ["samples", "tokens"]
    assert [panel.title for panel in part.figures[0].views[0].panels] == ["sure", "blind", "orm7"]
    assert any("fewer samples" in line and line.startswith("sure: ") for line in part.summary)
    assert "What choosing by difficulty saves" in [table.title for table in part.tables]


def grid_of(answers: list[list[str | None]], correct: list[list[bool]]) -> SampleGrid:
    rows = [
        (f"p{i}", k, answer, correct[i][k])
        for i, row_answers in enumerate(answers)
        for k, answer in enumerate(row_answers)
    ]
    solutions = pd.DataFrame(rows, columns=["problem_id", "sample_id", "answer", "is_correct"])
    return sample_grid(pd.DataFrame({"problem_id": [f"p{i}" for i in range(len(answers))]}), solutions, rules=None)


def test_a_published_majority_gives_ties_to_the_first_and_a_fair_one_shares_them() -> None:
    grid = grid_of(
        [["1", "2", "2", "1"], [None, "3", "1", "1"], [None] * 4],
        [[True, False, False, True], [False, False, True, True], [False] * 4],
    )
    votes = votes_of_selections(grid, {}, [1, 2, 4])
    assert votes[ScoredSelection(IN_ORDER)].per_problem.tolist() == [[1, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert votes[ScoredSelection(MAJORITY)].per_problem[0, 2] == pytest.approx(0.5)
