"""Nodes of test_time_search. Heavy libraries are imported where they are used."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stepscale.engine.placement import Placement
from stepscale.labeling.options import RolloutOptions
from stepscale.parameters import (
    GeneratorBlock,
    GivenSamples,
    LargerBlock,
    RevisionsBlock,
    SearchBlock,
    VerifierBlock,
)
from stepscale.pipelines.sampling import Shards, manifest, open_generator, sample_shards, together
from stepscale.pipelines.test_time_search.searches import check_recorded
from stepscale.search.plan import SearchPlan
from stepscale.verifiers.contract import Verifier

logger = logging.getLogger(__name__)


def choose_test_problems(
    problems: pd.DataFrame | None,
    search: SearchBlock,
    tree_search: SearchPlan | None = None,
    revisions: RevisionsBlock | None = None,
    larger: LargerBlock | None = None,
    rollouts: RolloutOptions | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The problems to search on, with the samples and scores that came with them.

    The test problems and the held-out family, without samples; or, where samples are given, the problems these are of, but for
    those that models of our own learned from, if any of these is to work on them. Raises InputError if none is left, or if what
    ``tree_search`` compares with is not given: as many samples as it has budgets, their tokens, the scores of "prm" if any;
    or, for ``larger``, their tokens.
    """
    from stepscale.errors import InputError
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import SCORES, SOLUTIONS

    if search.given_samples:
        given, path = _read_given(search.given_samples, search), search.given_samples.path
        if problems is not None and (given[2].empty or any((tree_search, revisions, larger, rollouts))):
            given = _unlearned(*given, problems)
        if tree_search:
            check_recorded(*given[:2], tree_search, f"give more of them ({path})")
            _check_scored(given[2], path)
        if tree_search or larger:
            _check_priced(given[1], "tree_search" if tree_search else "larger", path)
        return given
    if problems is None:
        raise InputError("there are no problems: run ingestion, or give search.given_samples a path and a format")
    kept = problems[problems["split"].isin(["test", "heldout"])].reset_index(drop=True)
    return kept, empty(SOLUTIONS), empty(SCORES)


