"""Nodes of test_time_search: test problems, their samples, and scores of these. Heavy libraries are imported where used."""

import logging
import time
from pathlib import Path

import pandas as pd

from stepscale.engine.placement import Placement
from stepscale.parameters import GeneratorBlock, SearchBlock, VerifierBlock
from stepscale.pipelines.sampling import GradedSampler
from stepscale.pipelines.test_time_search.given_samples import read_given, without_learned
from stepscale.resume import ShardPlan
from stepscale.studies.samples.ways import judges_steps
from stepscale.verifiers.contract import Verifier

logger = logging.getLogger(__name__)


def choose_test_problems(problems: pd.DataFrame) -> pd.DataFrame:
    """The test problems and, in the lab, those of the held-out family."""
    return problems[problems["split"].isin(["test", "heldout"])].reset_index(drop=True)


def sample_test(
    generator_model: Path, test_problems: pd.DataFrame, generator: GeneratorBlock, search: SearchBlock, seed: int
) -> ShardPlan:
    """Graded solutions of the test problems and of the held-out family."""
    sampler = GradedSampler(generator_model, generator, seed)
    heldout, test = (
        sampler.plan(split, test_problems[test_problems["split"] == split], counts, rules=search.grading_rules)
        for split, counts in (("heldout", search.heldout_samples), ("test", search.samples))
    )
    return heldout + test


def read_samples(search: SearchBlock) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Somebody's samples: their problems, the samples, graded, and the scores that came with them."""
    return read_given(search)


def read_samples_to_judge(problems: pd.DataFrame, search: SearchBlock) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Somebody's samples for models here to judge, without the problems that these learned from."""
    test_problems, solutions, _ = read_given(search)
    return without_learned(test_problems, solutions, problems)


def score_with_prm(
    prm_model: Path,
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    verifiers: VerifierBlock,
    search: SearchBlock,
) -> pd.DataFrame:
    """Step scores of every solution by the PRM, and by public PRMs where ``search.public_prms`` names any."""
    ours = _score_with_folder(prm_model, "prm", test_problems, test_solutions, verifiers.placement)
    return pd.concat([ours, *_public_scores(test_problems, test_solutions, search)], ignore_index=True)


def score_with_orm(
    orm_model: Path, test_problems: pd.DataFrame, test_solutions: pd.DataFrame, verifiers: VerifierBlock
) -> pd.DataFrame:
    """Step scores of every solution by the ORM: its value at each step; the last one is the solution's."""
    return _score_with_folder(orm_model, "orm", test_problems, test_solutions, verifiers.placement)


def sort_scores(
    test_problems: pd.DataFrame, test_solutions: pd.DataFrame, given_scores: pd.DataFrame, search: SearchBlock
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Given scores by those who judged steps, public PRMs with them, and by those who gave every solution one number."""
    of_steps = given_scores["verifier"].isin(judges_steps(given_scores))
    by_step = [given_scores[of_steps], *_public_scores(test_problems, test_solutions, search)]
    return pd.concat(by_step, ignore_index=True), given_scores[~of_steps]


def _public_scores(problems: pd.DataFrame, solutions: pd.DataFrame, search: SearchBlock) -> list[pd.DataFrame]:
    from stepscale.verifiers.adapters import open_public_verifier

    return [_score(open_public_verifier(config), problems, solutions) for config in search.public_prms]


def _score_with_folder(
    folder: Path, name: str, problems: pd.DataFrame, solutions: pd.DataFrame, placement: Placement
) -> pd.DataFrame:
    from stepscale.verifiers.scoring import ModelVerifier

    return _score(ModelVerifier(folder, name, **placement.model_dump()), problems, solutions)


def _score(verifier: Verifier, problems: pd.DataFrame, solutions: pd.DataFrame) -> pd.DataFrame:
    from stepscale.cost import Ledger
    from stepscale.verifiers.scores_table import score_solutions

    ledger, started = Ledger(), time.perf_counter()
    scores = score_solutions(verifier, problems, solutions, ledger)
    rate = ledger.tokens / (time.perf_counter() - started)
    logger.info("%s scored %d solutions: %d tokens, %.0f tokens/s", verifier.name, len(scores), ledger.tokens, rate)
    return scores
