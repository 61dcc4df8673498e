"""The online policy in use: draw probes, stop if sure, else draw more samples or search, and vote over all that was drawn.

In: problems, a Generator, a Verifier, an ``OnlinePolicy`` and the search methods by the names of its runs. Out: a result per
problem, with its whole cost. Each decision is that of ``estimators.online_policy``, which was chosen on other problems; no gold
answer is used. Sample i has the seed that best-of-N gives it, so with the same run seed the probes are best-of-N's first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stepscale.cost import Ledger
from stepscale.engine.caching import clear_cache
from stepscale.errors import InputError
from stepscale.estimators.online_policy import Action, OnlinePolicy
from stepscale.generation.contract import Generator, Sampling
from stepscale.grading import Rules
from stepscale.search.answer_selection import choose, group_candidate_answers
from stepscale.search.asking import checked_sampling
from stepscale.search.best_of_n import draw_candidates
from stepscale.search.metering import Meter
from stepscale.search.method import SearchMethod, SeededSampling
from stepscale.search.methods import search
from stepscale.search.results import Candidate, Problem, SearchResult, checked_problems
from stepscale.search.scoring import score_candidates
from stepscale.seeds import seed_for
from stepscale.verifiers.aggregation import Aggregation, NeutralIs
from stepscale.verifiers.contract import Verifier


def search_online(
    problems: Iterable[Problem],
    generator: Generator,
    verifier: Verifier,
    policy: OnlinePolicy,
    runs: Mapping[str, SearchMethod],
    sampling: Sampling,
    *,
    run_seed: int,
    ledger: Ledger | None = None,
    aggregation: Aggregation = "last",
    neutral_is: NeutralIs = "positive",
    rules: Rules = "prm800k",
) -> list[SearchResult]:
    """Solve problems as the policy decides, by models whose caches are cleared first, as for ``search``.

    Args:
        problems: What is to be solved.
        generator: Writes the solutions.
        verifier: Scores their steps.
        policy: Decides after the probes.
        runs: The searches that the policy may switch to, by name.
        sampling: How tokens are drawn.
        run_seed: Seed of the run.
        ledger: What was computed is added to it.
        aggregation: Step scores to a solution's score, as in the policy's simulation.
        neutral_is: What a neutral step counts as, likewise.
        rules: Grading rules by which answers are equal, likewise.

    Returns:
        A result for each problem, in order. ``strategy`` says what was done after the probes; ``budget`` is the generations used;
        ``confidence`` is the winner's sum of scores per solution.

    Raises:
        InputError: The policy names a run that ``runs`` lacks, or as for ``search``.
    """
    problems, sampling = checked_problems(problems), checked_sampling(sampling)
    unknown = {action.run for action in policy.actions if action.run} - set(runs)
    if unknown:
        raise InputError(
            f"the online policy switches to {sorted(unknown)}, which are not among the runs {sorted(runs)}"
        )
    for model in (generator, verifier):
        clear_cache(model)
    meter = Meter(problems, generator, verifier, ledger)
    sampler = _Sampler(meter, SeededSampling(sampling, run_seed, rules), aggregation, neutral_is)
    states = [_State(i, rules) for i in range(len(problems))]
    sampler.draw(states, policy.probes)
    for state in states:
        if state.vote_share < policy.sure:
            state.action = policy.action(state.mean_score)
    while going := [s for s in states if s.samples_on and s.vote_share < policy.sure]:
        sampler.draw(going, 2 * len(going[0].candidates))
    results = _switched(meter, states, verifier, runs, sampler.draws, ledger)
    return [
        _result(p, s, meter.ledgers[s.owner], results.get(s.owner), run_seed)
        for p, s in zip(problems, states, strict=True)
    ]


@dataclass
class _State:
    """A problem in progress. ``action`` is None as long as the probes suffice."""

    owner: int
    rules: Rules
    candidates: list[Candidate] = field(default_factory=list)
    action: Action | None = None

    @property
    def samples_on(self) -> bool:
        """Whether its action asks for more samples."""
        return self.action is not None and self.action.run is None and len(self.candidates) < self.action.samples

    @property
    def mean_score(self) -> float:
        """Mean score of its candidates in [0, 1]; one without a score counts as 0."""
        return sum(c.score or 0.0 for c in self.candidates) / len(self.candidates)

    @property
    def vote_share(self) -> float:
        """The greatest sum of scores of one answer, per candidate."""
        return _vote_share(self.candidates, self.rules)


def _vote_share(candidates: Sequence[Candidate], rules: Rules) -> float:
    """The greatest sum of scores of one answer, per solution."""
    able = [c for c in candidates if c.answer is not None and c.score is not None]
    sums: dict[str, float] = {}
    for candidate, answer in zip(able, group_candidate_answers(able, rules), strict=True):
        sums[answer] = sums.get(answer, 0.0) + (candidate.score or 0.0)
    return max(sums.values(), default=0.0) / len(candidates)


@dataclass(frozen=True)
class _Sampler:
    """Draws and scores samples of all problems in common calls."""

    meter: Meter
    draws: SeededSampling
    aggregation: Aggregation
    neutral_is: NeutralIs

    def draw(self, states: Sequence[_State], up_to: int) -> None:
        """Draw more samples of each state, and score them, in two calls for all states.

        Args:
            states: Of the problems; their candidates are added to.
            up_to: Samples that each shall have, or as many as its action allows.
        """
        draws_due = [(s, slot) for s in states for slot in range(len(s.candidates), _most(s, up_to))]
        candidates = draw_candidates(self.meter, self.draws, [(state.owner, slot) for state, slot in draws_due])
        able = [i for i, candidate in enumerate(candidates) if candidate.answer is not None]
        owners = [draws_due[i][0].owner for i in able]
        scored = score_candidates(self.meter, owners, [candidates[i] for i in able], self.aggregation, self.neutral_is)
        for i, candidate in zip(able, scored, strict=True):
            candidates[i] = candidate
        for (state, _), candidate in zip(draws_due, candidates, strict=True):
            state.candidates.append(candidate)


def _most(state: _State, up_to: int) -> int:
    return up_to if state.action is None else min(up_to, state.action.samples)


def _switched(
    meter: Meter,
    states: Sequence[_State],
    verifier: Verifier,
    runs: Mapping[str, SearchMethod],
    draws: SeededSampling,
    ledger: Ledger | None,
) -> dict[int, SearchResult]:
    """The search results of the problems whose action is a run, by owner; one call per run."""
    by_owner: dict[int, SearchResult] = {}
    for name, method in runs.items():
        owners = [s.owner for s in states if s.action is not None and s.action.run == name]
        # another seed than the probes': a search of whole samples would only draw them again
        seed = seed_for(draws.run_seed, "online-run")
        switched = [meter.problems[i] for i in owners]
        results = search(
            switched,
            meter.generator,
            verifier,
            method,
            draws.sampling,
            run_seed=seed,
            ledger=ledger,
            rules=draws.rules,
            clear_caches=False,
        )
        by_owner.update(zip(owners, results, strict=True))
    return by_owner


def _result(problem: Problem, state: _State, spent: Ledger, run: SearchResult | None, run_seed: int) -> SearchResult:
    probes = state.candidates
    moved = [replace(c, slot=c.slot + len(probes)) for c in run.candidates] if run else []
    pool = (*probes, *moved)
    won = choose(pool, "weighted", seed_for(run_seed, "online-tie", problem.problem_id), state.rules)
    after = "sure at once" if state.action is None else f"then {run.strategy}" if run else "sampled on"
    return SearchResult(
        problem_id=problem.problem_id,
        strategy=f"online {len(probes)} samples, {after}",
        budget=len(probes) + (run.budget if run else 0),
        rounds=1 + (run.rounds if run else 0),
        candidates=pool,
        answer=won.answer,
        chosen=won.candidate,
        confidence=None if won.answer is None else _vote_share(pool, state.rules),
        ledger=spent + run.ledger if run else spent,
    )
