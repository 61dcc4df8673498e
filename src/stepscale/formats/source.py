"""What a run reads of a data set: its problems, and the solutions and step labels that came with them.

Each is read where it is needed, so that a run keeps no tables that nothing asks for.
"""

from typing import Any

import pandas as pd

from stepscale.formats.contract import Tables
from stepscale.formats.registry import read


def read_problems(path: str, format: str, options: dict[str, Any], limit: int | None = None) -> pd.DataFrame:
    """The problems of a file.

    Args:
        path: A file, a folder or a hub data set.
        format: A name of the registry.
        options: Keyword arguments of that format's reader.
        limit: How many problems to return at most, from the first. None returns all.

    Returns:
        The problems table.
    """
    problems = read(path, format, **options).problems
    return problems.head(limit) if limit else problems


def read_solutions(path: str, format: str, options: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The solutions of a file and their step labels.

    Args:
        path: A file, a folder or a hub data set.
        format: A name of the registry.
        options: Keyword arguments of that format's reader.

    Returns:
        The solutions table, and the step labels table. After PRM800K's records come the whole solutions that people
        were shown.
    """
    tables = read(path, format, **options)
    return (with_generated(tables) if format == "prm800k" else tables.solutions), tables.step_labels


def with_generated(tables: Tables) -> pd.DataFrame:
    """PRM800K's records, then the solutions people were shown, graded by their answers: an ORM's wrong ones.

    Args:
        tables: As ``read`` gives them of PRM800K.
    """
    from stepscale.formats.prm800k.generated import generated_solutions
    from stepscale.grading import grade_many

    with_answer = tables.problems[tables.problems["answer"].notna()]
    golds = dict(zip(with_answer["problem_id"], with_answer["answer"], strict=True))
    generated = generated_solutions(tables)
    generated = generated[generated["problem_id"].isin(golds)]
    verdicts = grade_many(list(generated["answer"]), [golds[problem_id] for problem_id in generated["problem_id"]])
    generated = generated.assign(is_correct=pd.array(verdicts, dtype="boolean"))
    return pd.concat([tables.solutions, generated], ignore_index=True) if len(generated) else tables.solutions
