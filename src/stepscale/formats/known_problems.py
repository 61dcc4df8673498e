"""What earlier records said of a problem, against which later ones are checked: one text and one gold answer for an id."""

from stepscale.formats.fields import BadRecord
from stepscale.grading import is_equivalent


class KnownProblems:
    """The problems of the records so far, each with a hash of its text and its gold answer."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, str | None]] = {}

    def check(self, problem_id: str, problem: str, gold: str | None) -> None:
        """Check what a record says of its problem; the first one is taken as it is.

        Args:
            problem_id: The problem.
            problem: Its text.
            gold: Its gold answer.

        Raises:
            BadRecord: An earlier record of this id has another text or another gold answer.
        """
        text_hash = hash(problem)
        known_hash, earlier = self._known.setdefault(problem_id, (text_hash, gold))
        if known_hash != text_hash:
            raise BadRecord(f"{problem_id!r:.80} is the id of another problem too; give the samples of one task")
        check_same_gold(gold, earlier)


def check_same_gold(gold: str | None, earlier: str | None) -> None:
    """Check that a problem has one gold answer.

    Args:
        gold: Of the record at hand; None where it gives none.
        earlier: Of an earlier record of the problem.

    Raises:
        BadRecord: They differ.
    """
    if gold != earlier:
        raise BadRecord(f"the gold answer is {gold!r:.60}, and of an earlier line of the problem {earlier!r:.60}")


def known_gold(gold: str | None, earlier: str | None) -> str | None:
    """The gold answer of a problem whose records may leave it out, or spell it differently.

    Args:
        gold: Of the record at hand; None where it gives none.
        earlier: Of earlier records; None where none gave any.

    Returns:
        The answer as first given; None where none is.

    Raises:
        BadRecord: They are different answers.
    """
    if gold is not None and earlier is not None and gold != earlier and not is_equivalent(gold, earlier):
        check_same_gold(gold, earlier)
    return gold if earlier is None else earlier
