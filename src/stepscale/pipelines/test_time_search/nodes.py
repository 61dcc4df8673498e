"""Nodes of test_time_search. Heavy libraries are imported where they are used."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stepscale.parameters import GeneratorBlock, SearchBlock
from stepscale.pipelines.sampling import Shards, sample_shards

logger = logging.getLogger(__name__)


def sample_test(
    generator_model: Path,
    problems: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    search: SearchBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Solutions of the test problems and of the held-out family, shard by shard."""
    from stepscale.generation.contract import Sampling
    from stepscale.generation.local import LocalGenerator

    sampling = Sampling(**generator.sampling.model_dump())
    model = LocalGenerator.load(generator_model, prompt_template=generator.prompt)
    for split, counts in (("test", search.samples), ("heldout", search.heldout_samples)):
        chosen = problems[problems["split"] == split]
        if not chosen.empty:
            yield from sample_shards(
                model, generator_model, chosen, counts, sampling, seed, split, finished, search.grading_rules
            )


def score_prm(prm_model: Path, problems: pd.DataFrame, solutions: pd.DataFrame) -> pd.DataFrame:
    """Step scores of every solution by the PRM."""
    return _score(prm_model, "prm", problems, solutions)


def score_orm(orm_model: Path, problems: pd.DataFrame, solutions: pd.DataFrame) -> pd.DataFrame:
    """Step scores of every solution by the ORM (its value at each step; the last one is the solution's)."""
    return _score(orm_model, "orm", problems, solutions)


def _score(folder: Path, name: str, problems: pd.DataFrame, solutions: pd.DataFrame) -> pd.DataFrame:
    from stepscale.cost import Ledger
    from stepscale.verifiers.scores_table import score_solutions
    from stepscale.verifiers.scoring import ModelVerifier

    ledger, started = Ledger(), time.perf_counter()
    scores = score_solutions(ModelVerifier(folder, name), problems, solutions, ledger)
    seconds = time.perf_counter() - started
    logger.info(
        "%s scored %d solutions: %d tokens, %.0f tokens/s", name, len(scores), ledger.tokens, ledger.tokens / seconds
    )
    return scores
