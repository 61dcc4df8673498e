"""Curves of votes by a rule over recorded samples: where the samples carry what a rule judges by, and nowhere else."""

from pathlib import Path

import pandas as pd
import pytest

from stepscale import evaluate
from stepscale.estimators.vote_rules import BordaVote, FilteredVote, PessimisticVote
from stepscale.formats.checking import check, empty
from stepscale.formats.tables import PREDICTIONS, SCORES, SOLUTIONS, STEP_LABELS
from stepscale.parameters import ReportBlock, SearchBlock
from stepscale.studies.best_of_n.figures import best_of_n_part, headline
from stepscale.studies.best_of_n.measure import measure_best_of_n, score_splits
from stepscale.studies.samples.figures import samples_part
from stepscale.studies.samples.measure import measure_samples, score_given
from stepscale.studies.samples.tables import TABLES

PROBLEMS = pd.DataFrame({"problem_id": ["a", "b"], "problem": ["a?", "b?"], "split": "test", "level": 1, "answer": "1"})
# the vote over four: "a" has 1 twice and 2 twice, "b" has 2 three times; certainties tell right from wrong
SAMPLES = pd.DataFrame(
    {
        "problem_id": ["a"] * 4 + ["b"] * 4,
        "sample_id": [0, 1, 2, 3] * 2,
        "answer": ["1", "1", "2", "2", "1", "2", "2", "2"],
        "steps": [["x"]] * 8,
        "is_correct": [True, True, False, False, True, False, False, False],
        "finish": "solution",
        "mean_logprob": [-0.1, -0.4, -0.2, -0.3, -0.1, -0.2, -0.3, -0.4],
        "certainties": [[9.0, 5.0], [4.0, 3.0], [6.0, 2.0], [5.0, 1.0], [9.0, 8.0], [3.0, 2.0], [3.0, 1.0], [2.0, 1.0]],
    }
)
RULES = (
    BordaVote(by="mean_logprob"),
    BordaVote(by="self_certainty"),
    FilteredVote(share=0.5, group=1),
    PessimisticVote(penalty=0.1),
)
COUNTS = {"per_problem": 1, "problems_per_shard": 1}
SEARCH = SearchBlock.model_validate({"samples": COUNTS, "heldout_samples": COUNTS})
CONFIG = ReportBlock(budgets=(1, 2, 4), bootstrap=100, votes=RULES)


def prm(rights: list[float]) -> pd.DataFrame:
    keys = SAMPLES[["problem_id", "sample_id"]]
    negative = [[1 - right] for right in rights]
    return check(keys.assign(verifier="prm", negative=negative, neutral=[[0.0]] * 8), SCORES)


SCORED = prm([0.9, 0.2, 0.6, 0.6, 0.9, 0.5, 0.5, 0.5])


def curves(samples: pd.DataFrame, config: ReportBlock = CONFIG) -> pd.DataFrame:
    scored = score_splits(PROBLEMS, check(samples, SOLUTIONS), SCORED, empty(SCORES), config, SEARCH)
    return measure_best_of_n(scored, config, 0)["curves"]


def at(table: pd.DataFrame, n: int) -> dict[str, float]:
    return table[table["n"] == n].set_index("label")["accuracy"].to_dict()


def test_each_rule_has_a_curve_worked_out_by_hand() -> None:
    got = at(curves(SAMPLES), 4)
    # mean log-likelihood: a 1 has places 4 + 1, 2 has 3 + 2: a tie; b 4 against 3 + 2 + 1
    assert got["Mean log-likelihood, Borda vote"] == pytest.approx(0.25)
    # self-certainty: a 7, 3.5, 4, 3: 1 has 4 + 2, 2 has 3 + 1; b 8.5 first, against 3 + 2 + 1
    assert got["Self-certainty"] == 1.0 and got["Self-certainty, Borda vote"] == 0.5
    # lowest token: a 5, 3, 2, 1: both of 1 stay; b 8, 2, 1, 1: 1 wins with 8 against 2
    assert got["lowest group of 1, confidence-filtered vote, share = 0.5"] == 1.0
    # mean scores: a .55 against .6; b .9 against .5, and 3 samples for 1 gain .1 ln 4 (1/2 - 1/4) = .035
    assert got["PRM, pessimistic vote, penalty = 0.1"] == 0.5
    assert got["Majority"] == pytest.approx(0.25)


