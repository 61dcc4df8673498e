"""Figure 3 in closed form equals the published evaluator's random procedure within that procedure's own noise."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from stepscale.errors import InputError
from stepscale.formats.scored_samples import read_arrays
from stepscale.studies.best_of_n.figure3 import figure3_curves


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """bench/formats.py: it holds the published procedure, which is timed there and compared with here."""
    spec = importlib.util.spec_from_file_location("formats_bench", Path(__file__).parents[3] / "bench" / "formats.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_closed_form_equals_the_published_procedure_on_a_generated_file(bench: ModuleType, tmp_path: Path) -> None:
    bench.write_scored_samples(tmp_path / "scored.jsonl", 40 * bench.PROBLEMS)
    samples = read_arrays(tmp_path / "scored.jsonl", places=48)  # 8 places of each problem have no line
    few = slice(None, None, 25)
    samples = type(samples)(
        samples.problem_ids[few],
        samples.prm_score[few],
        samples.orm_score[few],
        samples.is_correct[few],
        samples.answered[few],
        samples.answers[few],
        samples.texts,
    )
    ns, trials = (1, 3, 10, 48), 400
    curves = figure3_curves(samples, ns).set_index(["method", "verifier", "n"])["accuracy"]
    for verifier, scores in (("prm", samples.prm_score), ("orm", samples.orm_score)):
        drawn = bench.published_procedure(scores, samples.is_correct, samples.answered, ns, trials)
        noise = drawn.std(axis=0, ddof=1) / np.sqrt(trials)
        ours = np.array([curves["best_of_n", verifier, n] for n in ns])
        assert (np.abs(ours - drawn.mean(axis=0)) <= 4 * noise + 1e-9).all()


def test_a_problem_without_any_answer_counts_as_wrong(bench: ModuleType) -> None:
    scores, correct, answered = bench.arrays(3, 6)
    answered[0] = False
    correct &= answered
    drawn = bench.published_procedure(scores, correct, answered, (6,), 5)
    from stepscale.estimators import best_of_n

    assert best_of_n(scores, correct, [6], mask=answered)[0] == pytest.approx(drawn.mean())


def test_the_curves_are_a_declared_table_and_a_budget_beyond_the_places_is_refused(
    bench: ModuleType, tmp_path: Path
) -> None:
    bench.write_scored_samples(tmp_path / "scored.jsonl", 5 * bench.PROBLEMS)
    samples = read_arrays(tmp_path / "scored.jsonl", places=6)
    curves = figure3_curves(samples, (1, 6))
    assert set(curves["method"]) == {"best_of_n", "weighted", "majority", "pass_at_n"}
    assert (curves["low"] <= curves["accuracy"]).all() and (curves["accuracy"] <= curves["high"]).all()
    with pytest.raises(InputError, match=r"budgets must lie in 1..6"):
        figure3_curves(samples, (7,))
