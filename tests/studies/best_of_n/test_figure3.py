"""Figure 3 in closed form equals the published evaluator's random procedure within that procedure's own noise."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from stepscale.estimators import best_of_n
from stepscale.estimators.samples import sample_grid
from stepscale.formats import read


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """bench/_published_files.py: it holds the published procedure, which the bench times and which is compared with here."""
    spec = importlib.util.spec_from_file_location(
        "published_files", Path(__file__).parents[3] / "bench" / "_published_files.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_closed_form_equals_the_published_procedure_on_a_generated_file(bench: ModuleType, tmp_path: Path) -> None:
    bench.write_scored_samples(tmp_path / "scored.jsonl", 40 * bench.PROBLEMS)
    data = read(tmp_path / "scored.jsonl", "scored_samples", steps=False)
    grid = sample_grid(data.problems, data.solutions, places=48)  # 8 places of each problem have no line
    few = slice(None, None, 25)
    correct, answered = grid.correct[few], grid.mask[few]
    ns, trials = (1, 3, 10, 48), 400
    for verifier in ("prm", "orm"):
        rewards = data.scores.loc[data.scores["verifier"] == verifier, "reward"].to_numpy(dtype=float)
        scores = grid.place(rewards)[few]
        simulated = bench.published_procedure(scores, correct, answered, ns, trials)
        noise = simulated.std(axis=0, ddof=1) / np.sqrt(trials)
        assert (
            np.abs(best_of_n(scores, correct, ns, mask=answered) - simulated.mean(axis=0)) <= 4 * noise + 1e-9
        ).all()


def test_a_problem_without_any_answer_counts_as_wrong(bench: ModuleType) -> None:
    scores, correct, answered = bench.arrays(3, 6)
    answered[0] = False
    correct &= answered
    simulated = bench.published_procedure(scores, correct, answered, (6,), 5)
    assert best_of_n(scores, correct, [6], mask=answered)[0] == pytest.approx(simulated.mean())
