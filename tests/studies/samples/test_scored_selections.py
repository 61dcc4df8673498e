"""The kinds of scores that one verifier may give: step probabilities, or numbers, but not both."""

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.evaluation import evaluate
from stepscale.formats import read
from stepscale.studies.samples.scored_selections import judges_steps


def samples(folder: Path, *scores: dict[str, Any]) -> Path:
    """Two samples of each of two problems with the scores by turns."""
    path = folder / "samples.jsonl"
    lines = [
        {
            "problem": f"{i}?",
            "answer": "2",
            "completion": f"a\n\n\\boxed{{{2 + k}}}",
            "scores": scores[(2 * i + k) % len(scores)],
        }
        for i in range(2)
        for k in range(2)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


@pytest.mark.parametrize("number", [-5, 0, 0.7, 3.5, 1e300])
@pytest.mark.parametrize("steps", [[0.6, 0.6], [0.6]])
def test_a_verifier_that_gave_numbers_and_step_scores_is_refused_by_name(
    tmp_path: Path, steps: list, number: float
) -> None:
    path = samples(tmp_path, {"prm": steps, "orm": 1}, {"prm": number, "orm": 2})
    with pytest.raises(InputError) as refused:
        evaluate(path, bootstrap=10)
    assert str(refused.value) == (
        f"{path}: verifier 'prm' gave step scores for 2 samples and a number for 2, which cannot be ranked together; give all "
        "samples the same kind, or leave this verifier's scores out"
    )
    with pytest.raises(InputError, match="verifier 'prm' gave step scores for 2"):
        judges_steps(read(path, "sample_lines").scores)


def test_a_verifier_of_steps_beside_one_of_numbers_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = samples(tmp_path, {"prm": [0.6, 0.6], "orm": -5}, {"prm": [0.6, 0.5], "orm": 3.5})
    with caplog.at_level(logging.WARNING):
        ways = evaluate(path, bootstrap=10)
    assert {*ways.loc[ways["verifier"] == "orm", "aggregation"]} == {"reward"}
    assert {*ways.loc[ways["verifier"] == "prm", "aggregation"]} == {"product", "min", "last", "mean"}
    assert "rewards" not in caplog.text
    assert judges_steps(read(path, "sample_lines").scores) == ["prm"]


def test_rewards_beside_the_step_scores_of_some_samples_are_left_out_and_never_ranked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tables = read(samples(tmp_path, {"prm": [0.6, 0.6]}, {"prm": [0.9, 0.9]}), "sample_lines")
    scores = tables.scores.assign(reward=pd.array([9.0, None, None, None], "Float64"))
    for name, frame in {"problems": tables.problems, "solutions": tables.solutions, "scores": scores}.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "samples.jsonl").unlink()
    ways = evaluate(tmp_path, bootstrap=10)
    assert "reward" not in set(ways["aggregation"])
    assert (
        "prm: 1 of 4 samples have a reward, so rewards are left out; all are ranked by their probabilities"
        in caplog.text
    )
