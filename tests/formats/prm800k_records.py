"""Records in PRM800K's shape, written for the tests: one for each trap of the published files."""

from typing import Any

Record = dict[str, Any]


def completion(text: str, rating: int | None = 1, flagged: bool | None = False) -> Record:
    return {"text": text, "rating": rating, "flagged": flagged}


def step(*completions: Record, chosen: int | None = 0, human: str | None = None) -> Record:
    written = None if human is None else {"text": human, "rating": None, "source": "human", "flagged": False}
    return {"completions": list(completions) or None, "human_completion": written, "chosen_completion": chosen}


def record(*steps: Record, finish: str | None = "solution", problem: str = "What is 2+3?", **changes: Any) -> Record:
    """A phase 1 record."""
    return {
        "labeler": "someone",
        "timestamp": "2022-07-30T23:23:32.118856",
        "generation": None,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {"problem": problem, "ground_truth_answer": "5"},
        "label": {"steps": list(steps), "total_time": 1200, "finish_reason": finish},
        **changes,
    }


def phase2(*steps: Record, finish: str = "found_error", problem: str = "What is 4+4?", **changes: Any) -> Record:
    question = {
        "problem": problem,
        "ground_truth_solution": "It is $\\boxed{8}$.",
        "ground_truth_answer": "8",
        "pre_generated_steps": ["Four \u00e9 four.", "# Answer\n\n9"],
        "pre_generated_answer": "9",
        "pre_generated_verifier_score": 0.0011546110201324836,
    }
    return record(*steps, finish=finish, **{"generation": 6, "question": question, **changes})


LAST = step(completion("So 5.\n\n# Answer\n\n5"))

SIBLINGS = record(
    step(completion("a0", 1), completion("a1", -1), completion("a2", 0), chosen=2),
    step(completion("b0", -1), completion("b1", 1), chosen=1),
    LAST,
)
HUMAN = record(step(completion("wrong", -1), chosen=None, human="by hand"), LAST)
HUMAN_PASSED_OVER = record(step(completion("a0", 1), chosen=0, human="by hand, not taken"), LAST)
NULL_COMPLETIONS = record(step(completion("a0")), step(chosen=None), finish="give_up")
NULL_RATING = record(step(completion("a0", None), completion("a1", 1), chosen=1), LAST)
PASSED_OVER = record(
    step(completion("a0")), step(completion("x", None), completion("y", 0), chosen=None), step(completion("b0")), LAST
)
AFTER_THE_END = record(LAST, step(completion("let us check", -1), chosen=None))
FOUND_ERROR = phase2(step(completion("Four and four.")), step(completion("# Answer\n\n9", -1, None), chosen=None))
SCREENING = phase2(
    step(completion("a", 1)),
    finish="solution",
    generation=-1,
    is_initial_screening_question=True,
    question={
        "problem": "Solve.",
        "ground_truth_solution": None,
        "ground_truth_answer": None,
        "pre_generated_steps": ["a"],
    },
)
QUALITY_CONTROL = record(step(completion("a", 1)), is_quality_control_question=True)
BAD_PROBLEM = record(step(completion("a", 0)), finish="bad_problem")
EMPTY_LIST = record({"completions": [], "human_completion": None, "chosen_completion": None}, finish="give_up")
MORE_KEYS = record(
    step({**completion("a"), "source": "model"}), LAST, _reconstructed=True, labeler=None, timestamp=None, total=None
)
FEWER_KEYS = {key: value for key, value in record(LAST).items() if key not in ("labeler", "generation")}
HUMAN_STRING = record({**step(completion("a", -1), chosen=None), "human_completion": "as the README shows it"}, LAST)
NULL_FLAGS = record(LAST, is_quality_control_question=None, is_initial_screening_question=None)
NO_STEPS = record(finish="give_up")
NULL_FINISH = record(step(completion("a")), finish=None)

TRAPS = {
    name: value for name, value in globals().items() if name.isupper() and isinstance(value, dict) and "label" in value
}
