"""A verifier that writes: a language model criticizes each step of a solution and gives a verdict, once or several times.

In: trajectories, and any Generator. Out: P(the step is wrong), the share of judgments that find an error up to that step
(ThinkPRM, arXiv 2504.16828; GenPRM's majority of k, arXiv 2504.00891). More judgments are a second axis of compute: all tokens,
read and written, are counted as the verifier's. What cannot be read is counted and reported. Knows nothing about search.
"""

import logging
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np

from stepscale.cost import Ledger
from stepscale.engine.caching import clear_cache
from stepscale.engine.encoding import Encoded
from stepscale.generation.contract import Continuation, Generator, Request, Sampling
from stepscale.generation.prompts import ChatPrompt, prompt_template
from stepscale.opening import needs
from stepscale.seeds import seed_for
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.critique_text import Verdicts, question, read_verdicts
from stepscale.verifiers.generative_options import GenerativePRM

_log = logging.getLogger(__name__)
_UNKNOWN = 0.5  # P(wrong) of a step on which no judgment can be read
_CRITIQUE_SHARE = 4  # a fourth of the context is left to write in, if critiques may be that long


@dataclass
class JudgmentCounts:
    """How many judgments could be read.

    Attributes:
        judgments: All of them.
        unread: Those without a readable verdict.
        broken_off: Those that break off before the last step.
    """

    judgments: int = 0
    unread: int = 0
    broken_off: int = 0

    def add(self, verdicts: Verdicts) -> None:
        """Count one judgment.

        Args:
            verdicts: Read in a critique, one per step [n_steps], at least one; None where there is none.
        """
        self.judgments += 1
        self.unread += verdicts[0] is None
        self.broken_off += verdicts[0] is not None and verdicts[-1] is None


@dataclass(frozen=True)
class Judgment:
    """One critique.

    Attributes:
        text: As the model wrote it.
        verdicts: Read in it, one per step [n_steps]; None where there is none.
        tokens: Number of tokens written.
    """

    text: str
    verdicts: Verdicts
    tokens: int


