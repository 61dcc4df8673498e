"""A problem has one gold answer: records that contradict each other are told, in every format that has records of a problem."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prm800k_records import LAST, record

from stepscale.errors import InputError
from stepscale.formats import read, read_predictions

Jsonl = Callable[..., Path]
Record = dict[str, Any]


def _openr(gold: str) -> Record:
    output = [{"text": "It is 2.", "value": [0.5]}]
    return {"question": "1+1?", "groundtruth": f"$\\boxed{{{gold}}}$", "result": {"majority_vote": 1}, "output": output}


def _lm_eval(gold: str) -> Record:
    doc = {"question": "1+1?", "answer": f"#### {gold}"}
    return {"doc_id": 0, "doc": doc, "target": doc["answer"], "filter": "none", "resps": [["It is 2."]]}


def _inspect(gold: str) -> Record:
    choices = [{"message": {"role": "assistant", "content": "It is 2."}, "stop_reason": "stop"}]
    sample = {"id": 1, "input": "1+1?", "target": gold, "output": {"model": "m", "choices": choices}}
    return {"eval": {}, "samples": [{**sample, "epoch": 1}]}


def _scored_sample(gold: str) -> Record:
    rated = {
        "steps": ["It is 2."],
        "rating_probs": [{"1": 0.9, "0": 0.0, "-1": 0.1}],
        "answer": "2",
        "is_correct": True,
    }
    return {"problem": "1+1?", "unique_id": "a", **rated, "orm_score": 0.5, "ground_truth_answer": gold}


def _prm800k(gold: str) -> Record:
    return record(LAST, question={"problem": "1+1?", "ground_truth_answer": gold})


def _prmbench(gold: str) -> Record:
    return {"modified_question": "1+1?", "modified_process": ["2"], "error_steps": [], "ground_truth": gold}


def _sample_line(gold: str) -> Record:
    return {"problem": "1+1?", "answer": gold, "completion": "It is 2."}


FORMATS: list[tuple[str, Callable[[str], Record]]] = [
    ("openr", _openr),
    ("compute_optimal_tts", _openr),
    ("lm_eval", _lm_eval),
    ("inspect", _inspect),
    ("scored_samples", _scored_sample),
    ("prm800k", _prm800k),
    ("prmbench", _prmbench),
    ("sample_lines", _sample_line),
]


@pytest.mark.parametrize(("format", "made"), FORMATS)
def test_another_gold_answer_of_a_problem_is_a_bad_line(
    jsonl: Jsonl, format: str, made: Callable[[str], Record]
) -> None:
    path = jsonl(made("2"), made("2"), made("999"))
    with pytest.raises(InputError) as caught:
        read(path, format)
    message = "the gold answer is '999', and of an earlier line of the problem '2'"
    assert str(caught.value).startswith(f"{path}:3: {message}")
    data = read(path, format, on_error="skip")
    assert (data.skipped, len(data.solutions), data.problems["answer"].tolist()) == (1, 2, ["2"])


@pytest.mark.parametrize("made", [_prm800k, _prmbench])
def test_labeled_records_may_spell_the_answer_differently_or_leave_it_out(
    jsonl: Jsonl, made: Callable[[Any], Record]
) -> None:
    format = "prm800k" if made is _prm800k else "prmbench"
    data = read(jsonl(made(None), made("\\frac{1}{2}"), made("\\frac12"), made(None)), format)
    assert data.problems["answer"].tolist() == ["\\frac{1}{2}"] and len(data.solutions) == 4


def test_an_id_of_two_problems_is_told_among_scored_samples(jsonl: Jsonl) -> None:
    path = jsonl(_scored_sample("2"), {**_scored_sample("2"), "problem": "2+2?"})
    with pytest.raises(InputError, match=r"data\.jsonl:2: 'a' is the id of another problem too"):
        read(path, "scored_samples")


def test_candidates_of_a_pool_with_different_gold_answers_are_told(jsonl: Jsonl) -> None:
    candidates = [
        {
            "problem": {"question": "1+1?", "ground_truth": gold, "domain": "gsm8k"},
            "steps": [{"index": 0, "text": "2"}],
            "extracted_answer": "2",
        }
        for gold in ("2", "999")
    ]
    with pytest.raises(InputError, match=r"data\.jsonl:1: the gold answer is '999', and of an earlier line of the"):
        read(jsonl({"problem_id": "a", "n": 2, "candidates": candidates}), "best_of_n")


BLANK: list[tuple[str, Record]] = [
    ("openr", _openr("2") | {"question": " "}),
    ("compute_optimal_tts", _openr("2") | {"question": ""}),
    ("lm_eval", _lm_eval("2") | {"doc": {"question": "\n"}}),
    ("lm_eval", _lm_eval("2") | {"doc": {}, "arguments": {"gen_args_0": {"arg_0": " "}}}),
    ("inspect", {**_inspect("2")["samples"][0], "input": " "}),
    ("inspect", {**_inspect("2")["samples"][0], "input": [{"role": "user", "content": []}]}),
    (
        "math_shepherd",
        {"input": " Step 1: 2. The answer is: 2 \u043a\u0438", "label": " Step 1: 2. The answer is: 2 +"},
    ),
]


@pytest.mark.parametrize(("format", "blank"), BLANK)
def test_a_problem_without_text_is_a_bad_line(jsonl: Jsonl, format: str, blank: Record) -> None:
    path = jsonl(blank)
    with pytest.raises(
        InputError, match=r"data\.jsonl:1: .*(is blank where a problem's text is needed|has no problem)"
    ):
        read(path, format)


def test_a_problem_without_text_is_a_bad_line_of_results_of_searches_too(jsonl: Jsonl) -> None:
    path = jsonl(_openr("2") | {"question": " "})
    with pytest.raises(InputError, match=r"data\.jsonl:1: 'question' is blank where a problem's text is needed"):
        read_predictions(path, "openr")


def test_of_a_document_s_usual_keys_the_first_with_text_is_the_problem(jsonl: Jsonl) -> None:
    path = jsonl(json.dumps(_lm_eval("2") | {"doc": {"problem": "", "question": "1+1?"}}))
    assert read(path, "lm_eval").problems["problem"].tolist() == ["1+1?"]
