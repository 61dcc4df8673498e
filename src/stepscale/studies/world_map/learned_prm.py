"""A PRM that is learned in a second: logistic regression on what a step says, from labels that may be few or flipped.

It must learn every fact of arithmetic and every reading of a sentence from labeled steps, as a language model must. What it
never saw it cannot judge, and a search finds that out. It never sees the truth: features compare a step with the problem's
text and with the steps before, nothing else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from stepscale.cost import Ledger
from stepscale.formats.ratings import NEGATIVE
from stepscale.lab.hands import Hand
from stepscale.lab.labeler import rate_steps
from stepscale.lab.stories import Story
from stepscale.lab.wording import read_story
from stepscale.seeds import seed_for
from stepscale.studies.world_map.worlds import MapWorld, draw_problem
from stepscale.verifiers.contract import StepScores, Trajectory

_STEP = re.compile(
    r"(?:[^:]*: )?(?P<left>\w+)'s (?P<first>\d+) (?P<operation>\w+) (?:(?P<right>\w+)'s )?(?P<second>\d+), so "
    r"(?P<name>\w+) has (?P<amount>\d+)"
)
_ANSWER = re.compile(r"Answer: (\d+)")
_STRENGTH = 10.0  # inverse of the penalty on weights: labels of these few features are many
Amounts = dict[str, int]  # the amount that was last said of each name


def features(story: Story, known_amounts: Amounts, step: str) -> dict[str, float]:
    """What a step says, as names of features.

    Args:
        story: The problem's text, read.
        known_amounts: What the problem and the steps before say.
        step: Its text.
    """
    answer = _ANSWER.fullmatch(step)
    if answer:
        return {f"answer as said: {known_amounts.get(story.asked_name) == int(answer[1])}": 1.0}
    match = _STEP.fullmatch(step)
    if match is None:
        return {"not a step": 1.0}
    fact = story.by_name.get(match["name"])
    if fact is None:
        return {"a name of nobody": 1.0}
    names = [match["left"], *([match["right"]] if match["right"] else [])]
    number = "" if match["right"] else match["second"]
    amounts = [known_amounts.get(match["left"]) == int(match["first"])]
    amounts += [known_amounts.get(match["right"]) == int(match["second"])] if match["right"] else []
    return {
        f"fact {match['operation']} {match['first']} {match['second']} {match['amount']}": 1.0,
        f"reading {fact.relation} {fact.number} as {match['operation']} {number}": 1.0,
        f"names as told: {sorted(names) == sorted(fact.sources)}": 1.0,
        f"amounts as said: {all(amounts)}": 1.0,
        f"operation {match['operation']}": 1.0,
    }


def after(amounts: Amounts, step: str) -> Amounts:
    """What is said after the step.

    Args:
        amounts: What is said before.
        step: Its text.
    """
    match = _STEP.fullmatch(step)
    return amounts | {match["name"]: int(match["amount"])} if match else amounts


@dataclass(frozen=True)
class _Read:
    """A solution as read so far: P(wrong) of its steps, and what is said after them."""

    wrong: tuple[float, ...]
    stated_amounts: Amounts


class LearnedPRM:
    """A Verifier that is fitted to the features of steps.

    Args:
        model: Maps features to P(right); None: every step has ``share_right``.
        share_right: Share of right labels, in [0, 1].
    """

    name, parameters = "prm", 0

    def __init__(self, model: Any, share_right: float) -> None:
        self._model, self._share_right = model, share_right
        self._read: dict[Trajectory, _Read] = {}

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """See ``Verifier``. What was read before is cached."""
        longest = max((len(trajectory.steps) for trajectory in trajectories), default=0)
        for length in range(1, longest + 1):  # a step at a time of all, each length in one call
            self._read_steps({Trajectory(t.problem, t.steps[:length]) for t in trajectories if len(t.steps) >= length})
        ledger.add(self.name, "verify", sum(len(trajectory.steps) for trajectory in trajectories))
        negatives = [np.array(self._reading(t).wrong, np.float32) for t in trajectories]
        return [StepScores(negative, np.zeros_like(negative)) for negative in negatives]

    def _read_steps(self, beginnings: set[Trajectory]) -> None:
        unread = [beginning for beginning in beginnings if beginning not in self._read]
        if not unread:
            return
        before = [self._reading(Trajectory(trajectory.problem, trajectory.steps[:-1])) for trajectory in unread]
        rows = [
            features(read_story(trajectory.problem), read.stated_amounts, trajectory.steps[-1])
            for trajectory, read in zip(unread, before, strict=True)
        ]
        right = self._model.predict_proba(rows)[:, 1] if self._model else np.full(len(unread), self._share_right)
        for trajectory, read, p in zip(unread, before, right, strict=True):
            self._read[trajectory] = _Read(
                (*read.wrong, 1 - float(p)), after(read.stated_amounts, trajectory.steps[-1])
            )

    def _reading(self, trajectory: Trajectory) -> _Read:
        if not trajectory.steps:
            return _Read((), dict(read_story(trajectory.problem).givens))
        return self._read[trajectory]


def learn_prm(world: MapWorld, seed: int) -> LearnedPRM:
    """The world's PRM: from steps of its own generator, rated up to the first wrong one, some ratings flipped.

    Args:
        world: Its settings.
        seed: Of the run.
    """
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rng = Random(seed_for(seed, "learn-prm"))
    rows, targets = list[dict[str, float]](), list[bool]()
    while len(rows) < world.labels:
        problem = draw_problem(world, rng)
        steps = tuple(Hand(rng, world.habits).solve(problem))
        story, amounts = read_story(problem), dict(read_story(problem).givens)
        for step, rating in zip(steps, rate_steps(problem, steps), strict=False):
            rows.append(features(story, amounts, step))
            targets.append((rating != NEGATIVE) != (rng.random() < world.flipped))
            amounts = after(amounts, step)
    rows, targets = rows[: world.labels], targets[: world.labels]
    if len(set(targets)) < 2:
        return LearnedPRM(None, float(np.mean(targets)))
    model = make_pipeline(DictVectorizer(), LogisticRegression(C=_STRENGTH, max_iter=1000))
    return LearnedPRM(model.fit(rows, targets), float(np.mean(targets)))