class GenerativeVerifier:
    """A Verifier over a Generator that is asked with the bare question: its own template adds nothing but a chat's turns.

    ``counts``: what could be read of all judgments so far. ``name``: as in tables; None: the generator's.
    """

    def __init__(self, generator: Generator, options: GenerativePRM, name: str | None = None) -> None:
        self.name, self.options = name or generator.name, options
        self.parameters = int(getattr(generator, "parameters", 0))
        self.counts = JudgmentCounts()
        self._generator = generator
        self._sampling = Sampling(options.temperature, options.top_p, options.max_new_tokens)

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """Scores of every step, from the mean of the verdicts of k judgments.

        Args:
            trajectories: Problems with their steps; equal ones are judged once.
            ledger: Gets the tokens read and written, as ``verify``.

        Returns:
            One object per trajectory, in order.
        """
        distinct = list(dict.fromkeys(trajectories))
        before = (self.counts.unread, self.counts.broken_off, self.counts.judgments)
        judgments, unread = self.judge(distinct, ledger)
        self._tell(*before)
        scores = {}
        for trajectory, of_one, n_unread in zip(distinct, judgments, unread, strict=True):
            negative = np.ones(len(trajectory.steps), np.float32)
            negative[: len(negative) - n_unread] = _share_wrong([critique.verdicts for critique in of_one])
            scores[trajectory] = StepScores(negative, np.zeros_like(negative), n_unread)
        return [scores[trajectory] for trajectory in trajectories]

    def judge(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> tuple[list[list[Judgment]], list[int]]:
        """The judgments themselves.

        Args:
            trajectories: Solutions, each at most once.
            ledger: Tokens are counted into it.

        Returns:
            Of each solution its k judgments, none if no step of it can be read; and the number of its last steps that do not
            fit the model.
        """
        began, spent = time.perf_counter(), Ledger()
        prompts = [self._prompt(trajectory) for trajectory in trajectories]
        requests, owners = list[Request](), list[int]()
        for owner, (trajectory, (prompt, n_read)) in enumerate(zip(trajectories, prompts, strict=True)):
            if n_read:
                text = blake2b(repr(trajectory).encode("utf-8", "replace"), digest_size=16).hexdigest()
                seeds = (seed_for(self.options.seed, "judgment", text, j) for j in range(self.options.judgments))
                requests += [Request(prompt, seed) for seed in seeds]
                owners += [owner] * self.options.judgments
        critiques = self._generator.generate(requests, self._sampling, "solution", spent) if requests else []
        judgments: list[list[Judgment]] = [[] for _ in trajectories]
        for owner, critique in zip(owners, critiques, strict=True):
            judgments[owner].append(self._read(critique, prompts[owner][1]))
        for cost in spent.models.values():
            ledger.add(
                self.name,
                "verify",
                cost.tokens,
                parameters=cost.parameters,
                attention_width=cost.attention_width,
                context_sum=cost.context_sum,
            )
        ledger.add(self.name, "verify", 0, parameters=self.parameters, seconds=time.perf_counter() - began)
        return judgments, [len(t.steps) - n_read for t, (_, n_read) in zip(trajectories, prompts, strict=True)]

    def encode(self, trajectories: Sequence[Trajectory]) -> list[Encoded]:
        """The question's ids: what one judgment reads, not what it writes. Every step is judged at their end.

        Args:
            trajectories: Problems with their steps.

        Returns:
            One object per trajectory, in order.
        """
        encoded = []
        for trajectory in trajectories:
            prompt, n_read = self._prompt(trajectory)
            n_before = len(self._ids(trajectory, 0))
            ends = [len(prompt) - 1] * n_read
            encoded.append(Encoded(list(prompt), min(n_before, len(prompt)), ends, len(trajectory.steps) - n_read))
        return encoded

    def clear_cache(self) -> None:
        """Drop the generator's cached prefixes, where it has any."""
        clear_cache(self._generator)

    def _prompt(self, trajectory: Trajectory) -> tuple[tuple[int, ...], int]:
        """The question's ids, and the number of steps in it: all, or as many as leave room for the critique."""
        context = int(getattr(self._generator, "context", 0)) or 1_000_000_000
        longest = context - min(self._sampling.max_new_tokens, context // _CRITIQUE_SHARE)
        ids, n_steps = self._ids(trajectory, len(trajectory.steps)), len(trajectory.steps)
        if len(ids) > longest:
            too_long = bisect_left(range(n_steps + 1), True, key=lambda n: len(self._ids(trajectory, n)) > longest)
            n_steps = max(0, too_long - 1)
            ids = self._ids(trajectory, n_steps)
        return ids, n_steps

    def _ids(self, trajectory: Trajectory, n_steps: int) -> tuple[int, ...]:
        asked = Trajectory(trajectory.problem, trajectory.steps[:n_steps])
        return self._generator.encode_prompt(question(asked, self.options.ask, self.options.step))

    def _read(self, critique: Continuation, n_steps: int) -> Judgment:
        text = self._generator.decode(critique.tokens)
        judgment = Judgment(text, read_verdicts(text, n_steps), critique.length)
        self.counts.add(judgment.verdicts)
        return judgment

    def _tell(self, unread: int, broken_off: int, n_asked: int) -> None:
        """Log what could not be read since these counts."""
        counts = self.counts
        if counts.unread > unread or counts.broken_off > broken_off:
            _log.warning(
                "%s: of %d judgments %d hold no verdict that can be read and %d break off before the last step; a step that no "
                "judgment reaches counts as wrong with probability %g",
                self.name,
                counts.judgments - n_asked,
                counts.unread - unread,
                counts.broken_off - broken_off,
                _UNKNOWN,
            )


def open_generative(
    options: GenerativePRM,
    name: str | None = None,
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
) -> GenerativeVerifier:
    """The verifier over the language model that the options name.

    Args:
        options: The model, how it is asked, and how often.
        name: As tables and ledgers call it; the model's where None.
        device: "auto" takes CUDA if there is one; without a server alone.
        dtype: Precision of weights and arithmetic; without a server alone.

    Returns:
        The verifier, which answers as any other does.

    Raises:
        InputError: There is no such model, the server does not answer, or the tokenizer has no chat template.
    """
    template, ends = "{problem}", options.ends_before or ""
    if options.chat:
        template = prompt_template(ChatPrompt(style="chat", instruction=""), options.base or "", options.seed)
    if options.server:
        with needs("remote"):
            from stepscale.generation.server import ServerGenerator
        served = ServerGenerator(options.server, prompt_template=template, tokenizer=options.base, ends_before=ends)
        return GenerativeVerifier(served, options, name)
    with needs("models"):
        from stepscale.generation.local import LocalGenerator
    generator = LocalGenerator.load(
        options.source,
        prompt_template=template,
        device=device,
        dtype=dtype,
        memory_budget_gb=options.memory_budget_gb,
        ends_before=ends,
    )
    return GenerativeVerifier(generator, options, name)


def _share_wrong(judgments: Sequence[Verdicts]) -> np.ndarray:
    """P(wrong) of each step [n_steps]: the share among the judgments that reach it; none where there is no judgment."""
    if not judgments:
        return np.empty(0)
    wrong = np.array([[np.nan if right is None else not right for right in verdicts] for verdicts in judgments], float)
    reached = ~np.isnan(wrong)
    counts = reached.sum(axis=0)
    return np.where(counts > 0, np.where(reached, wrong, 0).sum(axis=0) / np.maximum(counts, 1), _UNKNOWN)