def _unlearned(
    given: pd.DataFrame, solutions: pd.DataFrame, scores: pd.DataFrame, problems: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What is given, without the problems that were learned from."""
    from stepscale.errors import InputError
    from stepscale.formats.splits import without_leaks

    left = without_leaks(given, problems[problems["split"].isin(["train", "valid"])])
    if left.empty:
        raise InputError(
            f"search.given_samples: all {len(given)} problems are among those that the models here learned from; give others"
        )
    if len(left) < len(given):
        logger.warning(
            "%d problems of the given samples are left out: models here learned from them", len(given) - len(left)
        )
    kept = set(left["problem_id"])
    return left, solutions[solutions["problem_id"].isin(kept)], scores[scores["problem_id"].isin(kept)]


def _check_priced(solutions: pd.DataFrame, key: str, path: str) -> None:
    from stepscale.errors import InputError

    if not solutions["tokens"].map(len).any():
        raise InputError(
            f"{key}: the samples of {path} have no tokens, so what they cost is unknown; give them or set it to null"
        )


def _check_scored(scores: pd.DataFrame, path: str) -> None:
    from stepscale.errors import InputError

    if len(scores) and "prm" not in set(scores["verifier"]):
        raise InputError(
            f"tree_search: {path} holds scores, and none of a verifier 'prm', with which searches are compared; name it so, "
            "leave the scores out, or set tree_search to null"
        )


def _read_given(given: GivenSamples, search: SearchBlock) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    from stepscale.errors import InputError
    from stepscale.formats import read
    from stepscale.grading import extract_answer, grade_many

    tables = read(given.path, given.format, **given.options)
    problems = tables.problems.head(given.limit) if given.limit else tables.problems
    kept = set(problems["problem_id"])
    solutions, scores = (part[part["problem_id"].isin(kept)] for part in (tables.solutions, tables.scores))
    if solutions.empty:
        raise InputError(f"{given.path}: it holds no samples; give a file of problems with sampled solutions")
    solutions = solutions.assign(finish=solutions["finish"].fillna("solution"))  # who does not tell it has whole ones
    if solutions["answer"].isna().all() and solutions["is_correct"].isna().all():  # nobody took them from the texts yet
        texts = zip(solutions["steps"], solutions["finish"], strict=True)
        answers = [extract_answer("\n".join(steps)) if end == "solution" else None for steps, end in texts]
        solutions = solutions.assign(answer=pd.Series(answers, solutions.index, dtype="str"))
    cut = solutions["finish"] == "length"  # it came to no end, so what stands there is no answer
    solutions = solutions.assign(
        answer=solutions["answer"].mask(cut),
        is_correct=solutions["is_correct"].mask(cut & solutions["is_correct"].notna(), False),
    )
    open_ = solutions["is_correct"].isna() & solutions["answer"].notna()
    golds = solutions["problem_id"].map(dict(zip(problems["problem_id"], problems["answer"], strict=True)))
    verdicts = grade_many(list(solutions["answer"][open_]), list(golds[open_]), rules=search.grading_rules)
    solutions = solutions.assign(
        is_correct=solutions["is_correct"].mask(open_, pd.Series(verdicts, solutions.index[open_], dtype="boolean"))
    )
    logger.info(
        "%d given samples of %d problems (%d graded here), scored by %s",
        len(solutions),
        len(problems),
        len(verdicts),
        ", ".join(scores["verifier"].unique()) or "nobody",
    )
    return problems.assign(split="test"), solutions, scores


def sample_test(
    generator_model: Path | None,
    problems: pd.DataFrame,
    given_samples: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    search: SearchBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Solutions of the test problems and of the held-out family, shard by shard; or the given ones, as one shard."""
    from stepscale.errors import InputError

    if search.given_samples:
        yield {"given": given_samples, **manifest("test", ["given"]), **manifest("heldout")}
        return
    from stepscale.generation.contract import Sampling

    if generator_model is None:
        raise InputError("there is no generator: run ingestion, or give search.given_samples a path and a format")
    sampling = Sampling(**generator.sampling.model_dump())
    model = open_generator(generator_model, generator, seed)
    pieces = []
    for split, counts in (("test", search.samples), ("heldout", search.heldout_samples)):
        chosen = problems[problems["split"] == split]
        if chosen.empty:
            pieces.append(iter([manifest(split)]))
        else:
            pieces.append(
                sample_shards(
                    model, generator_model, chosen, counts, sampling, seed, split, finished, search.grading_rules
                )
            )
    yield from together(*pieces)


def score_prm(
    prm_model: Path | None,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    given_scores: pd.DataFrame,
    verifiers: VerifierBlock,
    search: SearchBlock,
) -> pd.DataFrame:
    """Step scores of every solution by the PRM and by public PRMs; of given scores, those by verifiers that judged steps."""
    scores, _ = _by_kind(given_scores)
    if prm_model is not None and given_scores.empty:
        scores = _score(prm_model, "prm", problems, solutions, verifiers.placement)
    for config in search.public_prms:
        from stepscale.verifiers.adapters import open_public_verifier

        scores = pd.concat([scores, _score_with(open_public_verifier(config), problems, solutions)], ignore_index=True)
    return scores


def score_orm(
    orm_model: Path | None,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    given_scores: pd.DataFrame,
    verifiers: VerifierBlock,
) -> pd.DataFrame:
    """Step scores of every solution by the ORM (its value at each step; the last one is the solution's); of given
    scores, those by verifiers that gave one number a solution.
    """
    _, judged_whole = _by_kind(given_scores)
    if orm_model is None or len(given_scores):
        return judged_whole
    return _score(orm_model, "orm", problems, solutions, verifiers.placement)


def _by_kind(scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores of verifiers that judged steps, and of those that gave every solution one score."""
    several = scores["negative"].map(len).gt(1).astype(bool)
    of_steps = scores["verifier"].isin(set(scores["verifier"][several]))
    return scores[of_steps], scores[~of_steps]


def _score(
    folder: Path, name: str, problems: pd.DataFrame, solutions: pd.DataFrame, placement: Placement
) -> pd.DataFrame:
    from stepscale.verifiers.scoring import ModelVerifier

    return _score_with(ModelVerifier(folder, name, **placement.model_dump()), problems, solutions)


def _score_with(verifier: Verifier, problems: pd.DataFrame, solutions: pd.DataFrame) -> pd.DataFrame:
    from stepscale.cost import Ledger
    from stepscale.verifiers.scores_table import score_solutions

    ledger, started = Ledger(), time.perf_counter()
    scores = score_solutions(verifier, problems, solutions, ledger)
    rate = ledger.tokens / (time.perf_counter() - started)
    logger.info("%s scored %d solutions: %d tokens, %.0f tokens/s", verifier.name, len(scores), ledger.tokens, rate)
    return scores
