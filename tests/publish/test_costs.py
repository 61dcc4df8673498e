"""What each claim costs: every node behind its part counts once, and those that no other claim needs are told apart."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from parts_by_hand import part

from stepscale.errors import InputError
from stepscale.publish.costs import ClaimCost, claim_costs, main, seconds_behind


def record(folder: Path, name: str, seconds: dict[str, float], *inputs: str, **others: Any) -> None:
    """What made a dataset, as the hooks write it down."""
    path = folder / "lineage" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"seconds": seconds, "inputs": dict.fromkeys(inputs, "an id"), **others}))


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A diamond: both parts need the samples, which need the problems; one of them needs chains too."""
    reporting = tmp_path / "08_reporting"
    (reporting / "parts").mkdir(parents=True)
    (reporting / "run_facts.json").write_text(json.dumps({"seed": "7"}))
    for one in (part("best-of-n", ("A1", "A6")), part("revisions", ("B10", "B4")), part("pool", ())):
        (reporting / "parts" / f"{one.name.replace('-', '_')}.json").write_text(one.model_dump_json())
    record(tmp_path, "problems", {"make": 30.0}, "a_file_of_the_user")
    record(tmp_path, "samples", {"sample": 120.0, "choose": 6.0}, "problems")
    record(tmp_path, "scores", {"score": 60.0}, "samples", "problems")
    record(tmp_path, "best_of_n_part", {"measure": 12.0}, "scores", "samples")
    record(tmp_path, "chains", {"revise": 300.0, "choose": 6.5}, "samples")
    record(tmp_path, "revisions_part", {"show": 3.0}, "chains")
    return tmp_path


def test_every_node_behind_a_part_counts_once(finished: Path) -> None:
    assert seconds_behind(finished, "scores") == {"make": 30, "sample": 120, "choose": 6, "score": 60}
    assert claim_costs(finished) == [
        ClaimCost(("A1", "A6"), 30 + 120 + 6 + 60 + 12, 60 + 12),
        ClaimCost(("B4", "B10"), 30 + 120 + 6.5 + 300 + 3, 300 + 3),
    ]


def test_the_command_prints_minutes(finished: Path) -> None:
    printed = CliRunner().invoke(main, [str(finished)])
    assert printed.exit_code == 0, printed.output
    assert "| A1, A6 | 3.8 | 1.2 |" in printed.output and "| B4, B10 | 7.7 | 5.0 |" in printed.output


def test_a_run_without_times_is_refused_in_one_line(finished: Path) -> None:
    (finished / "lineage" / "problems.json").write_text(json.dumps({"inputs": {}}))
    refused = CliRunner().invoke(main, [str(finished)])
    assert refused.exit_code == 1 and "problems.json holds no times of nodes" in refused.output


def test_a_record_that_is_absent_or_damaged_is_named(finished: Path) -> None:
    place = finished / "lineage" / "revisions_part.json"
    place.unlink()
    with pytest.raises(InputError, match=r"revisions_part\.json is not there"):
        claim_costs(finished)
    place.write_text("{")
    with pytest.raises(InputError, match=r"revisions_part\.json is damaged"):
        claim_costs(finished)
