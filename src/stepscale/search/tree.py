"""Beams that grow step by step, all problems' together: the rounds that beam search, lookahead and DVTS share.

In: the shape of a search. Out: N candidates per problem. One round (Snell et al. 2024, 5.2): every open beam draws one step in
one ``generate`` call, all new beams are scored in one ``score`` call, ended ones retire, and within each subtree the best
of the others are expanded into as many beams as are open.

- **A retired beam** keeps its slot of the N as one candidate: it is never expanded, copied, or pruned afterwards.
- **The end belongs to the step.** Where a separator comes before the end of text, a solution that is complete would look
  open, be expanded M times, and be voted for M times. So a beam whose steps state an answer is asked for one token more (as
  many as tell it of a generator that ends before a line of text): an end with no further step retires it; anything else is put
  back, and drawn anew when the beam is expanded.
- **L open beams, width M**: the best ceil(L / M) are kept; in order of score each gets M children, the last what is left of L.
  With ``filter_duplicates`` beams of the same tokens are one beam; where fewer differ, the best get M children more.
- **Cut off**: at the token limit of the whole solution, or after the last round. Not an end: no answer, and it cannot win.
- **Seeds** are named by (run, round, problem, slot): a result depends on nothing else. Scores are ranked to 6 digits, so that
  float noise of another batch does not reorder equal beams; equal ones keep the order of their slots.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stepscale.generation.contract import Continuation, EndsByText, Request, Sampling
from stepscale.generation.sampling import read_steps
from stepscale.grading import extract_answer
from stepscale.search.metering import Meter
from stepscale.search.method import SeededSampling
from stepscale.search.results import Candidate, Finish
from stepscale.search.scoring import SolutionScore, read_scores
from stepscale.seeds import seed_for
from stepscale.verifiers.aggregation import How, NeutralIs
from stepscale.verifiers.contract import StepScores


@dataclass(frozen=True)
class TreeShape:
    """``n`` beams of ``width`` M in subtrees of ``subtree`` slots each; ``lookahead`` k steps; at most ``rounds`` rounds."""

    n: int
    width: int
    subtree: int
    lookahead: int
    rounds: int
    aggregation: How
    neutral_is: NeutralIs
    filter_duplicates: bool


@dataclass(frozen=True)
class _Beam:
    """An open or ended solution.

    ``length``: tokens of the model's own, as the limit counts them. ``logprob``: their sum, None where the generator does not
    tell it. ``rank``: the score that orders beams, after lookahead; ``scored``: of its own steps.
    """

    owner: int
    slot: int
    prompt: tuple[int, ...]
    tokens: tuple[int, ...] = ()
    steps: tuple[str, ...] = ()
    step_ends: tuple[int, ...] = ()
    length: int = 0
    logprob: float | None = 0.0
    finish: Finish | None = None
    scored: SolutionScore | None = None
    rank: float = 0.0

    @property
    def prefix(self) -> tuple[int, ...]:
        return self.prompt + self.tokens


def grow(meter: Meter, draws: SeededSampling, shape: TreeShape) -> tuple[list[list[Candidate]], list[int]]:
    """N candidates in the order of slots, and the rounds taken, for each of the meter's problems."""
    return _Forest(meter, draws, shape).grow()


