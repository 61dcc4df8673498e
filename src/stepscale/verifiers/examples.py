"""From the tables to what a verifier learns: trajectories with a target at each step.

In: the problems table with step_labels (for a PRM) or solutions (for an ORM). Out: examples. Knows nothing about tokens. Where a
step holds several lines (PRM800K's last ones: text, "# Answer", the answer) each line is a step of the example, as it is of
what a generator writes. A rating stands at the last of them, values and outcomes at all. A blank step states nothing: it is
left out with its target, as a generator never writes one.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from stepscale.engine.step_lines import step_lines
from stepscale.errors import InputError
from stepscale.seeds import seed_for
from stepscale.verifiers.contract import Trajectory

logger = logging.getLogger(__name__)

RATING_CLASSES = {-1: 0, 0: 1, 1: 2}  # rating -> class of the three-way head


@dataclass(frozen=True)
class Example:
    """A solution to learn from, or its beginning.

    Attributes:
        problem_id: Of the problem.
        trajectory: The problem's text and the steps.
        targets: What to predict at each step [n_steps]: a class (PRM), P(right in the end) (soft PRM, ORM), None for nothing.
    """

    problem_id: str
    trajectory: Trajectory
    targets: tuple[float | None, ...]


def prm_examples(
    problems: pd.DataFrame, step_labels: pd.DataFrame, *, soft: bool = False, after_error: bool = False
) -> list[Example]:
    """One example per labeled solution and labeler, along the chosen completions (Lightman 2.4), plus one per labeled sibling.

    A sibling is read after the chosen steps before it and is the only step of its example with a target.

    Args:
        problems: Texts by problem_id.
        step_labels: Ratings or values of steps, the chosen completions and their siblings.
        soft: Targets are the values of all steps (Snell, D), not rating classes up to the first negative step.
        after_error: Targets are the rating classes of all steps, also after the first negative one.

    Raises:
        InputError: A label's problem or a step before it is missing, or nothing is labeled.
    """
    texts, to_end = texts_of(problems), soft or after_error
    column = "value" if soft else "rating"
    table = step_labels.sort_values(["problem_id", "sample_id", "labeler", "step", "is_chosen"], kind="stable")
    labels = [None if pd.isna(x) else (float(x) if soft else float(RATING_CLASSES[int(x)])) for x in table[column]]
    keys = zip(table["problem_id"], table["sample_id"], table["labeler"].fillna(""), strict=True)
    rows = zip(keys, table["step"], table["text"], labels, table["is_chosen"], strict=True)
    # solution by solution: its chosen steps, and each sibling after the chosen steps before it
    result: list[Example] = []
    current: tuple[str, int, str] | None = None
    steps: list[str] = []
    targets: list[float | None] = []
    for key, step, text, label, chosen in rows:
        if key != current:
            _close(result, current, texts, steps, targets, soft, to_end)
            current, steps, targets = key, [], []
        if step != len(steps):
            raise InputError(
                f"step_labels: sample {key[1]} of problem {key[0]!r} has a label at step {step} and no chosen text at step "
                f"{len(steps)}; give each step before a label a row, its rating null where it was not rated"
            )
        if chosen:
            steps.append(text)
            targets.append(label)
        elif label is not None and (to_end or RATING_CLASSES[-1] not in targets):
            result.append(_in_lines(key[0], texts, [*steps, text], [None] * len(steps) + [label], soft))
    _close(result, current, texts, steps, targets, soft, to_end)
    _tell_blank(table["text"][table[column].notna()])
    if not (result := [example for example in result if _has_target(example)]):
        raise InputError(
            f"step_labels holds no {column}; label some steps first (solutions cut off within their first step have none)"
        )
    return result


def neutral_as(examples: Sequence[Example], rating: Literal["class", "positive", "negative"]) -> list[Example]:
    """Examples whose neutral ratings count as another; "class" leaves them. Targets are rating classes before and after.

    Args:
        examples: Of a PRM with three classes.
        rating: What a neutral rating counts as.
    """
    if rating == "class":
        return list(examples)
    neutral, counted = RATING_CLASSES[0], float(RATING_CLASSES[1 if rating == "positive" else -1])
    return [replace(e, targets=tuple(counted if t == neutral else t for t in e.targets)) for e in examples]


def holds_values(step_labels: pd.DataFrame) -> bool:
    """Whether these labels are values alone, as rollouts give them: then a soft PRM learns them (Snell et al. 2024, D).

    Args:
        step_labels: Step labels.
    """
    return bool(step_labels["rating"].isna().all() and step_labels["value"].notna().any())


def orm_examples(problems: pd.DataFrame, solutions: pd.DataFrame) -> list[Example]:
    """One example per solution with at least one step: is its final answer right (Lightman 2.5)?

    Ungraded ones are left out, and PRM800K's records that found an error: their steps end before it and before any answer, and
    none of them is wrong.

    Args:
        problems: Texts by problem_id.
        solutions: With ``is_correct``. For outcome labels from another judge ("ORM by PRM_large", Lightman 4.1) it holds that
            judge's verdict.

    Raises:
        InputError: A solution's problem is missing or nothing is graded.
    """
    texts = texts_of(problems)
    graded = solutions[solutions["is_correct"].notna()]
    if "finish" in graded:
        graded = graded[graded["finish"].fillna("") != "found_error"]
    rows = zip(graded["problem_id"], graded["steps"], graded["is_correct"], strict=True)
    result = [_in_lines(pid, texts, steps, [float(bool(right))] * len(steps), True) for pid, steps, right in rows]
    _tell_blank(step for steps in graded["steps"] for step in steps)
    if not (result := [example for example in result if _has_target(example)]):
        raise InputError("solutions holds no graded solution (is_correct is empty everywhere); grade the answers first")
    return result


def validation_problems(problem_ids: Iterable[str], validation_share: float, seed: int) -> set[str]:
    """The problems whose examples are for validation: each by its own seed, whatever else is in the data.

    Of few problems chance may take none, or all. Where there are two or more, one at least is on either side.

    Args:
        problem_ids: Of all problems.
        validation_share: In [0, 1]; 0: none.
        seed: Decides which.

    Returns:
        Their ids; empty if there is a single problem, since training needs it.
    """
    numbers = {problem_id: seed_for(seed, "validation", problem_id) for problem_id in set(problem_ids)}
    aside = {problem_id for problem_id, number in numbers.items() if number < validation_share * 2**63}
    if numbers and validation_share:
        by_seed = sorted(numbers, key=numbers.__getitem__)
        aside = {*aside, by_seed[0]} - {by_seed[-1]}
    return aside


def split_by_problem(
    examples: Sequence[Example], validation_share: float, seed: int
) -> tuple[list[Example], list[Example]]:
    """(training, validation) examples, by ``validation_problems``.

    Args:
        examples: Of any problems.
        validation_share: Share of the problems whose examples are for validation, in [0, 1].
        seed: Decides which.
    """
    aside = validation_problems((e.problem_id for e in examples), validation_share, seed)
    return [e for e in examples if e.problem_id not in aside], [e for e in examples if e.problem_id in aside]


def texts_of(problems: pd.DataFrame) -> dict[str, str]:
    """The text of each problem, by ``problem_id``.

    Args:
        problems: The problems table.
    """
    return dict(zip(problems["problem_id"], problems["problem"], strict=True))


def example_of(
    problem_id: str, texts: dict[str, str], steps: Iterable[str], targets: Iterable[float | None]
) -> Example:
    """An example of a labeled problem.

    Args:
        problem_id: Of the problem.
        texts: Text of each problem in the problems table (``texts_of``).
        steps: The steps to learn from [n_steps].
        targets: What to predict at each [n_steps].

    Raises:
        InputError: The problems table does not hold the problem.
    """
    if problem_id not in texts:
        raise InputError(f"problem_id {problem_id!r} is labeled but not in the problems table; ingest its problem too")
    return Example(problem_id, Trajectory(texts[problem_id], tuple(steps)), tuple(targets))


def _has_target(example: Example) -> bool:
    return any(target is not None for target in example.targets)


def _tell_blank(texts: Iterable[str]) -> None:
    if blank := sum(not text.strip() for text in texts):
        logger.warning("%d labeled steps are blank and state nothing; they are not learned from", blank)


def _in_lines(
    problem_id: str, texts: dict[str, str], steps: Sequence[str], targets: Sequence[float | None], spread: bool
) -> Example:
    """The example with each line a step; ``spread``: a step's target stands at all of its lines, else at the last."""
    lines = [step_lines([step]) for step in steps]
    targets_of_lines = [
        [target if spread else None] * (len(of_step) - 1) + [target] if of_step else []
        for of_step, target in zip(lines, targets, strict=True)
    ]
    return example_of(
        problem_id,
        texts,
        [line for of_step in lines for line in of_step],
        [t for of_step in targets_of_lines for t in of_step],
    )


def _close(
    result: list[Example],
    key: tuple[str, int, str] | None,
    texts: dict[str, str],
    steps: list[str],
    targets: list[float | None],
    soft: bool,
    to_end: bool,
) -> None:
    """Add the trajectory of the chosen steps, cut after the first negative step or, with ``to_end``, the last labeled one."""
    if key is None or all(target is None for target in targets):
        return
    ends = [i for i, target in enumerate(targets) if target is not None]
    if not to_end:
        ends = next(([i] for i in ends if targets[i] == RATING_CLASSES[-1]), ends)
    result.append(_in_lines(key[0], texts, steps[: ends[-1] + 1], targets[: ends[-1] + 1], soft))
