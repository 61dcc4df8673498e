"""``world-rule``: the rule of thumb on a file of scored samples, by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from stepscale.studies.world_map.commands import world_rule
from stepscale.studies.world_map.tables import WINNERS


def sample(answer: str, right: bool, *scores: float) -> dict[str, object]:
    return {"answer": answer, "author_is_correct": right, "n_steps": len(scores), "step_scores": {"theirs": [*scores]}}


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Three problems of four samples; one is right and scored best, so best-of-N finds it and the vote never does."""
    candidates = [sample("1", True, 0.9, 0.9), *(sample("2", False, 0.5, 0.5) for _ in range(3))]
    shared = {"gold_answer": "1", "model_name": "m", "candidates": candidates}
    path = tmp_path / "samples.jsonl"
    records = [{"problem_id": f"p{i}", "question": f"{i}?", **shared} for i in range(3)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture
def drawn_map(tmp_path: Path) -> Path:
    """Where pass@1 is at most a half the rule says best-of-N, else majority; the map was drawn at 4 and 16."""
    folder = tmp_path / "run" / "08_reporting" / "tables" / "world_map"
    folder.mkdir(parents=True)
    rule = {
        "among": ["votes and best-of-N"] * 3,
        "node": [0, 1, 2],
        "feature": ["pass_at_1", None, None],
        "threshold": [0.5, np.nan, np.nan],
        "left": [1, -1, -1],
        "right": [2, -1, -1],
        "strategy": ["majority", "best-of-N", "majority"],
        "n_cases": [2, 1, 1],
    }
    pd.DataFrame(rule).to_parquet(folder / "rule.parquet")
    words = ("world", "winner", "runner_up")
    winners = {name: ["x", "x"] if name in words else [0.5, 0.5] for name in WINNERS.columns}
    counts = {"labels": 1, "level": 1, "n_problems": 1, "over_optimizes": False, "n": [4, 16]}
    pd.DataFrame(winners | counts).to_parquet(folder / "winners.parquet")
    return tmp_path / "run"


def run_command(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(world_rule, [*map(str, words), "--resamples", "50"])
    return result.exit_code, result.output


def test_the_rule_is_tried_with_each_verifier_and_what_cannot_be_tested_is_said(samples: Path, drawn_map: Path) -> None:
    code, output = run_command(samples, "--map", drawn_map)
    assert code == 0, output
    assert "theirs (pass@1 0.25, the PRM's AUROC 1, steps per sample 2): N = 4: best-of-N\n" in output
    assert "rule 100.0%, minus majority: +100.0% [+100.0%, +100.0%], 3 problems" in output
    assert "minus best-of-N: +0.0%" in output and "Not tested: beam search, revisions" in output


def test_samples_of_another_format_are_recognized(drawn_map: Path, tmp_path: Path) -> None:
    records = [
        {
            "problem": f"{i}?",
            "answer": "1",
            "completion": f"A step.\n\nThe answer is \\boxed{{{answer}}}.",
            "scores": scores,
        }
        for i in range(3)
        for answer, scores in [("1", [0.9, 0.9]), *[("2", [0.5, 0.5])] * 3]
    ]
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    recognized, named = (run_command(path, "--map", drawn_map, *words) for words in ((), ("--format", "sample_lines")))
    assert recognized == named and recognized[0] == 0, recognized
    assert "N = 4: best-of-N\n" in recognized[1]
    code, output = run_command(path, "--map", drawn_map, "--format", "best_of_n")
    assert code == 1 and output.count("\n") == 1, "a format that is named is the only one tried"


def test_a_folder_without_a_map_and_samples_without_step_scores_are_refused_in_one_line(
    samples: Path, drawn_map: Path, tmp_path: Path
) -> None:
    code, output = run_command(samples, "--map", tmp_path)
    assert code == 1 and "holds no rule; run the pipeline world_map first" in output
    records = [json.loads(line) for line in samples.read_text().splitlines()]
    for record in records:
        for candidate in record["candidates"]:
            candidate["step_scores"] = {}
    samples.write_text("".join(json.dumps(record) + "\n" for record in records))
    code, output = run_command(samples, "--map", drawn_map)
    assert code == 1 and output.count("\n") == 1, output


def test_a_damaged_map_is_one_line_that_names_the_file(samples: Path, drawn_map: Path) -> None:
    file = drawn_map / "08_reporting" / "tables" / "world_map" / "winners.parquet"
    file.write_bytes(file.read_bytes()[:200])
    code, output = run_command(samples, "--map", drawn_map)
    assert code == 1 and output.count("\n") == 1
    assert f"{file}: it cannot be read" in output and "delete it and run again what made it" in output
