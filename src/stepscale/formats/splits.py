"""Is the test set really unseen? Two problems tables in, the shared problems out.

PRM800K's split is 12,000 problems to train on (MATH's 7,500 and 4,500 of its test set) and the 500 of MATH-500. Texts
are compared stripped: 489 of the 12,000 carry white space that PRM800K's own records lack.
"""

import pandas as pd

from stepscale.errors import InputError


def leaked(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """The rows of one problems table whose problem, stripped, is also in another.

    Args:
        train: A problems table.
        test: A problems table.

    Returns:
        Those rows of ``train``.
    """
    return train[train["problem"].str.strip().isin(set(test["problem"].str.strip()))]


def without_leaks(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """``train`` less the problems that are in ``test``.

    Args:
        train: Problems to learn from.
        test: Problems to measure on.
    """
    return train.drop(leaked(train, test).index)


def check_disjoint(train: pd.DataFrame, test: pd.DataFrame) -> None:
    """Check that no problem is in both tables.

    Args:
        train: A problems table.
        test: A problems table.

    Raises:
        InputError: It counts the shared problems and names the first.
    """
    shared = leaked(train, test)
    if len(shared):
        raise InputError(
            f"{len(shared)} training problems are also in the test set, the first {shared['problem_id'].iloc[0]!r};"
            " leave them out (splits.without_leaks) or choose another test set"
        )


def of_split(problems: pd.DataFrame, table: pd.DataFrame, split: str) -> pd.DataFrame:
    """The rows of a table that belong to one split's problems, with a fresh index.

    Args:
        problems: The problems table, with ``split``.
        table: A table with ``problem_id``: solutions, labels, scores.
        split: Name of the split.
    """
    ids = set(problems.loc[problems["split"] == split, "problem_id"])
    return table[table["problem_id"].isin(ids)].reset_index(drop=True)
