"""Examples for a judge that writes: solutions up to their first wrong step, or right ones as a whole.

In: problems, solutions and the ratings of their steps. Out: examples whose targets are rating classes.
"""

from dataclasses import dataclass

import pandas as pd

from stepscale.verifiers.examples import RATING_CLASSES, Example, example_of, texts_of


def first_error_examples(problems: pd.DataFrame, solutions: pd.DataFrame, step_labels: pd.DataFrame) -> list[Example]:
    """One example per labeled solution and labeler whose first wrong step is known, or known not to exist.

    A solution with a negative step is read up to it. One of PRM800K's that found an error (its last completion is labeled
    and not chosen) ends with the first completion rated -1. A finished one labeled to its end is read as a whole. A solution
    left unfinished with no error found is dropped, and siblings are not solutions. Targets are rating classes.

    Args:
        problems: Texts by problem_id.
        solutions: With their steps and how they ended.
        step_labels: Of these solutions.

    Raises:
        InputError: A labeled problem is not in the problems table.
    """
    texts = texts_of(problems)
    rows_of_solutions = zip(*(solutions[name] for name in ("problem_id", "sample_id", "steps", "finish")), strict=True)
    solution_of = {
        (pid, sid): (list(steps), None if pd.isna(finish) else finish) for pid, sid, steps, finish in rows_of_solutions
    }
    columns = ["problem_id", "sample_id", "labeler", "step", "completion", "text", "rating", "is_chosen"]
    table = step_labels[columns].sort_values(columns[:5], kind="stable")
    records: dict[tuple[str, int, str], _Record] = {}
    for pid, sid, labeler, step, _, text, rating, is_chosen in table.itertuples(index=False, name=None):
        record = records.setdefault((pid, sid, "" if pd.isna(labeler) else labeler), _Record({}, {}))
        rated = None if pd.isna(rating) else float(RATING_CLASSES[int(rating)])
        if is_chosen:
            record.path[step] = rated
        elif rated == RATING_CLASSES[-1]:
            record.errors.setdefault(step, text)
    result = []
    for (pid, sid, _), record in records.items():
        if (pid, sid) in solution_of and (completed := record.up_to_error(*solution_of[pid, sid])):
            result.append(example_of(pid, texts, *completed))
    return result


@dataclass(frozen=True)
class _Record:
    """Labels of a solution by one labeler. ``path``: class of each chosen step; ``errors``: a wrong alternative to a step."""

    path: dict[int, float | None]
    errors: dict[int, str]

    def up_to_error(self, steps: list[str], finish: str | None) -> tuple[list[str], list[float | None]] | None:
        """The part of a solution that decides its first error.

        Args:
            steps: Of the solution.
            finish: How it ended; None: unknown.

        Returns:
            The steps up to the first error, or all of them, with their rating classes; None if neither is known.
        """
        targets = [self.path.get(i) for i in range(len(steps))]
        wrong = float(RATING_CLASSES[-1])
        if wrong in targets:
            end = targets.index(wrong) + 1
            return steps[:end], targets[:end]
        if finish == "found_error" and len(steps) in self.errors:
            return [*steps, self.errors[len(steps)]], [*targets, wrong]
        is_rated = any(target is not None for target in targets)
        return (steps, targets) if finish == "solution" and is_rated and len(steps) - 1 in self.path else None
