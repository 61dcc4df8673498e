"""A critique as text: the question that asks for one, and the verdicts in what was answered.

In: a trajectory, or what a language model wrote. Out: text, or a verdict for each step. Models seldom keep to a form, so reading
is tolerant: it takes verdicts after a mark ("Verdict: wrong", ``\\boxed{correct}``), or else as a line's last word. Verdicts
belong to the step that a heading numbers ("Step 3"), or else to the steps in order. Nothing written can make it fail.
"""

import re
from collections.abc import Sequence

from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.generative_options import NUMBER, PROBLEM, SOLUTION, STEP
from stepscale.verifiers.step_numbers import without_number

Verdicts = tuple[bool | None, ...]  # of each step whether it is right; None where nothing is known

_MAX_CRITIQUE_CHARACTERS = 200_000  # a critique is far shorter
_LINE_END = 80  # characters in which a line's last word is looked for
_RIGHT = r"no (?:errors?|mistakes?)|correct|right|valid|true|yes|good|sound"
_WRONG = r"incorrect|wrong|invalid|false|no|bad|erroneous"
_VERDICT = rf"(?P<negated>(?:not|isn't|is n't)\s+)?(?:(?P<right>{_RIGHT})|(?P<wrong>{_WRONG}))\b"
_MARK = r"(?:(?:verdict|judge?ment|assessment|conclusion)\W{1,8}(?:is\s+)?|\\boxed\{\W{0,3}(?:text\{\s?)?)"
_MARKED = re.compile(_MARK + _VERDICT, re.IGNORECASE)
_LAST_WORD = re.compile(rf"(?<!\w){_VERDICT}\W*$", re.IGNORECASE)
_HEADING = re.compile(r"[\W_]{0,12}(?:step|paragraph)\s?#?([0-9]{1,6})\b", re.IGNORECASE)
_HEADING_INSIDE = re.compile(r"(?<=[.!?})*]) +(?=\W{0,4}step [0-9]{1,6}\s?[:.)])", re.IGNORECASE)
_OF_ALL = re.compile(r"\W{0,12}(?:overall|finally|final|in conclusion|in summary)\b", re.IGNORECASE)
_FIRST_WRONG = re.compile(
    r"first (?:(?:wrong|incorrect|erroneous|invalid|bad) step|error)\W{1,8}(?:is\W{1,4})?(?:in )?(?:step\W{1,3})?"
    r"([0-9]{1,6}|none|no)\b",
    re.IGNORECASE,
)
_THOUGHT = ("<think>", "</think>")


def question(trajectory: Trajectory, ask: str, step: str) -> str:
    """The text that asks for a critique of all steps. Braces in a problem or a step stand for themselves.

    Args:
        trajectory: A problem and its steps; braces in them stand for themselves.
        ask: Template of the question, with the problem and the solution.
        step: Template of one line of the solution, with the step and its number. A step that begins with its number as the
            template states it is not numbered again.
    """
    before = step.partition(STEP)[0]
    lines = []
    for number, text in enumerate(trajectory.steps, 1):
        shown = without_number(text, before.replace(NUMBER, str(number))) if NUMBER in before else text
        lines.append(_filled(step, {STEP: shown, NUMBER: str(number)}))
    return _filled(ask, {PROBLEM: trajectory.problem, SOLUTION: "\n".join(lines)})


def read_verdicts(text: str, n_steps: int) -> Verdicts:
    """The verdicts in a critique.

    From the first wrong step on, all steps are wrong: what follows an error rests on it. A step that is passed over counts
    as right if a later one is judged.

    Args:
        text: What the model wrote.
        n_steps: Steps of the solution, 0 or more.

    Returns:
        A verdict for each step [n_steps]; all None where none can be read.
    """
    lines = _HEADING_INSIDE.sub("\n", _after_thought(text[:_MAX_CRITIQUE_CHARACTERS])).splitlines()
    verdicts = _by_step(lines)
    wrong = min((number for number, right in verdicts.items() if not right and number <= n_steps), default=None)
    judged = min(max(verdicts, default=0), n_steps)
    stated = [match[1].lower() for line in lines for match in _FIRST_WRONG.finditer(line)]
    if stated and stated[-1] in ("none", "no"):
        wrong, judged = None, n_steps
    elif stated and 1 <= int(stated[-1]) <= n_steps:
        wrong = int(stated[-1])
    if wrong is not None:
        return (True,) * (wrong - 1) + (False,) * (n_steps - wrong + 1)
    return (True,) * judged + (None,) * (n_steps - judged)


def _after_thought(text: str) -> str:
    """What follows the model's thought; of a thought that breaks off, what comes before it."""
    begin, end = _THOUGHT
    _, thought, after = text.rpartition(end)
    return after if thought else text.partition(begin)[0]


def _by_step(lines: Sequence[str]) -> dict[int, bool]:
    """The last verdict on each step, by its number from 1."""
    headings = [_HEADING.match(line) for line in lines]
    numbers = [int(heading[1]) if heading else None for heading in headings]
    numbered = any(number is not None for number in numbers)
    from_zero = 0 in numbers
    is_marked = any(_MARKED.search(line) for line in lines)
    verdicts: dict[int, bool] = {}
    current = 0
    for line, number in zip(lines, numbers, strict=True):
        if number is not None:
            current = number + from_zero
        elif _OF_ALL.match(line):
            continue
        right = _verdict(line, is_marked)
        if right is not None:
            current += not numbered
            if current >= 1:
                verdicts[current] = right
    return verdicts


def _verdict(line: str, is_marked: bool) -> bool | None:
    """The last verdict of a line: behind a mark where the critique has any, or its last word."""
    matches = list(_MARKED.finditer(line)) if is_marked else []
    match = matches[-1] if matches else None if is_marked else _LAST_WORD.search(line[-_LINE_END:])
    return None if match is None else bool(match["right"]) != bool(match["negated"])


def _filled(template: str, values: dict[str, str]) -> str:
    """The template with every field filled in one pass, so that a value which looks like a field stays as it is."""
    pattern = "|".join(map(re.escape, values))
    return re.sub(pattern, lambda match: values[match[0]], template)
