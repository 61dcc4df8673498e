"""`evaluate`: accuracies with intervals from a file of scored samples, with no model and no heavy library."""

import gzip
import json
import logging
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import stepscale
from stepscale.errors import InputError
from stepscale.estimators.vote_rules import DEFAULT_RULES
from stepscale.evaluation import COLUMNS, evaluate
from stepscale.formats import READABLE_FORMATS, hub, read, write
from stepscale.formats.nearest import SHAPES

SHARED = Path(os.environ.get("STEPSCALE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
QWEN = SHARED / "best_of_n" / "qwen25math_100x8.jsonl"
GSM8K = SHARED / "best_of_n" / "gsm8k_bon32.jsonl.gz"
HEAVY = ("torch", "transformers", "mlflow", "kedro", "plotly", "accelerate", "datasets")


def sample(answer: str | None, right: bool, *scores: float) -> dict:
    return {"answer": answer, "author_is_correct": right, "n_steps": len(scores), "step_scores": {"prm": list(scores)}}


def problem(i: int, *candidates: dict) -> dict:
    return {
        "problem_id": f"p{i}",
        "question": f"{i}?",
        "gold_answer": "1/2",
        "model_name": "m",
        "candidates": list(candidates),
    }


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    """Two problems of three samples with step scores: three spellings of the right answer, and one problem never solved."""
    first = problem(0, sample("0.5", True, 0.9, 0.4), sample("1/2", True, 0.5, 0.5), sample("3", False, 0.8, 0.9))
    second = problem(1, *[sample(str(i), False, 0.5, 0.5) for i in range(3)])
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in (first, second)))
    return path


def cell(frame: pd.DataFrame, method: str, n: int, aggregation: str | None = None) -> float:
    rows = frame[(frame["method"] == method) & (frame["n"] == n)]
    rows = rows if aggregation is None else rows[rows["aggregation"] == aggregation]
    return float(rows["accuracy"].item())


def test_the_published_qwen_samples_give_their_published_figures() -> None:
    if not QWEN.exists():
        pytest.skip(f"{QWEN} is absent: set STEPSCALE_SHARED_DATA to the folder with the published samples")
    frame = evaluate(QWEN)
    assert tuple(frame.columns) == COLUMNS and frame.attrs["format"] == "best_of_n"
    assert cell(frame, "best_of_n", 8) == pytest.approx(0.94)
    assert cell(frame, "pass_at_k", 8) == pytest.approx(0.96)
    assert cell(frame, "pass_at_k", 1) == cell(frame, "majority", 1) == pytest.approx(0.91)
    assert frame.attrs["majority_in_order"][8] == pytest.approx(0.93)
    assert cell(frame, "majority", 8) == pytest.approx(0.925), "three ties are shared and not won by who comes first"
    assert frame.attrs["times_fewer"]["reward"].keys() == {
        "uniform",
        "compute_optimal_oracle",
        "compute_optimal_predicted",
    }
    assert set(frame["n"]) == {1, 2, 4, 8} and set(frame["n_problems"]) == {100}
    assert ((frame["low"] <= frame["accuracy"]) & (frame["accuracy"] <= frame["high"])).all()


AGGREGATIONS = {"product": math.prod, "min": min, "last": lambda steps: steps[-1], "mean": lambda s: sum(s) / len(s)}


def test_the_published_gsm8k_samples_give_what_their_authors_verdicts_give() -> None:
    if not GSM8K.exists():
        pytest.skip(f"{GSM8K} is absent: set STEPSCALE_SHARED_DATA to the folder with the published samples")
    frame = evaluate(GSM8K, ns=[32], bootstrap=20)
    with gzip.open(GSM8K, "rt") as file:
        problems = [json.loads(line)["candidates"] for line in file]
    rows = frame[frame["method"] == "best_of_n"].set_index(["verifier", "aggregation"])["accuracy"]
    for verifier in ("qwen_prm", "math_shepherd", "rlhflow_prm", "skywork_prm"):
        for name, aggregated in AGGREGATIONS.items():
            right = []
            for candidates in problems:
                scores = [aggregated(one["step_scores"][verifier]) for one in candidates]
                best = [
                    one["author_is_correct"]
                    for one, score in zip(candidates, scores, strict=True)
                    if score == max(scores)
                ]
                right.append(sum(best) / len(best))
            # products of equal factors in another order are ties here and not there: a problem or two
            assert rows[verifier, name] == pytest.approx(sum(right) / len(right), abs=0.002), (verifier, name)
    products = [rows[name, "product"] for name in ("math_shepherd", "rlhflow_prm", "skywork_prm")]
    assert products == pytest.approx([0.850, 0.852, 0.870], abs=5e-4), "as the authors print them"


