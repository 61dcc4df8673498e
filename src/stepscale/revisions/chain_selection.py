"""Which answer of several chains wins (Snell et al. 2024, I and J).

In: candidates by chain. Out: the answer, and where it stands. Hierarchical: best-of-N weighted within each chain, each chain
is then represented by its answer's best-scored solution, and best-of-N weighted across these. Flat: one vote over all
attempts of all chains, as if they were independent samples. ``selection`` decides which attempts may win and how ties are
settled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stepscale.grading import Rules
from stepscale.search.answer_selection import AnswerSelection, choose
from stepscale.search.results import Candidate
from stepscale.seeds import seed_for


@dataclass(frozen=True)
class ChainChoice:
    """The winning answer of several chains, and the attempt that stands for it; all None if no attempt may win.

    Attributes:
        answer: The answer.
        chain: Index of the attempt's chain.
        position: Its place in the chain, from 0.
        confidence: Its share of the votes (across chains where hierarchical), or its score where the best single one wins.
    """

    answer: str | None = None
    chain: int | None = None
    position: int | None = None
    confidence: float | None = None


def hierarchical(
    chains: Sequence[Sequence[Candidate]],
    seed: int,
    stands: Callable[[int], int | None] | None = None,
    rules: Rules | None = "prm800k",
) -> ChainChoice:
    """Weighted within each chain, then weighted across the chains' representatives.

    Args:
        chains: Attempts by chain.
        seed: Settles ties.
        stands: The ``representative`` of a chain by its number, where it is known already.
        rules: As in ``choose``.
    """
    representatives: list[tuple[int, int, Candidate]] = []
    for number, chain in enumerate(chains):
        tie = seed_for(seed, "revision-chain-tie", sample_id=number)
        place = stands(number) if stands else representative(chain, tie, rules)
        if place is not None:
            representatives.append((number, place, chain[place]))
    won = choose([candidate for _, _, candidate in representatives], "weighted", seed_for(seed, "revision-tie"), rules)
    if won.candidate is None:
        return ChainChoice()
    return ChainChoice(won.answer, *representatives[won.candidate][:2], won.confidence)


def representative(chain: Sequence[Candidate], seed: int, rules: Rules | None = "prm800k") -> int | None:
    """Position of the best-scored solution of the chain's weighted answer; None if no attempt may win.

    Args:
        chain: Attempts of one chain, in their order.
        seed: Settles ties.
        rules: The grading rules by which answers are equal; None: they are compared as text.
    """
    return choose(chain, "weighted", seed, rules).candidate


def flat(
    chains: Sequence[Sequence[Candidate]], selection: AnswerSelection, seed: int, rules: Rules | None = "prm800k"
) -> ChainChoice:
    """One vote over all attempts: "majority" is the paper's; "weighted" and "best" need scores.

    Args:
        chains: Attempts of each chain, in order.
        selection: How the answer is selected.
        seed: Breaks ties.
        rules: Grading rules by which answers are equal; None: by their texts.
    """
    places = [(number, position) for number, chain in enumerate(chains) for position in range(len(chain))]
    won = choose(
        [chains[number][position] for number, position in places], selection, seed_for(seed, "revision-tie"), rules
    )
    if won.candidate is None:
        return ChainChoice()
    return ChainChoice(won.answer, *places[won.candidate], won.confidence)