def test_at_one_sample_every_rule_is_the_generator_alone() -> None:
    assert set(at(curves(SAMPLES), 1).values()) == {0.375}


def test_samples_that_do_not_carry_it_have_no_such_curve() -> None:
    bare = at(curves(SAMPLES.drop(columns=["certainties", "mean_logprob"])), 4)
    assert set(bare) == {
        "PRM",
        "PRM, weighted vote",
        "PRM, pessimistic vote, penalty = 0.1",
        "Majority",
        "pass@N (ceiling)",
    }
    assert not any(
        "vote," in label for label in at(curves(SAMPLES, ReportBlock(budgets=(1, 4), bootstrap=100, votes=())), 4)
    )


def test_the_report_shows_votes_in_a_figure_of_their_own_and_names_verifiers_alone_in_its_headline() -> None:
    table = curves(SAMPLES)
    figures = {figure.title: figure for figure in best_of_n_part(table, {}, [], [], False).figures}
    by_rule = {line.name for line in figures["Votes, by their rule"].views[0].panels[0].series}
    plain = {line.name for line in figures["Best-of-N, by what chooses"].views[0].panels[0].series}
    assert by_rule - plain == {
        label for label in at(table, 4) if "Borda" in label or "filtered" in label or "pessim" in label
    }
    assert "Self-certainty" in plain and "certainty" not in headline(table)


def test_given_samples_have_the_same_ways_to_choose() -> None:
    tables = (PROBLEMS, check(SAMPLES, SOLUTIONS), SCORED, empty(SCORES))
    scored = score_given(*tables, CONFIG, SEARCH)
    measured = measure_samples(scored, empty(STEP_LABELS), empty(PREDICTIONS), CONFIG, 0)["tables"]
    ways = check(measured["ways"], TABLES["ways"])
    at_four = ways[ways["n"] == 4].set_index(["method", "verifier", "aggregation"])["accuracy"]
    assert at_four["Borda vote", "self_certainty", "tokens"] == 0.5
    assert at_four["confidence-filtered vote, share = 0.5", "lowest_group of 1", "tokens"] == 1.0
    assert at_four["pessimistic vote, penalty = 0.1", "prm", "last"] == 0.5
    assert at_four["best_of_n", "self_certainty", "tokens"] == 1.0
    assert [figure.title for figure in samples_part(measured, []).figures]


def test_evaluate_measures_them_from_a_folder_of_tables(tmp_path: Path) -> None:
    for name, table in (("problems", PROBLEMS), ("solutions", SAMPLES), ("scores", SCORED)):
        table.to_parquet(tmp_path / f"{name}.parquet")
    frame = evaluate(tmp_path, "parquet", [1, 4], bootstrap=100, vote_rules=RULES)
    got = frame[frame["n"] == 4].set_index(["method", "verifier"])["accuracy"]
    assert got["confidence-filtered vote, share = 0.5", "lowest_group of 1"] == 1.0


def test_rules_are_read_from_configuration_and_wrong_ones_refused() -> None:
    block = ReportBlock.model_validate({"budgets": [1], "bootstrap": 100, "votes": [{"kind": "borda", "power": 0.3}]})
    assert block.votes == (BordaVote(power=0.3),)
    with pytest.raises(ValueError, match="votes"):
        ReportBlock.model_validate({"budgets": [1], "bootstrap": 100, "votes": [{"kind": "condorcet"}]})