def test_every_way_to_choose_is_measured_and_spellings_vote_together(scored: Path) -> None:
    frame = evaluate(scored, bootstrap=100)
    assert set(frame["method"]) == {"best_of_n", "weighted", "majority", "pass_at_k", "pessimistic vote"}
    assert set(frame["aggregation"].dropna()) == {"product", "min", "last", "mean"}
    assert set(frame["n"]) == {1, 2, 3}
    assert cell(frame, "majority", 3) == pytest.approx(0.5), "two spellings of 1/2 against one 3"
    assert cell(frame, "best_of_n", 3, "product") == pytest.approx(0.0)
    assert cell(frame, "weighted", 3, "min") == pytest.approx(0.5), "0.4 + 0.5 against 0.8"


def test_budgets_and_format_can_be_named(scored: Path) -> None:
    frame = evaluate(str(scored), format="best_of_n", ns=[3], bootstrap=10)
    assert set(frame["n"]) == {3}
    with pytest.raises(InputError, match=r"budgets must lie in 1..3"):
        evaluate(scored, ns=[4])
    with pytest.raises(InputError):
        evaluate(scored, format="math")


def test_samples_without_a_verdict_are_graded_and_without_an_answer_are_told_of(
    scored: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tables = read(scored, "best_of_n")
    solutions = tables.solutions.assign(is_correct=pd.array([pd.NA] * 6, "boolean"))
    solutions.loc[1, "answer"] = None
    object.__setattr__(tables, "solutions", solutions)
    write(tables, tmp_path / "tables", "parquet")
    with caplog.at_level(logging.WARNING):
        frame = evaluate(tmp_path / "tables", bootstrap=10)
    assert frame.attrs["format"] == "parquet"
    assert frame.attrs["without_answer"] == pytest.approx(1 / 6) and frame.attrs["without_verdict"] == 0
    assert frame["without_answer"].tolist() == pytest.approx([1 / 6] * len(frame))
    assert "16.7 % of the samples are without an answer" in caplog.text
    assert cell(frame, "pass_at_k", 3) == pytest.approx(0.5)


def test_policies_by_difficulty_and_the_online_policy_come_by_themselves(tmp_path: Path) -> None:
    rows = [
        problem(
            i, *[sample("0.5" if k % 10 < i else str(k), k % 10 < i, 0.5, 0.8 if k % 10 < i else 0.1) for k in range(8)]
        )
        for i in range(12)
    ]
    path = tmp_path / "twelve.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in rows))
    frame = evaluate(path, bootstrap=50)
    assert {"uniform", "compute_optimal_oracle", "compute_optimal_predicted", "online"} <= set(frame["method"])
    chosen = frame[(frame["aggregation"] == "chosen") & (frame["n"] == 8)].set_index("method")["accuracy"]
    assert chosen["best_of_n"] == cell(frame, "best_of_n", 8, "last") == pytest.approx(11 / 12)
    assert set(frame.loc[frame["method"] == "online", "n"]) == {2, 4, 8}
    factor, low, high = frame.attrs["times_fewer"]["prm"]["compute_optimal_oracle"]
    assert low <= factor <= high
    assert "tokens" not in frame.attrs, "the file counts none"
    for row in rows:
        row["candidates"] = [{**one, "num_tokens": 100} for one in row["candidates"]]
    path.write_text("".join(json.dumps(record) + "\n" for record in rows))
    counted = evaluate(path, bootstrap=50).attrs
    assert counted["tokens"] == {1: 100, 2: 200, 4: 400, 8: 800}
    assert set(counted["times_fewer_tokens"]["prm"]) == set(counted["times_fewer"]["prm"])
    low, high = counted["times_fewer_tokens"]["prm"]["compute_optimal_oracle"][1:]
    assert low <= high


def test_votes_that_the_file_does_not_tell_are_left_out_with_a_reason(scored: Path) -> None:
    by_likelihood, by_certainty = evaluate(scored).attrs["left_out"]
    assert by_likelihood.startswith("Votes by mean_logprob are left out: ")
    assert by_certainty.endswith("samples lack the certainties of their tokens.")


def test_what_a_reader_grades_is_graded_by_the_named_rules(tmp_path: Path) -> None:
    path = tmp_path / "learn.jsonl"
    path.write_text(json.dumps({"problem": "?", "answer": "0.5", "completions": ["\\boxed{50\\%}"], "scores": [[0.5]]}))
    assert [cell(evaluate(path, rules=rules), "pass_at_k", 1) for rules in ("prm800k", "lenient")] == [0.0, 1.0]


def test_what_no_format_fits_is_refused_in_one_line(tmp_path: Path, scored: Path) -> None:
    strange = tmp_path / "strange.jsonl"
    strange.write_text('{"a": 1}\n')
    broken = tmp_path / "broken.jsonl"
    broken.write_text(scored.read_text() + '{"question": "?"}\n')
    for path, message in (
        (strange, "no format fits its records"),
        (tmp_path / "absent.jsonl", "no such file"),
        (broken, "broken.jsonl:3: "),
    ):
        with pytest.raises(InputError, match=message) as caught:
            evaluate(path)
        assert "\n" not in str(caught.value)


def loaded(module: str, among: tuple[str, ...]) -> str:
    """Those of ``among`` that importing ``module`` in a fresh process loads."""
    code = f"import sys, {module}; print(*[name for name in {among} if name in sys.modules])"
    source = Path(stepscale.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(source)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_neither_the_estimators_nor_evaluate_load_a_heavy_library() -> None:
    assert loaded("stepscale.evaluation", HEAVY) == ""
    assert loaded("stepscale.estimators", (*HEAVY, "pydantic", "sympy", "sklearn", "pandera")) == ""


@pytest.mark.parametrize("path", [None, 5, b"x", "", " ", [], [None], {"a": 1}])
def test_what_is_no_path_is_one_clear_line(path: object) -> None:
    with pytest.raises(InputError, match=r"^path is"):
        evaluate(path)  # type: ignore[arg-type]


def test_a_file_may_come_in_a_list_and_budgets_in_any_order(scored: Path) -> None:
    frame = evaluate([scored], ns=[3, 1, 3])
    assert frame.equals(evaluate(scored, ns=[1, 3]))
    with pytest.raises(InputError, match="there is no such file"):
        evaluate([scored, scored.with_name("absent.jsonl")])


def test_no_budget_is_one_clear_line(scored: Path) -> None:
    with pytest.raises(InputError, match=r"^ns is empty"):
        evaluate(scored, ns=[])


def test_a_file_of_problems_alone_is_said_to_hold_no_samples(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    for record, format in (({"problem": "1+1?", "answer": "2"}, "math"), (problem(0), "best_of_n")):
        path.write_text(json.dumps(record))
        with pytest.raises(InputError, match=f"problems.jsonl: it is read as {format} and holds no samples"):
            evaluate(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.jsonl", b"", "no records found"),
        ("list.json", b"[]", "no records found"),
        ("empty.jsonl.gz", gzip.compress(b"", mtime=0), "no records found"),
        ("cut.jsonl.gz", gzip.compress(b'{"a": 1}\n', mtime=0)[:14], "cannot be read"),
        ("wide.jsonl", '{"question": "x"}'.encode("utf-16"), "UTF-16"),
        ("western.jsonl", '{"question": "\u00e9"}'.encode("latin-1"), "western.jsonl:1: not JSON"),
        ("numbers.jsonl", b"1\n", "a JSON object is needed, got int"),
        ("keys.jsonl", b'{"a": 1}\n', "no format fits its records"),
    ],
)
def test_a_file_that_no_format_reads_is_told_with_what_is_wrong_in_it(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        evaluate(path)
    assert name in str(caught.value) and "\n" not in str(caught.value)


CANDIDATE = {"answer": "2", "author_is_correct": True, "n_steps": 1, "step_scores": {"prm": [0.5]}}
LACKING: list[tuple[str, dict[str, Any], str]] = [
    ("search_and_learn", {"problem": "q", "answer": "2", "completions": ["\\boxed{2}"], "scores": [[0.5]]}, "scores"),
    ("search_and_learn", {"problem": "q", "answer": "2", "completions": ["\\boxed{2}"], "scores": [[0.5]]}, "problem"),
    ("best_of_n", {"problem_id": "a", "question": "q", "gold_answer": "2", "candidates": [CANDIDATE]}, "gold_answer"),
    ("best_of_n", {"problem_id": "a", "question": "q", "gold_answer": "2", "candidates": [CANDIDATE]}, "problem_id"),
    ("best_of_n", {"question": "q", "gt": "2", "code": ["a"], "pred_score": [[1.0]]}, "pred_score"),
    ("best_of_n", {"question": "q", "gt": "2", "code": ["a"], "pred_score": [[1.0]]}, "code"),
    ("lm_eval", {"doc": {"question": "q"}, "target": "2", "resps": [["2"]], "filter": "none"}, "filter"),
    ("inspect", {"id": 1, "epoch": 1, "input": "q", "target": "2", "output": {"choices": []}}, "target"),
    (
        "openr",
        {"question": "q", "groundtruth": "2", "result": {}, "output": [{"text": "a", "value": [1]}]},
        "groundtruth",
    ),
    (
        "scored_samples",
        {"problem": "q", "steps": ["a"], "rating_probs": [{"-1": 0, "0": 0}], "is_correct": True, "orm_score": 0.5},
        "orm_score",
    ),
]


@pytest.mark.parametrize(("format", "record", "key"), LACKING)
def test_a_record_that_lacks_one_key_is_told_which_and_what_format_is_nearest(
    tmp_path: Path, format: str, record: dict[str, Any], key: str
) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps({name: value for name, value in record.items() if name != key}))
    with pytest.raises(InputError) as caught:
        evaluate(path)
    line = str(caught.value)
    assert f"samples.jsonl:1: key '{key}' is missing" in line and f"read as {format}, the nearest" in line
    assert "\n" not in line


def test_every_format_of_records_has_a_shape_by_which_it_is_told() -> None:
    assert {name for name, _ in SHAPES} == set(READABLE_FORMATS) - {"parquet", "compute_optimal_tts"}  # openr's shape


def test_a_bad_value_of_the_first_record_is_told_and_not_that_no_format_fits(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(problem(0, sample("1", True, 1.2))))
    with pytest.raises(InputError, match=r"a step score of prm is 1\.2, .*\(read as best_of_n\)"):
        evaluate(path)


def test_an_empty_folder_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder holds no"):
        evaluate(tmp_path)


def test_a_hub_data_set_that_cannot_be_had_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def absent(*args: object) -> None:
        calls.append(args)
        raise hub.HubError("hf://a/b: not to be had from the Hugging Face hub (offline)")

    monkeypatch.setattr(hub, "_loaded", absent)
    with pytest.raises(InputError, match="not to be had from the Hugging Face hub"):
        evaluate("hf://a/b")
    assert len(calls) == 1


def test_a_verifier_that_left_samples_out_is_named_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    unscored = {**sample("3", False), "step_scores": {}}
    path.write_text(json.dumps(problem(0, sample("1", False, 0.5), unscored)))
    with pytest.raises(
        InputError, match=r"samples\.jsonl: verifier 'prm' scored 1 of 2 samples, and not sample 1 of 'p0'"
    ):
        evaluate(path)


def test_blank_answers_of_tables_do_not_vote_and_blank_gold_answers_grade_nothing(tmp_path: Path) -> None:
    problems = pd.DataFrame({"problem_id": ["a"], "problem": ["1+1?"], "answer": ["2"]})
    solutions = pd.DataFrame(
        {"problem_id": "a", "sample_id": [0, 1, 2], "steps": [["a"]] * 3, "answer": ["", " ", "2"]},
    ).assign(is_correct=None, finish="solution")
    solutions.to_parquet(tmp_path / "solutions.parquet")
    problems.to_parquet(tmp_path / "problems.parquet")
    frame = evaluate(tmp_path, "parquet")
    assert cell(frame, "majority", 3) == 1 and frame.attrs["without_answer"] == pytest.approx(2 / 3)
    problems.assign(answer=" ").to_parquet(tmp_path / "problems.parquet")
    with pytest.raises(InputError, match="no sample has a verdict and no problem a gold answer"):
        evaluate(tmp_path, "parquet")


def test_a_file_named_twice_is_told_as_such_and_not_that_no_format_fits(scored: Path) -> None:
    with pytest.raises(InputError, match="it is given twice"):
        evaluate([scored, scored])


@pytest.mark.parametrize("rules", [None, "borda", [None], ["borda"], [1], 5])
def test_what_is_no_rule_for_votes_is_one_clear_line(scored: Path, rules: object) -> None:
    with pytest.raises(InputError, match=r"^vote_rules holds"):
        evaluate(scored, vote_rules=rules)  # type: ignore[arg-type]


def test_rules_for_votes_may_come_from_a_generator(scored: Path) -> None:
    frame = evaluate(scored, vote_rules=(rule for rule in DEFAULT_RULES))
    assert frame.equals(evaluate(scored))


@pytest.mark.parametrize("path", ["s3://bucket/x.jsonl", "https://example.com/x.jsonl", "HF://owner/name", "file:///x"])
def test_an_address_of_another_protocol_is_named_as_it_was_given(path: str) -> None:
    with pytest.raises(InputError, match=f"^{path}: .*:// is not read; give a local file") as caught:
        evaluate(path)
    assert "\n" not in str(caught.value)


TABLES = {
    "problems": pd.DataFrame({"problem_id": ["a"], "problem": ["1+1?"], "answer": ["2"]}),
    "solutions": pd.DataFrame(
        {
            "problem_id": "a",
            "sample_id": [0, 1],
            "steps": [["x"], ["y"]],
            "answer": ["2", "3"],
            "is_correct": [True, False],
            "finish": "solution",
        }
    ),
    "scores": pd.DataFrame(
        {"problem_id": "a", "sample_id": [0, 1], "verifier": "v", "negative": [[0.1], [0.2]], "neutral": [[0.0], [0.0]]}
    ),
}


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("scores", "negative", [[math.nan], [0.2]], "scores: column 'negative' holds NaN or infinity in row 0"),
        ("scores", "negative", [["0.1"], ["0.2"]], r"scores: column 'negative' holds .*0\.1.* in row 0"),
        ("scores", "negative", [[True], [False]], r"scores: column 'negative' holds .*True.* in row 0"),
        ("scores", "negative", 0.1, "scores: column 'negative' holds 0.1 in row 0"),
        ("scores", "negative", [[], [0.2]], "scores: column 'neutral' has 1 entries where 'negative' has 0"),
        ("scores", "reward", [math.inf, 1.0], "scores: column 'reward' holds infinity in row 0"),
        ("scores", "verifier", ["v", " "], "scores: column 'verifier' is blank in row 1"),
        ("scores", "verifier", "", "scores: column 'verifier' is blank in row 0"),
        ("solutions", "is_correct", [1, 0], "solutions: column 'is_correct' holds 1 in row 0"),
        ("solutions", "is_correct", ["true", "false"], "solutions: column 'is_correct' holds 'true' in row 0"),
        ("problems", "problem_id", " ", "problems: column 'problem_id' is blank in row 0"),
    ],
)
def test_a_fault_in_a_folder_of_tables_is_told_by_table_column_and_row(
    tmp_path: Path, table: str, column: str, value: Any, message: str
) -> None:
    for name, frame in TABLES.items():
        frame.assign(**{column: value} if name == table else {}).to_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(InputError, match=message) as caught:
        evaluate(tmp_path, bootstrap=100)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step_scores": {"": [0.5]}}, "the name of a verifier is blank"),
        ({"step_scores": {" ": [0.5]}}, "the name of a verifier is blank"),
        ({"n_steps": True}, "prm has 1 scores for True steps"),
    ],
)
def test_a_blank_verifier_and_a_flag_for_a_number_are_bad_lines_that_can_be_left_out(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "samples.jsonl"
    records = [problem(0, sample("1", True, 0.5)), problem(1, {**sample("1", True, 0.5), **change})]
    path.write_text("\n".join(map(json.dumps, records)))
    with pytest.raises(InputError, match=f"samples.jsonl:2: .*{message}"):
        evaluate(path)
    tables = read(path, "best_of_n", on_error="skip")
    assert tables.skipped == 1 and len(tables.problems) == len(tables.solutions) == len(tables.scores) == 1


def test_a_blank_problem_id_is_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps({**problem(0, sample("1", True, 0.5)), "problem_id": " "}))
    with pytest.raises(InputError, match="the id of the problem is blank"):
        evaluate(path)


