"""Steps as a generator writes them: a line each, though a published step may hold several (PRM800K's "# Answer")."""

from collections.abc import Iterable


def step_lines(steps: Iterable[str]) -> list[str]:
    """Steps as lines: one that holds newlines becomes several, blank ones are dropped.

    Args:
        steps: Their texts, in order.

    Returns:
        Lines without blanks around them.
    """
    return [line.strip() for step in steps for line in step.splitlines() if line.strip()]
