"""Chains of revisions as a table: a row per attempt, with all that is needed to choose among them and to price them.

In: chains, scored or not. Out: a solutions table with further columns, and those that depend on the verifier. Here too are
the declared tables of chains and of the examples that a revision model learns from.
"""

from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from stepscale.engine.encoding import Encoded, Text
from stepscale.formats.declarations import Column, Table
from stepscale.formats.tables import SOLUTIONS, validator
from stepscale.revisions.chains import ProblemChains
from stepscale.revisions.costs import WRITING, Counted, in_order, read_pieces, written_pieces
from stepscale.revisions.grid import BY_VERIFIER, PRM, WITHOUT_HISTORY

Encode = Callable[[Iterable[Text]], Sequence[Encoded]]  # a verifier's own encoder

_READ_BY = {
    "score": "score of the attempt; null if it was not scored",
    "tokens_computed": "the attempt's part of all tokens computed for the pool",
    "flops": "the attempt's part of the FLOPs of all models",
    "read_place": "place among what the verifier read of the problem, in order",
    "read_tokens": "tokens the verifier reads of the attempt alone",
    "read_shared": "those that it shares with the attempt one place before",
}


def _read_by(verifier: str, optional: bool = False) -> dict[str, Column]:
    """The columns that depend on the verifier; their names end in its name."""
    return {
        f"{name}_{verifier}".rstrip("_"): Column(
            "float64" if name in ("score", "flops") else "int64",
            nullable=name == "score",
            optional=optional,
            low=0,
            about=_READ_BY[name],
        )
        for name in BY_VERIFIER
    }


REVISION_EXAMPLES = Table(
    "revision_examples",
    {
        **SOLUTIONS.columns,
        "prompt": Column("str", about="the text in the problem's place: the problem, and wrong attempts at it"),
        "context": Column("list[int]", about="sample ids of the wrong attempts in the prompt, in order"),
    },
    key=("problem_id", "sample_id"),
)
REVISION_CHAINS = Table(
    "revision_chains",
    {
        **SOLUTIONS.columns,
        "chain": Column("int64", low=0),
        "position": Column("int64", low=0, about="place of the attempt in its chain, from 0"),
        "context": Column("list[int]", about="positions of the attempts it was shown"),
        **_read_by(""),
        "generator_tokens": Column("int64", low=0, about="of them what was read to write, and written"),
        "generator_flops": Column("float64", low=0),
        "write_place": Column("int64", low=0, about="place among what the generator passed, in order"),
        "write_tokens": Column("int64", low=0, about="tokens the generator passes for the attempt alone"),
        "write_shared": Column("int64", low=0, about="those that it shares with the attempt one place before"),
        **_read_by(WITHOUT_HISTORY),
        **_read_by(PRM, optional=True),
    },
    key=("problem_id", "sample_id"),
)

revision_examples = validator(REVISION_EXAMPLES)
revision_chains = validator(REVISION_CHAINS)


def chains_table(chains_of_all: Sequence[ProblemChains], generator: str) -> pd.DataFrame:
    """A solutions table, not yet graded, with a row per attempt and further columns.

    Args:
        chains_of_all: Chains of each problem.
        generator: Its name in ledgers.

    Returns:
        ``sample_id`` numbers a problem's attempts chain by chain. Further columns: ``chain``, ``position`` (from 0), ``prompt``,
        ``context`` (positions shown), ``score`` (NaN if not scored), ``tokens_computed`` and ``flops`` (all models, as the ledger
        counts), ``generator_tokens`` and ``generator_flops`` (those of what was read to write and of what was written). These are
        parts of what the whole pool cost; the columns ``revisions.costs.WRITING`` tell what any of its chains cost without the
        others.
    """
    rows = []
    for problem_chains in chains_of_all:
        flat = [attempt for chain in problem_chains.chains for attempt in chain]
        writing_costs = in_order([written_pieces(a.prefix, a.candidate.slot, a.candidate.tokens) for a in flat])
        for sample_id, attempt in enumerate(flat):
            candidate = attempt.candidate
            rows.append(
                {
                    "problem_id": problem_chains.problem.problem_id,
                    "sample_id": sample_id,
                    "steps": list(candidate.steps),
                    "tokens": list(candidate.tokens),
                    "step_ends": list(candidate.step_ends),
                    "answer": candidate.answer,
                    "is_correct": None,
                    "finish": candidate.finish,
                    "mean_logprob": candidate.mean_logprob,
                    "generator": generator,
                    "chain": candidate.subtree,
                    "position": candidate.slot,
                    "prompt": attempt.prompt,
                    "context": list(attempt.context),
                    "score": float("nan") if candidate.score is None else candidate.score,
                    "tokens_computed": attempt.ledger.tokens,
                    "flops": attempt.ledger.flops(),
                    "generator_tokens": attempt.ledger.tokens - attempt.ledger.verify_tokens(),
                    "generator_flops": attempt.ledger.flops() - attempt.ledger.verifier_flops(),
                    **dict(zip(WRITING, writing_costs[sample_id], strict=True)),
                }
            )
    return pd.DataFrame(rows)


def judged(chains_of_all: Sequence[ProblemChains], encode: Encode, history: bool) -> pd.DataFrame:
    """The columns ``BY_VERIFIER`` of the chains table, of chains that ``score_chains`` scored with the same ``history``.

    Args:
        chains_of_all: Chains of each problem, scored.
        encode: How the verifier lays out a text in tokens.
        history: Whether it read the earlier attempts that were shown.
    """
    rows = []
    for problem_chains in chains_of_all:
        flat = [attempt for chain in problem_chains.chains for attempt in chain]
        texts = [
            (attempt.prompt if history else problem_chains.problem.text, attempt.candidate.steps) for attempt in flat
        ]
        read = [i for i, attempt in enumerate(flat) if attempt.candidate.score is not None]
        pieces: list[list[Counted]] = [[] for _ in flat]
        for i, encoded in zip(read, encode(texts[i] for i in read), strict=True):
            pieces[i] = read_pieces(*texts[i], encoded)
        rows += [
            [attempt.candidate.score, attempt.ledger.tokens, attempt.ledger.flops(), *place]
            for attempt, place in zip(flat, in_order(pieces).tolist(), strict=True)
        ]
    return pd.DataFrame(rows, columns=BY_VERIFIER).astype({"score": "float64"})