def written(folder: Path, **changed: pd.DataFrame) -> Path:
    for name, frame in (TABLES | changed).items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


def test_tables_have_one_score_per_step_or_one_for_the_whole_solution(tmp_path: Path) -> None:
    two_steps = TABLES["solutions"].assign(steps=[["x", "y"], ["z", "y"]])
    assert len(evaluate(written(tmp_path, solutions=two_steps), bootstrap=10)), "one for the whole"
    others = TABLES["scores"].assign(negative=[[0.1, 0.2], [0.1] * 3], neutral=[[0.0, 0.0], [0.0] * 3])
    with pytest.raises(
        InputError, match=r"^scores: \('a', 1\) has 3 scores of 'v' for 2 steps; give one per step"
    ) as error:
        evaluate(written(tmp_path, solutions=two_steps, scores=others), "parquet")
    assert "\n" not in str(error.value)


def test_files_of_others_with_other_numbers_of_scores_are_read_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = {"problem": "1+1?", "answer": "2", "completions": ["a\n\n\\boxed{2}", "b\n\n\\boxed{3}"]}
    path = tmp_path / "theirs.jsonl"
    path.write_text(json.dumps({**record, "scores": [[0.9, 0.8, 0.1], [0.2, 0.1]]}))
    assert len(read(path, "search_and_learn").scores) == 2
    assert "1 of 2 lists of step scores are not as long as their solutions" in caplog.text
    caplog.clear()
    path.write_text(json.dumps({**record, "scores": [[0.9, 0.8], [0.2, 0.1]]}))
    read(path, "search_and_learn")
    assert not caplog.records


