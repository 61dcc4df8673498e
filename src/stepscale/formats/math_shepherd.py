"""Math-Shepherd (Wang et al. 2024): automatic step labels by rollouts, marked in the text.

    {"input": "<problem> Step 1: ... ки\\nStep 2: ... The answer is: 5 ки",
     "label": "<problem> Step 1: ... +\\nStep 2: ... -", "task": "GSM8K"}

``input`` has the step tag ``ки`` where ``label`` has + or -: some rollout from there reached the right answer, or
none did. The last step's mark therefore says whether the solution's own answer is right.
"""

import re

from stepscale.formats.fields import BadRecord, Record, maybe_text, problem_text, text
from stepscale.formats.solution_rows import SolutionRows, solution_reader

_TAG = "ки"
_FIRST_STEP = re.compile(r"\s*(?=\bStep 1\s*:)")
_ANSWER = re.compile(r"The answer is:?\s*(?P<answer>.+?)\s*\Z", re.DOTALL)
_RATINGS = {"+": 1, "-": -1}


def _add(rows: SolutionRows, record: Record) -> None:
    parts, ratings = _marked(problem_text(record, "input"), text(record, "label"))
    start = _FIRST_STEP.search(parts[0])
    if start is None:
        raise BadRecord("'input' has no 'Step 1:' that would end the problem")
    problem = parts[0][: start.start()]
    if not problem.strip():
        raise BadRecord("'input' has no problem before 'Step 1:'")
    steps = [parts[0][start.end() :].strip(), *(part.strip() for part in parts[1:])]
    answer = _ANSWER.search(steps[-1])
    rows.add(
        problem,
        steps,
        ratings,
        subject=maybe_text(record, "task"),
        answer=answer and answer["answer"],
        is_correct=ratings[-1] == 1,
    )


read = solution_reader("math_shepherd", _add)
"""Math-Shepherd's tables: ratings +1 and -1; problems.subject is the record's ``task``."""


def _marked(tagged: str, marked: str) -> tuple[list[str], list[int]]:
    """The texts before each tag, and the mark that `marked` has in its place."""
    *parts, tail = tagged.split(_TAG)
    if not parts:
        raise BadRecord(f"'input' has no step tag {_TAG!r}")
    ratings, position = [], 0
    for number, part in enumerate(parts, 1):
        mark = marked[position + len(part) : position + len(part) + 1]
        if not marked.startswith(part, position) or mark not in _RATINGS:
            raise BadRecord(f"'label' does not repeat 'input' with + or - for its tag {number}")
        ratings.append(_RATINGS[mark])
        position += len(part) + 1
    if tail.strip() or marked[position:].strip():
        raise BadRecord(f"text follows the last step tag: {tail.strip()[:40]!r}")
    return parts, ratings
