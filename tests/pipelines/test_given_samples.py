"""Anybody's scored samples are measured by the pipelines, without a generator or a verifier of our own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stepscale.estimators import best_of_n
from stepscale.estimators.samples import sample_grid
from stepscale.formats import Tables, read, write
from stepscale.report.part import read_part

Run = Callable[..., Any]
FEW = "report.bootstrap=100"


def accuracies_and_facts(project: Path, env: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """The curves by method, verifier and n, and the status of each claim."""
    folder = project / "data" / env / "08_reporting"
    claims = json.loads((folder / "claims.json").read_text())
    curves = pd.read_parquet(folder / "curves.parquet")
    return curves, {claim["id"]: claim["status"] for claim in claims}


def accuracy(curves: pd.DataFrame, method: str, n: int, verifier: str | None = None) -> float:
    is_verifier = curves["verifier"].isna() if verifier is None else curves["verifier"] == verifier
    return float(curves[(curves["method"] == method) & is_verifier & (curves["n"] == n)]["accuracy"].item())


@pytest.mark.e2e
def test_published_samples_give_their_published_numbers(run_in: Run, project: Path, shared_data: Path) -> None:
    path = shared_data / "best_of_n" / "qwen25math_100x8.jsonl"
    names = "samples,reporting"
    done = run_in(
        project, "--env", "samples", "--pipelines", names, "--params", f"search.given_samples.path={path},{FEW}"
    )
    assert done.exit_code == 0, done.output
    curves, claims = accuracies_and_facts(project, "samples")
    assert accuracy(curves, "best_of_n", 8, "reward") == pytest.approx(0.94)
    assert accuracy(curves, "pass_at_n", 8) == pytest.approx(0.96)
    assert accuracy(curves, "pass_at_n", 1) == pytest.approx(0.91)
    assert accuracy(curves, "majority", 8) == pytest.approx(0.925)  # 93 if the first of equals wins, docs/estimators.md
    assert set(claims.values()) == {"not measured"}, "one reward is neither a PRM nor an ORM beside it"
    assert "reward 94.0%" in (project / "data/samples/08_reporting/report.html").read_text()
    ways = pd.read_parquet(project / "data/samples/08_reporting/tables/samples/ways.parquet")
    in_order = ways[(ways["method"] == "majority_in_order") & (ways["n"] == 8)]
    assert in_order["accuracy"].item() == pytest.approx(0.93), "as it was published"


@pytest.mark.e2e
def test_samples_of_ones_own_are_graded_and_a_plain_run_of_the_environment_measures_them(
    run_in: Run, project: Path
) -> None:
    answers = {"a": ["2", "2", "3", None], "b": ["1/2", "0.5", "4", r"\frac{1}{2}"]}
    problems = pd.DataFrame({"problem_id": ["a", "b"], "problem": ["1+1?", "1/2?"], "answer": ["2", "\\frac12"]})
    rows = [(name, i, answer) for name, setting in answers.items() for i, answer in enumerate(setting)]
    solutions = pd.DataFrame(rows, columns=["problem_id", "sample_id", "answer"])
    solutions["steps"] = [["so it is", str(answer)] for answer in solutions["answer"]]
    scores = solutions[["problem_id", "sample_id"]].assign(
        verifier="prm", negative=[[0.1, 0.1 * i] for i in range(len(rows))], neutral=[[0.0, 0.0]] * len(rows)
    )
    data = Tables(problems=problems, solutions=solutions, scores=scores)
    write(data, project / "mine", "parquet")
    path = project / "mine"
    done = run_in(
        project,
        *("--env", "samples", "--params"),
        f"search.given_samples.path={path},search.given_samples.format=parquet,{FEW}",
    )
    assert done.exit_code == 0, done.output
    curves, claims = accuracies_and_facts(project, "samples")
    assert accuracy(curves, "pass_at_n", 1) == pytest.approx((2 / 4 + 3 / 4) / 2)
    assert accuracy(curves, "best_of_n", 4, "prm") == 1.0, "the surest of each problem is right"
    assert claims["A1"] == "not measured", "there is no ORM to compare with"
    part = read_part(project / "data/samples/08_reporting/parts/best_of_n.json")
    assert part.examples[0].kind == "Trusted and right"


@pytest.mark.e2e
def test_policies_calibration_and_searches_of_others_come_by_themselves(run_in: Run, project: Path) -> None:
    rows = [(f"p{i:02d}", k, (i + k) % 12 < i) for i in range(12) for k in range(4)]
    problems = pd.DataFrame({"problem_id": [f"p{i:02d}" for i in range(12)], "answer": "1"})
    problems["problem"] = problems["problem_id"] + "?"
    solutions = pd.DataFrame(rows, columns=["problem_id", "sample_id", "is_correct"]).assign(steps=[["a", "b"]] * 48)
    solutions["answer"] = solutions["is_correct"].map({True: "1", False: "2"}).where(solutions["sample_id"] > 0)
    solutions["n_tokens"] = 10
    wrong = [0.1 if right else 0.7 for right in solutions["is_correct"]]
    scores = solutions[["problem_id", "sample_id"]].assign(
        verifier="theirs", negative=[[0.2, p] for p in wrong], neutral=[[0.0, 0.0]] * 48
    )
    labels = solutions[["problem_id", "sample_id"]].assign(step=0, completion=0, text="a", is_chosen=True)
    labels["rating"] = pd.array([1, -1] * 24, "Int8")
    searches = problems[["problem_id"]].assign(strategy="weighted", budget=4, answer="1", is_correct=True)
    write(
        Tables(problems=problems, solutions=solutions, scores=scores, step_labels=labels), project / "mine", "parquet"
    )
    write(
        Tables(
            problems=problems.assign(problem_id="x" + problems["problem_id"]),
            predictions=searches.assign(problem_id="x" + searches["problem_id"]),
        ),
        project / "beam",
        "parquet",
    )
    setting = project / "conf" / "local" / "parameters.yml"
    source = {
        "path": "mine",
        "format": "parquet",
        "searches": [{"path": "beam", "format": "parquet", "name": "their beam"}],
    }
    setting.write_text(json.dumps({"search": {"given_samples": source}}))
    (project / "conf" / "samples" / "parameters.yml").write_text(setting.read_text())
    done = run_in(project, "--env", "samples", "--params", FEW)
    assert done.exit_code == 0, done.output
    folder = project / "data/samples/08_reporting"
    assert set(pd.read_parquet(folder / "curves.parquet")["without_answer"]) == {0.25}
    tables = {file.stem: pd.read_parquet(file) for file in (folder / "tables/samples").glob("*.parquet")}
    assert tables.keys() == {
        *(
            "ways",
            "rule_leads",
            "policy_curves",
            "policy_savings",
            "policy_choices",
            "difficulty_agreement",
            "online",
            "step_calibration",
            "searches",
            "stopping",
            "stopping_risk",
        )
    }
    beam = tables["searches"].set_index("other").loc["theirs: best-of-N, chosen aggregation"]
    assert beam["search"] == "their beam, weighted" and beam["accuracy"] == 1.0
    assert beam["difference_low"] > 0 and beam["verdict"] == "undecided", "twelve problems settle nothing"
    page, absent = (folder / "report.html").read_text(), "25.0 % of the samples are without an answer"
    lines = json.loads((folder / "summary.json").read_text())["lines"]
    assert any(line.startswith("WARNING: ") and absent in line for line in lines)
    for words in (absent, "What choosing by difficulty saves", "Calibration on labeled steps", "their beam, weighted"):
        assert words in page
    _, claims = accuracies_and_facts(project, "samples")
    assert claims["B3"] == claims["B8"] == "inconclusive", "twelve problems settle nothing"


@pytest.mark.e2e
def test_figure_3_is_drawn_from_scored_samples(run_in: Run, project: Path) -> None:
    path = project / "scored.jsonl"
    with path.open("w") as file:
        for problem in range(12):
            for sample in range(20):
                right = (problem * sample) % 3 == 1
                record = {
                    "problem": f"problem {problem}",
                    "unique_id": f"test/{problem}.json",
                    "subject": "Algebra",
                    "level": 1 + problem % 5,
                    "steps": ["a", "b"],
                    "is_correct": right,
                    "answer": "1" if right else "0",
                    "rating_probs": [{"1": 0.9, "0": 0.05, "-1": 0.05 + sample / 100}] * 2,
                    "orm_score": (0.4 + sample % 7 / 20) * (1.2 if right else 1),
                }
                file.write(json.dumps(record if sample % 9 else record | {"answer": None}) + "\n")
    setting = f"search.given_samples.path={path},search.given_samples.places=24,{FEW}"
    done = run_in(project, "--env", "lightman_figure3", "--params", setting)
    assert done.exit_code == 0, done.output
    curves, claims = accuracies_and_facts(project, "lightman_figure3")
    ns = sorted(set(curves["n"]))
    assert ns == [1, 2, 4, 10, 20]
    data = read(path, "scored_samples", steps=False)
    grid = sample_grid(data.problems, data.solutions, places=24)
    for verifier in ("prm", "orm"):
        rewards = data.scores.loc[data.scores["verifier"] == verifier, "reward"].to_numpy(dtype=float)
        expected = best_of_n(grid.place(rewards), grid.correct, ns, mask=grid.mask)
        assert [accuracy(curves, "best_of_n", n, verifier) for n in ns] == pytest.approx(expected, abs=1e-12)
    assert claims["A1"] != "not measured"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--env", "lightman_figure3"), "scored-test-samples.jsonl: there is no such file or folder"),
        (("--env", "samples"), "search.given_samples.path: Field required"),
    ],
)
def test_samples_that_are_not_there_are_one_clear_line(
    run_in: Run, project: Path, words: tuple[str, ...], line: str
) -> None:
    done = run_in(project, *words)
    assert done.exit_code == 1
    assert line in done.output.strip().splitlines()[-1]
    assert "Traceback" not in done.output
