"""Solutions that grow step by step, all problems' together: the rounds that beam search, DVTS and particle filters share.

In: the size of a search, and which solutions continue after a round. Out: N candidates per problem. In a round (Snell et al.
2024, 5.2) every open solution draws one step in one ``generate`` call. All new ones are scored in one ``score`` call, and the
method decides which solution is in each slot afterwards.

- **The end belongs to the step.** Where a separator comes before the end of text, a solution that is complete would look
  open, be expanded M times, and be voted for M times. So a beam whose steps state an answer is asked for one token more (or for
  as many as are needed if the generator ends before a line of text). An end with no further step closes it. Anything else is put
  back, and drawn again when the beam is expanded.
- **Cut off**: at the token limit of the whole solution, or after the last round. Not an end: no answer, and it cannot win.
- **Seeds** are named by (run, round, problem, slot): a result depends on nothing else. Scores are ranked to 6 digits, so that
  float noise of another batch does not reorder equal beams.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stepscale.errors import InputError
from stepscale.generation.contract import Continuation, EndsByText, Request, Sampling
from stepscale.generation.sampling import read_steps
from stepscale.grading import extract_answer
from stepscale.search.metering import Meter
from stepscale.search.method import SeededSampling
from stepscale.search.partial import PartialSolution
from stepscale.search.results import Candidate
from stepscale.search.scoring import read_scores
from stepscale.seeds import seed_for
from stepscale.verifiers.aggregation import Aggregation, NeutralIs
from stepscale.verifiers.contract import StepScores

SolutionSelection = Callable[[Sequence[PartialSolution], int, int], list[PartialSolution]]
"""The rule by which solutions are selected to continue after a round. It takes the solutions of one problem in the order of
slots, the number of the round from 0, and a seed for what is drawn. It gives as many, each with a slot of its own."""


@dataclass(frozen=True)
class Growth:
    """How a forest grows.

    Attributes:
        n: Slots of a problem.
        subtree: Slots of each independent tree; divides ``n``.
        lookahead: Steps rolled out before a score is read (k).
        rounds: The most rounds; each adds a step to every open solution.
        aggregation: How step scores become a solution's.
        neutral_is: What a neutral step counts as.
    """

    n: int
    subtree: int
    lookahead: int
    rounds: int
    aggregation: Aggregation
    neutral_is: NeutralIs


def grow(
    meter: Meter, draws: SeededSampling, growth: Growth, select: SolutionSelection
) -> tuple[list[list[Candidate]], list[int]]:
    """N candidates in the order of slots, and the rounds taken, for each of the meter's problems.

    Args:
        meter: Problems, generator and verifier; counts what is computed.
        draws: How tokens are drawn, and the seed of the run.
        growth: Slots, subtrees, lookahead and the limit of rounds.
        select: What goes on after each round.
    """
    return _Forest(meter, draws, growth).grow(select)


class _Forest:
    """The trees of all problems, grown together: a step of all open solutions is one call."""

    def __init__(self, meter: Meter, draws: SeededSampling, growth: Growth) -> None:
        self._meter, self._draws, self._growth = meter, draws, growth
        self._limit = draws.sampling.max_new_tokens

    def grow(self, select: SolutionSelection) -> tuple[list[list[Candidate]], list[int]]:
        """See ``grow``."""
        problems = self._meter.problems
        prompts = [self._meter.generator.encode_prompt(problem.text) for problem in problems]
        solutions = [
            [PartialSolution(owner, slot, prompt) for slot in range(self._growth.n)]
            for owner, prompt in enumerate(prompts)
        ]
        rounds = [0] * len(problems)
        for number in range(self._growth.rounds):
            growing = [solution for of_problem in solutions for solution in of_problem if not solution.finish]
            if not growing:
                break
            # 1. every open solution draws a step; who states an answer is asked whether it ends here
            for solution in growing:
                rounds[solution.owner] = number + 1
            longer = self._closed(self._step(growing, number), number)
            if number + 1 == self._growth.rounds:
                longer = [replace(solution, finish=solution.finish or "rounds") for solution in longer]
            # 2. scores
            for solution in self._scored(longer, number):
                solutions[solution.owner][solution.slot] = solution
            # 3. the method decides which solutions continue, as long as any is open
            for owner, of_problem in enumerate(solutions):
                if not all(solution.finish for solution in of_problem):
                    seed = seed_for(self._draws.run_seed, f"search-select-{number}", problems[owner].problem_id)
                    solutions[owner] = select(of_problem, number, seed)
                    _check_slots(solutions[owner], self._growth.n)
        return [[self._candidate(solution) for solution in of_problem] for of_problem in solutions], rounds

    def _step(self, beams: Sequence[PartialSolution], number: int) -> list[PartialSolution]:
        """Every beam one step longer."""
        requests = [(beam.owner, Request(beam.prefix, self._seed(beam, f"search-round-{number}"))) for beam in beams]
        continuations = self._meter.generate(requests, self._within_limit(beams), "step")
        return [self._longer(beam, continuation) for beam, continuation in zip(beams, continuations, strict=True)]

    def _closed(self, beams: Sequence[PartialSolution], number: int) -> list[PartialSolution]:
        """Beams that state an answer, asked whether they end here; the others as they are."""
        open_beams = [i for i, beam in enumerate(beams) if not beam.finish and _states_answer(beam.steps)]
        requests = [
            (beams[i].owner, Request(beams[i].prefix, self._seed(beams[i], f"search-end-{number}"))) for i in open_beams
        ]
        generator = self._meter.generator
        n_end_tokens = generator.end_tokens if isinstance(generator, EndsByText) else 1
        sampling = replace(self._draws.sampling, max_new_tokens=n_end_tokens)
        continuations = self._meter.generate(requests, sampling, "solution" if n_end_tokens > 1 else "step")
        closed = list(beams)
        for i, continuation in zip(open_beams, continuations, strict=True):
            if continuation.ended == "solution" and (n_end_tokens == 1 or not read_steps(generator, continuation)[0]):
                closed[i] = self._longer(beams[i], continuation)
        return closed

    def _scored(self, beams: Sequence[PartialSolution], number: int) -> list[PartialSolution]:
        """Beams with the scores of their own steps and of those looked ahead; cut-off and empty ones stay unscored."""
        judged = [i for i, beam in enumerate(beams) if beam.steps and beam.finish != "length"]
        ahead = self._looked_ahead([beams[i] for i in judged], number)
        scores_ahead = self._meter.score([(beam.owner, beam.steps) for beam in ahead])
        aggregation, neutral_is = self._growth.aggregation, self._growth.neutral_is
        scores_with_lookahead = own_scores = read_scores(scores_ahead, aggregation, neutral_is)
        if self._growth.lookahead:
            lengths = [len(beams[i].steps) for i in judged]
            cut = [StepScores(s.negative[:n], s.neutral[:n]) for s, n in zip(scores_ahead, lengths, strict=True)]
            own_scores = read_scores(cut, aggregation, neutral_is)
        result = list(beams)
        for i, scored, leads_to in zip(judged, own_scores, scores_with_lookahead, strict=True):
            result[i] = replace(beams[i], scored=scored, rank=float(f"{leads_to.score:.6g}"))
        return result

    def _looked_ahead(self, beams: Sequence[PartialSolution], number: int) -> list[PartialSolution]:
        """Beams rolled forward k steps at temperature 0, or to their end if that comes first."""
        rolled = list(beams)
        for k in range(self._growth.lookahead):
            going = [i for i, beam in enumerate(rolled) if not beam.finish]
            requests = [
                (rolled[i].owner, Request(rolled[i].prefix, self._seed(rolled[i], f"search-ahead-{number}-{k}")))
                for i in going
            ]
            greedy = replace(self._within_limit([rolled[i] for i in going]), temperature=0.0)
            for i, continuation in zip(going, self._meter.generate(requests, greedy, "step"), strict=True):
                rolled[i] = self._longer(rolled[i], continuation)
        return rolled

    def _longer(self, beam: PartialSolution, continuation: Continuation) -> PartialSolution:
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
                    certainties=continuation.certainties[:room],
                    step_ends=ends,
                )
        steps, ends_ = read_steps(self._meter.generator, continuation)
        has_logprobs = bool(continuation.logprobs) or not continuation.tokens
        return replace(
            beam,
            tokens=beam.tokens + continuation.tokens,
            steps=(*beam.steps, *steps),
            step_ends=(*beam.step_ends, *(len(beam.tokens) + end for end in ends_)),
            length=beam.length + continuation.length,
            logprob=None if beam.logprob is None or not has_logprobs else beam.logprob + sum(continuation.logprobs),
            certainties=beam.certainties + continuation.certainties,
            finish=None if ended == "step" else ended,
        )

    def _within_limit(self, beams: Sequence[PartialSolution]) -> Sampling:
        """The sampling with room for the beam that is shortest; longer ones are cut afterwards."""
        shortest = min((beam.length for beam in beams), default=0)
        return replace(self._draws.sampling, max_new_tokens=self._limit - shortest)

    def _seed(self, beam: PartialSolution, purpose: str) -> int:
        return seed_for(self._draws.run_seed, purpose, self._meter.problems[beam.owner].problem_id, beam.slot)

    def _candidate(self, solution: PartialSolution) -> Candidate:
        assert solution.finish
        finished = solution.finish == "solution"
        return Candidate(
            slot=solution.slot,
            subtree=solution.slot // self._growth.subtree,
            steps=solution.steps,
            tokens=solution.tokens,
            step_ends=solution.step_ends,
            finish=solution.finish,
            answer=extract_answer("\n".join(solution.steps)) if finished else None,
            step_scores=solution.scored.steps if solution.scored else (),
            score=solution.scored.score if solution.scored else None,
            mean_logprob=solution.logprob / solution.length
            if solution.length and solution.logprob is not None
            else None,
            certainties=solution.certainties,
        )


def _check_slots(solutions: Sequence[PartialSolution], n: int) -> None:
    """Check what a method's ``select`` returned.

    Raises:
        InputError: A slot is left out, or given twice.
    """
    slots = [solution.slot for solution in solutions]
    if slots != list(range(n)):
        raise InputError(
            f"select gave the slots {slots[:20]}; give {n} solutions, each copied_to a slot of its own, in order"
        )


def _states_answer(steps: Sequence[str]) -> bool:
    """Whether the steps state an answer; the line put first keeps a single step from being read as an answer itself."""
    return extract_answer("\n".join(["Solution", *steps])) is not None
