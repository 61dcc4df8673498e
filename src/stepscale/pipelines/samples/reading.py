"""Reads what may accompany given samples: step labels, and results of other projects' searches on the same problems."""

import logging

import pandas as pd

from stepscale.errors import InputError
from stepscale.parameters import SearchBlock

logger = logging.getLogger(__name__)


def read_step_labels(search: SearchBlock) -> pd.DataFrame:
    """Step labels of the given samples; only the Parquet tables can hold any.

    Args:
        search: Where the given samples are.
    """
    from stepscale.formats import read
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import STEP_LABELS

    source = search.given_samples
    if source is None or source.format != "parquet":
        return empty(STEP_LABELS)
    return read(source.path, source.format).step_labels


def read_searches(test_problems: pd.DataFrame, search: SearchBlock) -> pd.DataFrame:
    """What the searches of ``search.given_samples.searches`` answered on the given problems, matched by the text of the problem.

    Args:
        test_problems: The test problems, a row per problem.
        search: Where the given searches are, and the grading rules.

    Raises:
        InputError: A file holds no results of searches, or none on the given problems.
    """
    from stepscale.formats import read_predictions
    from stepscale.formats.checking import empty
    from stepscale.formats.contract import problem_key
    from stepscale.formats.tables import PREDICTIONS, predictions

    keys = {
        problem_key(text): name
        for name, text in zip(*(test_problems[c] for c in ("problem_id", "problem")), strict=True)
    }
    parts = []
    for source in search.given_samples.searches if search.given_samples else ():
        tables = read_predictions(source.path, source.format, rules=search.grading_rules, **source.options)
        problems = tables.problems.head(source.limit) if source.limit else tables.problems
        id_here = {
            name: keys.get(problem_key(text))
            for name, text in zip(problems["problem_id"], problems["problem"], strict=True)
        }
        ids = tables.predictions["problem_id"].map(id_here)
        rows = tables.predictions.assign(problem_id=ids)[ids.notna()]
        if rows.empty:
            raise InputError(
                f"{source.path}: none of its problems is among those of the given samples; give their searches"
            )
        logger.info(
            "%s: results on %d of %d given problems", source.label, rows["problem_id"].nunique(), len(test_problems)
        )
        parts.append(rows.assign(strategy=source.label + ", " + rows["strategy"]))
    return predictions(pd.concat(parts, ignore_index=True)) if parts else empty(PREDICTIONS)