class _Forest:
    def __init__(self, meter: Meter, draws: SeededSampling, shape: TreeShape) -> None:
        self._meter, self._draws, self._shape = meter, draws, shape
        self._limit = draws.sampling.max_new_tokens

    def grow(self) -> tuple[list[list[Candidate]], list[int]]:
        problems = self._meter.problems
        prompts = [self._meter.generator.encode_prompt(problem.text) for problem in problems]
        open_ = [_Beam(i, slot, prompt) for i, prompt in enumerate(prompts) for slot in range(self._shape.n)]
        retired: list[list[Candidate]] = [[] for _ in problems]
        rounds = [0] * len(problems)
        for number in range(self._shape.rounds):
            # 1. every open beam draws a step; who states an answer is asked whether it ends here
            for beam in open_:
                rounds[beam.owner] = number + 1
            beams = self._closed(self._step(open_, number), number)
            if number + 1 == self._shape.rounds:
                beams = [replace(beam, finish=beam.finish or "rounds") for beam in beams]
            # 2. scores; ended beams are candidates
            beams = self._scored(beams, number)
            for beam in beams:
                if beam.finish:
                    retired[beam.owner].append(self._candidate(beam, beam.finish))
            # 3. the best of the others are expanded
            open_ = self._expanded([beam for beam in beams if not beam.finish])
            if not open_:
                break
        return [sorted(candidates, key=lambda candidate: candidate.slot) for candidates in retired], rounds

    def _step(self, beams: Sequence[_Beam], number: int) -> list[_Beam]:
        """Every beam one step longer."""
        requests = [(beam.owner, Request(beam.prefix, self._seed(beam, f"search-round-{number}"))) for beam in beams]
        continuations = self._meter.generate(requests, self._within_limit(beams), "step")
        return [self._longer(beam, continuation) for beam, continuation in zip(beams, continuations, strict=True)]

    def _closed(self, beams: Sequence[_Beam], number: int) -> list[_Beam]:
        """Beams that state an answer, asked whether they end here; the others as they are."""
        asked = [i for i, beam in enumerate(beams) if not beam.finish and _states_answer(beam.steps)]
        requests = [
            (beams[i].owner, Request(beams[i].prefix, self._seed(beams[i], f"search-end-{number}"))) for i in asked
        ]
        generator = self._meter.generator
        telling = generator.end_tokens if isinstance(generator, EndsByText) else 1
        sampling = replace(self._draws.sampling, max_new_tokens=telling)
        continuations = self._meter.generate(requests, sampling, "solution" if telling > 1 else "step")
        closed = list(beams)
        for i, continuation in zip(asked, continuations, strict=True):
            if continuation.ended == "solution" and (telling == 1 or not read_steps(generator, continuation)[0]):
                closed[i] = self._longer(beams[i], continuation)
        return closed

    def _scored(self, beams: Sequence[_Beam], number: int) -> list[_Beam]:
        """Beams with the scores of their own steps and of those looked ahead; cut-off and empty ones stay unscored."""
        judged = [i for i, beam in enumerate(beams) if beam.steps and beam.finish != "length"]
        ahead = self._looked_ahead([beams[i] for i in judged], number)
        scores_ahead = self._meter.score([(beam.owner, beam.steps) for beam in ahead])
        how, neutral_is = self._shape.aggregation, self._shape.neutral_is
        rolled = unrolled = read_scores(scores_ahead, how, neutral_is)
        if self._shape.lookahead:
            lengths = [len(beams[i].steps) for i in judged]
            cut = [StepScores(s.negative[:n], s.neutral[:n]) for s, n in zip(scores_ahead, lengths, strict=True)]
            unrolled = read_scores(cut, how, neutral_is)
        result = list(beams)
        for i, scored, leads_to in zip(judged, unrolled, rolled, strict=True):
            result[i] = replace(beams[i], scored=scored, rank=float(f"{leads_to.score:.6g}"))
        return result

    def _looked_ahead(self, beams: Sequence[_Beam], number: int) -> list[_Beam]:
        """Beams rolled forward k steps at temperature 0, or to their end if that comes first."""
        rolled = list(beams)
        for k in range(self._shape.lookahead):
            going = [i for i, beam in enumerate(rolled) if not beam.finish]
            requests = [
                (rolled[i].owner, Request(rolled[i].prefix, self._seed(rolled[i], f"search-ahead-{number}-{k}")))
                for i in going
            ]
            greedy = replace(self._within_limit([rolled[i] for i in going]), temperature=0.0)
            for i, continuation in zip(going, self._meter.generate(requests, greedy, "step"), strict=True):
                rolled[i] = self._longer(rolled[i], continuation)
        return rolled

    def _expanded(self, beams: Sequence[_Beam]) -> list[_Beam]:
        """As many beams as are open, made of the best of each subtree, in the open slots."""
        trees: dict[tuple[int, int], list[_Beam]] = {}
        for beam in beams:
            trees.setdefault((beam.owner, beam.slot // self._shape.subtree), []).append(beam)
        children = []
        for tree in trees.values():
            slots = sorted(beam.slot for beam in tree)
            best = sorted(tree, key=lambda beam: (-beam.rank, beam.slot))
            if self._shape.filter_duplicates:
                best = list({beam.tokens: beam for beam in best}.values())
            for i, slot in enumerate(slots):
                children.append(replace(best[i // self._shape.width % len(best)], slot=slot, scored=None, rank=0.0))
        return children

    def _longer(self, beam: _Beam, continuation: Continuation) -> _Beam:
        """The beam with what was drawn, cut at the token limit of the whole solution."""
        room = self._limit - beam.length
        ended = continuation.ended
        if continuation.length > room or (ended == "step" and continuation.length == room):
            ended = "length"
            # in another unit, where to cut is not known: the text stays, cut off as it is
            if continuation.model_tokens is None:
                ends = tuple(end for end in continuation.step_ends if end < room)
                continuation = replace(
                    continuation,
                    tokens=continuation.tokens[:room],
                    logprobs=continuation.logprobs[:room],
                    step_ends=ends,
                )
        steps, ends_ = read_steps(self._meter.generator, continuation)
        known = bool(continuation.logprobs) or not continuation.tokens
        return replace(
            beam,
            tokens=beam.tokens + continuation.tokens,
            steps=(*beam.steps, *steps),
            step_ends=(*beam.step_ends, *(len(beam.tokens) + end for end in ends_)),
            length=beam.length + continuation.length,
            logprob=None if beam.logprob is None or not known else beam.logprob + sum(continuation.logprobs),
            finish=None if ended == "step" else ended,
        )

    def _within_limit(self, beams: Sequence[_Beam]) -> Sampling:
        """The sampling with room for the beam that is shortest; longer ones are cut afterwards."""
        shortest = min((beam.length for beam in beams), default=0)
        return replace(self._draws.sampling, max_new_tokens=self._limit - shortest)

    def _seed(self, beam: _Beam, purpose: str) -> int:
        return seed_for(self._draws.run_seed, purpose, self._meter.problems[beam.owner].problem_id, beam.slot)

    def _candidate(self, beam: _Beam, finish: Finish) -> Candidate:
        return Candidate(
            slot=beam.slot,
            subtree=beam.slot // self._shape.subtree,
            steps=beam.steps,
            tokens=beam.tokens,
            step_ends=beam.step_ends,
            finish=finish,
            answer=extract_answer("\n".join(beam.steps)) if finish == "solution" else None,
            step_scores=beam.scored.steps if beam.scored else (),
            score=beam.scored.score if beam.scored else None,
            mean_logprob=beam.logprob / beam.length if beam.length and beam.logprob is not None else None,
        )


def _states_answer(steps: Sequence[str]) -> bool:
    """Whether the steps state an answer; the line put first keeps a single step from being read as an answer itself."""
    return extract_answer("\n".join(["Solution", *steps])) is not None
