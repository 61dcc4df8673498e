"""What it costs to draw N whole samples and to score them, so that best-of-N stands on the axes of searches.

In: recorded samples and the length of their prompts. Out: tokens and FLOPs (2 P D) per problem, in expectation over which N of
the recorded samples are drawn: exact, nothing is drawn again. It counts as the engines do (``generation.local``,
``verifiers.scoring``): the prompt is read once by each model. Tokens that several samples share from their beginnings are
passed through the generator once, a sample's last token not at all. Steps that finished samples share from their beginnings
are read by the verifier once. Searches are counted alike. Knows nothing about how answers are chosen.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.estimators.arrays import Floats
from stepscale.studies.search.tables import SAMPLE_COSTS

Steps = tuple[str, ...]


def sample_costs(
    prompts: Mapping[str, int],
    samples: pd.DataFrame,
    ns: Sequence[int],
    generator: int,
    verifier: int,
    read_prompts: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """What samples cost, a row for each (problem, n).

    Args:
        prompts: Tokens of each problem's prompt.
        samples: A solutions table with tokens, as many rows for every problem as samples were drawn.
        ns: Samples per problem to choose from.
        generator: Parameters of the generator.
        verifier: Parameters of the verifier.
        read_prompts: Tokens of each problem's prompt for a verifier with a prompt or tokenizer of its own, whose step
            ends are in the column ``read_ends``; None: it reads the generator's tokens.
    """
    rows = []
    by_problem = dict(list(samples.groupby("problem_id", sort=False))) if prompts else {}
    for problem_id, prompt in prompts.items():
        recorded = by_problem.get(problem_id, samples.head(0))
        decode = _written(list(recorded["tokens"]), ns)
        verify = _read(recorded, (read_prompts or prompts)[problem_id], ns)
        for n, n_written, n_read in zip(ns, decode, verify, strict=True):
            flops = 2.0 * generator * (prompt + n_written), 2.0 * verifier * n_read
            rows.append([problem_id, int(n), float(prompt), float(n_written), float(n_read), *flops])
    return pd.DataFrame(rows, columns=list(SAMPLE_COSTS.columns))


def _written(samples: Sequence[Sequence[int]], ns: Sequence[int]) -> Floats:
    """Tokens [len(ns)] passed through the generator in expectation: each beginning once, without the last token of a sample."""
    lengths = np.array([max(len(tokens) - 1, 0) for tokens in samples])
    if not lengths.max(initial=0):
        return np.zeros(len(ns))
    table = np.full((len(samples), lengths.max()), -1)
    for row, (tokens, length) in enumerate(zip(samples, lengths, strict=True)):
        table[row, :length] = tokens[:length]
    table = table[np.lexsort(table.T[::-1])]  # samples of one beginning now lie together
    begins = np.ones(table.shape, bool)
    begins[1:] = np.logical_or.accumulate(table[1:] != table[:-1], axis=1)
    # down each column, how many samples lie between one beginning and the next
    starts = np.flatnonzero(begins.T)
    sizes = np.diff(starts, append=table.size)
    counts, beginnings = np.unique(sizes[table.T.ravel()[starts] >= 0], return_counts=True)
    return np.array([beginnings @ chance_among(counts, len(samples), n) for n in ns])


def _read(recorded: pd.DataFrame, prompt: int, ns: Sequence[int]) -> Floats:
    """Tokens [len(ns)] that a verifier reads in expectation: the prompt, and each beginning of a solution once."""
    weights: dict[Steps, int] = {}
    counts: dict[Steps, int] = {}
    for beginning, length in _beginnings(recorded[recorded["finish"] == "solution"]):
        weights[beginning] = length if beginning else prompt
        counts[beginning] = counts.get(beginning, 0) + 1
    if not counts:
        return np.zeros(len(ns))
    tokens = np.array([weights[beginning] for beginning in counts], float)
    return np.array([tokens @ chance_among(np.array(list(counts.values())), len(recorded), n) for n in ns])


def _beginnings(finished: pd.DataFrame) -> Iterator[tuple[Steps, int]]:
    """Every beginning of every solution, the empty one first, with the tokens of its last step."""
    for steps, ends in zip(finished["steps"], finished.get("read_ends", finished["step_ends"]), strict=True):
        texts = tuple(steps)
        yield (), 0
        for i, (before, end) in enumerate(pairwise([-1, *ends])):
            yield texts[: i + 1], int(end - before)


def chance_among(counts: NDArray[np.int64], places: int, n: int) -> Floats:
    """Chance that at least one marked place is among n drawn without replacement.

    Args:
        counts: Number of marked places [...].
        places: Number of all places.
        n: Places drawn.

    Returns:
        [...].
    """
    unmarked = places - counts
    shares = [(unmarked - i) / (places - i) for i in range(n)]  # of unmarked places, as one after another is drawn
    return np.asarray(1 - np.prod(np.maximum(shares, 0), axis=0))
