"""One good record for each shape of each format."""

from campaigns.files.good_record import (
    GoodRecord,
    up_to_first_error,
    with_steps_of_people,
    without_score_of_zero,
)

_COMPLETIONS = [
    {"text": "Add 2.", "rating": 1, "flagged": False},
    {"text": "Add 3.", "rating": -1, "flagged": None},
]
_PRM800K = {
    "labeler": "ann",
    "timestamp": "2022-07-30T23:23:32.118856",
    "generation": 6,
    "is_quality_control_question": False,
    "is_initial_screening_question": False,
    "question": {
        "problem": "What is 2+3?",
        "ground_truth_solution": "It is $\\boxed{5}$.",
        "ground_truth_answer": "5",
        "pre_generated_steps": ["Add 2.", "# Answer\n\n5"],
        "pre_generated_answer": "5",
        "pre_generated_verifier_score": 0.25,
    },
    "label": {
        "steps": [
            {"completions": _COMPLETIONS, "human_completion": None, "chosen_completion": 0},
            {
                "completions": [{"text": "# Answer\n\n5", "rating": 0, "flagged": False}],
                "human_completion": None,
                "chosen_completion": 0,
            },
        ],
        "total_time": 1200,
        "finish_reason": "solution",
    },
}
_QWEN = {
    "question": "1+1?",
    "gt": "2",
    "level": "Level 3",
    "solution": "It is 2.",
    "code": ["a\n\nb", "c"],
    "pred": ["2", ""],
    "score": [True, False],
    "pred_score": [[3.5], [-8.0]],
}
_POOL = {
    "problem_id": "gsm8k_000",
    "n": 1,
    "candidates": [
        {
            "problem": {"question": "1+1?", "ground_truth": "2", "domain": "math"},
            "steps": [{"index": 0, "text": "Add."}, {"index": 1, "text": "It is 2."}],
            "extracted_answer": "2",
            "is_correct": True,
            "num_tokens": 7,
            "model_name": "m",
        }
    ],
}
_JOINED = {
    "problem_id": "gsm8k_0",
    "question": "1+1?",
    "gold_answer": "2",
    "model_name": "m",
    "candidates": [{"answer": "2", "author_is_correct": True, "n_steps": 2, "step_scores": {"prm": [0.9, 0.8]}}],
}
_LEARN = {
    "problem": "1+1?",
    "answer": "2",
    "unique_id": "a",
    "level": 4,
    "completions": ["It is \\boxed{2}.", "It is \\boxed{3}."],
    "scores": [[0.5], [0.25]],
    "agg_scores": [0.5, 0.25],
    "completion_tokens": [3, 4],
}
_LM_EVAL = {
    "doc_id": 0,
    "doc": {"question": "1+1?", "answer": "One and one. #### 2"},
    "target": "2",
    "arguments": {"gen_args_0": {"arg_0": "Q: 1+1?"}},
    "resps": [["It is 2. #### 2"]],
    "filtered_resps": ["2"],
    "filter": "strict-match",
    "exact_match": 1.0,
}
_INSPECT = {
    "id": "a",
    "epoch": 1,
    "input": "1+1?",
    "target": ["2"],
    "output": {
        "model": "m",
        "choices": [{"message": {"content": [{"type": "text", "text": "It is 2."}]}, "stop_reason": "stop"}],
        "usage": {"output_tokens": 3},
    },
    "scores": {"s": {"value": "C", "answer": "2"}},
    "metadata": {"level": 1},
}
_OPENR = {
    "question": "1+1?",
    "groundtruth": "\\boxed{2}",
    "result": {"majority_vote": 1},
    "output": [{"text": "It is 2.", "value": [0.5], "completion_tokens": 4, "extracted_answer": "2"}],
}
_LINE = {
    "problem": "1+1?",
    "answer": "2",
    "completion": "Add.\n\nIt is 2.",
    "prediction": "2",
    "is_correct": True,
    "scores": {"shepherd": [0.5, 0.75], "orm": 3.5},
    "n_tokens": 12,
    "finish": "stop",
}
_SCORED = {
    "problem": "1+1?",
    "unique_id": "a",
    "level": 4,
    "steps": ["Add.", "It is 2."],
    "answer": "2",
    "is_correct": True,
    "orm_score": 0.5,
    "prm_score": 0.72,
    "rating_probs": [{"1": 0.7, "0": 0.2, "-1": 0.1}, {"1": 0.8, "0": 0.0, "-1": 0.2}],
}

RECORDS: tuple[GoodRecord, ...] = (
    GoodRecord("prm800k", _PRM800K, with_steps_of_people),
    GoodRecord(
        "math",
        {
            "problem": "1+1?",
            "solution": "$\\boxed{2}$",
            "answer": "2",
            "level": 3,
            "unique_id": "a",
            "subject": "Algebra",
        },
    ),
    GoodRecord("math", {"problem": "1+1?", "solution": "It is $\\boxed{2}$.", "level": "Level 3", "type": "Algebra"}),
    GoodRecord(
        "processbench",
        {
            "id": "a-0",
            "generator": "m",
            "problem": "1+1?",
            "steps": ["a", "b"],
            "final_answer_correct": False,
            "label": 1,
        },
        up_to_first_error,
    ),
    GoodRecord(
        "prmbench",
        {
            "original_question": "1+1?",
            "modified_question": "1 + 1?",
            "original_process": ["a", "b"],
            "modified_process": ["a", "x"],
            "modified_steps": [2],
            "error_steps": [2],
            "idx": "prm_test_p1_0",
            "classification": "circular",
        },
    ),
    GoodRecord(
        "math_shepherd",
        {
            "input": "1+1? Step 1: 2. \u043a\u0438\nStep 2: 3. \u043a\u0438",
            "label": "1+1? Step 1: 2. +\nStep 2: 3. -",
            "task": "GSM8K",
        },
        repeating=("label",),
    ),
    GoodRecord("trl_stepwise", {"prompt": "1+1?", "completions": ["a", "b"], "labels": [True, False]}),
    GoodRecord("trl_stepwise", {"prompt": "1+1?", "completions": ["a", "b"], "labels": [0.75, 0.5]}),
    GoodRecord(
        "hard2verify",
        {
            "unique_id": "a",
            "question": "1+1?",
            "model_response_by_step": ["a", "b"],
            "human_labels": [1, 0],
            "model": "m",
        },
    ),
    GoodRecord("scored_samples", _SCORED),
    GoodRecord("best_of_n", _QWEN),
    GoodRecord("best_of_n", _POOL),
    GoodRecord("best_of_n", _JOINED),
    GoodRecord("search_and_learn", _LEARN),
    GoodRecord("lm_eval", _LM_EVAL),
    GoodRecord("inspect", _INSPECT),
    GoodRecord("openr", _OPENR, without_score_of_zero),
    GoodRecord("compute_optimal_tts", _OPENR, without_score_of_zero),
    GoodRecord("sample_lines", _LINE),
)
"""Formats whose files hold records, and a record of each of their shapes. "parquet" holds tables instead."""
