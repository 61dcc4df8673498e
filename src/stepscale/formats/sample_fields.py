"""What a record says about each of its samples: tokens, verdicts, answers. Anything malformed is a ``BadRecord``."""

from collections.abc import Mapping
from typing import Any

from stepscale.formats.fields import BadRecord, Record, is_whole

_TOKEN_KEYS = ("completion_tokens", "num_tokens", "n_tokens")
_UNKNOWN = -1  # as search-and-learn writes it for every problem of a DVTS run


def token_counts(record: Record, count: int) -> list[int | None]:
    """The tokens of each sample as the file counts them.

    Args:
        record: It may have one of the keys completion_tokens, num_tokens or n_tokens.
        count: How many samples it has.

    Returns:
        One per sample; None where the file does not say (no such key, null, or -1).

    Raises:
        BadRecord: Something else than one count per sample.
    """
    key = next((key for key in _TOKEN_KEYS if record.get(key) is not None), None)
    value = None if key is None else record[key]
    if value is None or value == _UNKNOWN:
        return [None] * count
    values = [value] if count == 1 and type(value) in (int, float) else value
    if type(values) is not list or len(values) != count:
        raise BadRecord(f"{key!r} is {value!r:.60} where one per sample ({count}) is needed")
    as_integers = [int(number) if type(number) is float and number.is_integer() else number for number in values]
    # a column with nulls is written as floats
    counts = [None if number == _UNKNOWN else number for number in as_integers]
    wrong = [number for number in counts if number is not None and (not is_whole(number) or number < 0)]
    if wrong:
        raise BadRecord(f"{key!r} holds {wrong[0]!r:.60}, not a number of tokens (a whole one, 0 or more)")
    return counts


def check_columns(columns: Mapping[str, Any], count: int) -> None:
    """Check that columns of a record are lists with an entry per sample.

    Args:
        columns: By the names of their keys.
        count: How many samples there are.

    Raises:
        BadRecord: One is not a list, such as the text of one, or has another length.
    """
    for key, column in columns.items():
        if type(column) is not list:
            raise BadRecord(f"{key!r} is {column!r:.60}, {type(column).__name__}, not a list with an entry per sample")
        if len(column) != count:
            raise BadRecord(f"{key!r} has {len(column)} entries for {count} samples: they are not lists of one length")


def checked_verdict(sample: int, verdict: Any) -> bool | None:
    """The verdict on a sample, None if there is none.

    Args:
        sample: Its number, for the message.
        verdict: As the record has it.

    Raises:
        BadRecord: It is anything but true, false or null.
    """
    if verdict is not None and type(verdict) is not bool:
        raise BadRecord(f"sample {sample}: the verdict is {verdict!r:.60}, not true or false")
    return verdict


def checked_answer(sample: int, answer: Any) -> str | None:
    """The answer of a sample, None if it is null or blank.

    Args:
        sample: Its number, for the message.
        answer: As the record has it.

    Raises:
        BadRecord: It is anything but a string.
    """
    if answer is not None and type(answer) is not str:
        raise BadRecord(f"sample {sample}: the answer is {answer!r:.60}, not a string")
    return answer if answer and answer.strip() else None
