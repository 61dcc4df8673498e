"""The generator itself as the labeler: a step is worth the share of its continuations that end right (Snell et al. 2024, D).

In: solutions that a Generator of the same vocabulary wrote, with their tokens. Out: step_labels with a soft ``value`` for
every step. From the end of each step ``per_step`` rollouts are drawn to the end of the solution. Equal beginnings of a
problem's solutions are ONE beginning, rolled out once, and the generator computes the tokens they share once.
Knows nothing about how labels are used.

An unfinished solution, or one without an answer, has no labels (the paper drops it). A rollout without an answer is not
right: the value is the chance that the generator, going on from here, gives the right answer.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.formats import tables
from stepscale.generation.contract import Continuation, Generator, Request, Sampling
from stepscale.grading import Rules, extract_answer, grade_many
from stepscale.labeling.contract import label_table
from stepscale.seeds import seed_for

NAME = "rollouts"
_log = logging.getLogger(__name__)

_COLUMNS = ["problem_id", "sample_id", "answer", "steps", "tokens", "step_ends"]
Beginning = tuple[str, tuple[int, ...]]  # a problem's id, and the tokens of its prompt and of the steps so far


@dataclass(frozen=True)
class RolloutJob:
    """How solutions are rolled out.

    Attributes:
        sampling: How tokens are drawn; ``max_new_tokens`` bounds one rollout.
        run_seed: Seed of the run.
        per_step: Rollouts from the end of each step.
        rules: The grading rules of the rollouts' answers.
        purpose: Names the randomness.
    """

    sampling: Sampling
    run_seed: int
    per_step: int = 16
    rules: Rules = "prm800k"
    purpose: str = NAME


class RolloutLabeler:
    """A Labeler that rolls out every step, all solutions at once; values, no ratings, so no step ends the labels early.

    Args:
        generator: That rolls out.
        job: How many rollouts, how they are drawn and graded.
        rated: Ratings beside the values (see ``rated``), so that labels end with the first -1, as everybody's else.
    """

    name = NAME

    def __init__(self, generator: Generator, job: RolloutJob, rated: bool = False) -> None:
        self.generator, self.job, self.rated = generator, job, rated

    def label(self, problems: pd.DataFrame, solutions: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
        """The step_labels of ``solutions``.

        Args:
            problems: Problems of the solutions.
            solutions: Solutions to label.
            ledger: Gets the tokens of the rollouts.

        Returns:
            A row per step, with its value in [0, 1].

        Raises:
            InputError: As ``roll_out``.
        """
        labels = roll_out(self.job, self.generator, problems, solutions, ledger)
        return rated(labels) if self.rated else labels


def rated(labels: pd.DataFrame) -> pd.DataFrame:
    """Values as ratings beside them: -1 where no rollout ended right, else +1, up to the first -1.

    Math-Shepherd's hard estimation (Wang et al. 2024, 3.3): a step is good if the right answer can be reached from it.

    Args:
        labels: Step labels with values.
    """
    hopeless = (labels["value"] == 0).astype("int64")
    earlier = hopeless.groupby([labels["problem_id"], labels["sample_id"]]).cumsum() - hopeless
    return tables.step_labels(labels.assign(rating=1 - 2 * hopeless)[earlier == 0].reset_index(drop=True))


def roll_out(
    job: RolloutJob, generator: Generator, problems: pd.DataFrame, solutions: pd.DataFrame, ledger: Ledger
) -> pd.DataFrame:
    """The value of every step of the ``parsable`` solutions, in their order.

    The last step of a solution needs no rollouts: its value is whether the answer is right.

    Args:
        job: How solutions are rolled out.
        generator: The model that wrote them, or one of the same vocabulary.
        problems: Problems with their answers.
        solutions: Solutions with their tokens.
        ledger: Tokens are counted into it.

    Returns:
        step_labels with values in [0, 1].

    Raises:
        InputError: A problem has no answer, or solutions have no tokens or those of another vocabulary.
    """
    readable = _with_tokens(parsable(solutions))
    if dropped := len(solutions) - len(readable):
        _log.info("%s: %d of %d solutions have no answer and are left out", NAME, dropped, len(solutions))
    golds = _golds(problems, readable)
    right = grade_many(
        list(readable["answer"]), [golds[problem_id] for problem_id in readable["problem_id"]], job.rules
    )
    paths = _paths(generator, problems, readable)
    texts = {
        beginning: "\n".join(steps[: place + 1])
        for path, steps in zip(paths, readable["steps"], strict=True)
        for place, beginning in enumerate(path)
    }
    worth = _worth(job, generator, texts, golds, ledger)
    values = [[*(worth[beginning] for beginning in path), float(ok)] for path, ok in zip(paths, right, strict=True)]
    return label_table(readable, NAME, values=values)


def parsable(solutions: pd.DataFrame) -> pd.DataFrame:
    """The solutions that came to an end and state an answer, with a fresh index.

    Args:
        solutions: A solutions table.
    """
    ended = (solutions["finish"] != "length") & solutions["answer"].notna() & (solutions["steps"].map(len) > 0)
    return solutions[ended.to_numpy(bool)].reset_index(drop=True)


def _with_tokens(solutions: pd.DataFrame) -> pd.DataFrame:
    for row in solutions[_COLUMNS].itertuples(index=False):
        problem_id, sample_id, _, steps, tokens, ends = row
        if tokens is None or ends is None or len(ends) != len(steps):
            named = (problem_id, int(sample_id))
            raise InputError(f"{NAME}: solution {named} has no tokens; roll out solutions that this generator sampled")
    return solutions


def _golds(problems: pd.DataFrame, solutions: pd.DataFrame) -> dict[str, str]:
    golds = {pid: gold for pid, gold in zip(problems["problem_id"], problems["answer"], strict=True) if pd.notna(gold)}
    for problem_id in solutions["problem_id"].unique():
        if problem_id not in golds:
            raise InputError(f"{NAME}: problem {problem_id} has no answer to compare rollouts with; give it one")
    return golds


def _paths(generator: Generator, problems: pd.DataFrame, solutions: pd.DataFrame) -> list[list[Beginning]]:
    """The beginnings of every solution: up to the end of each of its steps but the last."""
    prompts = {
        problem_id: generator.encode_prompt(text)
        for problem_id, text in zip(problems["problem_id"], problems["problem"], strict=True)
    }
    paths = []
    for row in solutions[_COLUMNS].itertuples(index=False):
        problem_id, sample_id, _, steps, tokens, ends = row
        token_ids = tuple(map(int, tokens))
        if generator.decode(token_ids[: ends[0] + 1]).strip() != steps[0]:
            raise InputError(
                f"{NAME}: the tokens of {(problem_id, int(sample_id))} are not its text in the vocabulary of {generator.name}"
            )
        paths.append([(problem_id, (*prompts[problem_id], *token_ids[: end + 1])) for end in ends[:-1]])
    return paths


def _worth(
    job: RolloutJob, generator: Generator, texts: dict[Beginning, str], golds: dict[str, str], ledger: Ledger
) -> dict[Beginning, float]:
    """The share of right rollouts from each beginning, given with its text; in [0, 1]."""
    purposes = {beginning: f"{job.purpose}/{_digest(beginning[1])}" for beginning in texts}
    requests = [
        Request(beginning[1], seed_for(job.run_seed, purpose, beginning[0], number))
        for beginning, purpose in purposes.items()
        for number in range(job.per_step)
    ]
    continuations = generator.generate(requests, job.sampling, "solution", ledger)
    answers: list[str | None] = []
    for place, text in enumerate(texts.values()):
        answers += _answers(generator, text, continuations[place * job.per_step : (place + 1) * job.per_step])
    gold_answers = [golds[problem_id] for problem_id, _ in texts for _ in range(job.per_step)]
    right = grade_many(answers, gold_answers, job.rules)
    shares = [sum(right[start : start + job.per_step]) / job.per_step for start in range(0, len(right), job.per_step)]
    return dict(zip(texts, shares, strict=True))


def _answers(generator: Generator, text: str, rollouts: Sequence[Continuation]) -> list[str | None]:
    """The final answer of each rollout from ``text``; None if it states none or was cut off. Equal ones are read once."""
    answers: dict[tuple[tuple[int, ...], bool], str | None] = {}
    keys = [(rollout.tokens, rollout.ended == "solution") for rollout in rollouts]
    for tokens, ended in keys:
        if (tokens, ended) not in answers:
            answers[tokens, ended] = extract_answer(f"{text}\n{generator.decode(tokens)}") if ended else None
    return [answers[key] for key in keys]


def _digest(prefix: tuple[int, ...]) -> str:
    return blake2b(repr(prefix).encode(), digest_size=8).hexdigest()
