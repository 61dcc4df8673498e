"""Reward models of others score the samples beside ours, or alone, and get curves of their own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stepscale.engine.loading import load_token_classifier, load_tokenizer, save
from stepscale.formats.checking import empty
from stepscale.formats.tables import SCORES
from stepscale.formats.tables import scores as check_scores
from stepscale.parameters import SearchBlock
from stepscale.pipelines.test_time_search.nodes import sort_scores
from stepscale.studies.best_of_n.aggregates import score_samples

COUNTS = {"per_problem": 2, "problems_per_shard": 2}


@pytest.fixture(scope="module")
def public(model_of: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A token classifier as TRL trains them."""
    base = model_of(["What is 3+4? so 3+4=7\nthe answer is 7\n"])
    folder = tmp_path_factory.mktemp("public") / "Tiny-PRM"
    save(load_token_classifier(base, num_labels=2), load_tokenizer(base), folder)
    return folder


def test_public_prms_score_samples_of_a_run_without_models_of_its_own(public: Path) -> None:
    problems = pd.DataFrame(
        {"problem_id": ["a"], "problem": ["What is 3+4?"], "answer": "7", "split": "test", "level": 1}
    )
    solutions = pd.DataFrame(
        {
            "problem_id": "a",
            "sample_id": [0, 1],
            "steps": [["so 3+4=7", "the answer is 7"], ["the answer is 6"]],
            "answer": ["7", "6"],
            "is_correct": [True, False],
            "mean_logprob": None,
        }
    )
    search = SearchBlock.model_validate(
        {"samples": COUNTS, "heldout_samples": COUNTS, "public_prms": [{"adapter": "trl", "source": str(public)}]}
    )
    got = check_scores(sort_scores(problems, solutions, empty(SCORES), search)["of_prms"])
    assert got["verifier"].tolist() == ["Tiny-PRM"] * 2
    assert got["negative"].map(len).tolist() == [2, 1]
    scored = score_samples(problems, "test", solutions, got, empty(SCORES))
    assert np.allclose(scored.scores["Tiny-PRM"][0, 0], np.prod(1 - np.array(got["negative"][0])))