def test_rewards_and_token_counts_of_some_samples_are_left_out_with_a_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    some = TABLES["solutions"].assign(n_tokens=[10, None])
    rewards = TABLES["scores"].assign(reward=[3.5, None])
    problems = pd.DataFrame({"problem_id": [str(i) for i in range(10)], "problem": "?", "answer": "2"})
    many = {
        name: pd.concat([frame.assign(problem_id=str(i)) for i in range(10)])
        for name, frame in {"solutions": some, "scores": rewards}.items()
    }
    frame = evaluate(written(tmp_path, problems=problems, **many), bootstrap=10)
    assert "v: 10 of 20 samples have a reward, so rewards are left out; all are ranked by their prob" in caplog.text
    reason = "Accuracy against tokens is left out: 10 of 20 samples have no count of tokens."
    assert reason in frame.attrs["left_out"] and reason in caplog.text
    whole = evaluate(written(tmp_path, problems=problems, **many | {"solutions": many["solutions"].assign(n_tokens=9)}))
    assert not any("tokens is left out" in said for said in whole.attrs["left_out"])


@pytest.mark.parametrize("rules", ["x", None, 5])
def test_what_is_no_grading_rule_is_told_as_such_and_not_that_no_format_fits(scored: Path, rules: object) -> None:
    with pytest.raises(InputError, match="is not a grading rule"):
        evaluate(scored, rules=rules)  # type: ignore[arg-type]
