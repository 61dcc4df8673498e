"""The page of results is written from the parts that finished runs left, and refuses what is unfinished or does not fit."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from parts_by_hand import part

from stepscale.errors import InputError
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.quantities import quantity
from stepscale.publish.page import finished_run, finished_runs, main
from stepscale.report.claims import settle


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A run that measured best-of-N and revisions alone."""
    return run_of(tmp_path / "data", "7")


def run_of(folder: Path, seed: str, revision: str = "abc123", lead: float = 0.1) -> Path:
    reporting = folder / "08_reporting"
    (reporting / "parts").mkdir(parents=True)
    facts = {"git revision": revision, "machine": "A & B", "seed": seed, "something else": "x"}
    (reporting / "run_facts.json").write_text(json.dumps(facts))
    for one in (part("revisions", ("B4",)), part("best-of-n")):
        (reporting / "parts" / f"{one.name}.json").write_text(one.model_dump_json())
    per_problem = np.random.default_rng(int(seed)).normal(lead, 0.1, 100)
    claim = settle("B10", {"with - without": quantity(bootstrap_interval(per_problem), 0.0, -0.01)}, 1)
    (reporting / "claims.json").write_text(json.dumps([asdict(claim)]))
    return folder


def test_parts_stand_in_the_order_of_the_report_with_the_facts_of_the_run(finished: Path) -> None:
    page = finished_run(finished)
    assert [one.name for one in page.parts] == ["best-of-n", "revisions"]
    assert page.facts == {"git revision": "abc123", "machine": "A & B", "seed": "7"}
    assert {claim.id for claim in page.claims if claim.status == "held"} == {"A1", "B4"}


def test_the_command_prints_revision_and_command_and_refuses_an_unfinished_run(finished: Path, tmp_path: Path) -> None:
    figures = ["--figures", str(tmp_path / "figures")]
    printed = CliRunner().invoke(main, [str(finished), "--command", "kedro run --env thorough", *figures])
    assert printed.exit_code == 0 and "git revision: abc123" in printed.output and "machine: A & B" in printed.output
    assert "Of `kedro run --env thorough`" in printed.output and list((tmp_path / "figures").glob("*.svg"))
    refused = CliRunner().invoke(main, [str(tmp_path), *figures])
    assert refused.exit_code == 1 and "run_facts.json is not there" in refused.output
    (finished / "08_reporting" / "parts" / "revisions.json").write_text("{")
    damaged = CliRunner().invoke(main, [str(finished), *figures])
    assert damaged.exit_code == 1 and "revisions.json: not a part of a report" in damaged.output


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("run_facts.json", "{", "run_facts.json is damaged (Expecting property name"),
        ("run_facts.json", "3", "run_facts.json does not hold the facts of a run"),
        ("claims.json", "[", "claims.json is damaged (Expecting value"),
        ("claims.json", "[3]", "claims.json does not hold the claims of a run"),
        ("claims.json", '{"A1": 1}', "claims.json does not hold the claims of a run"),
    ],
)
def test_a_damaged_file_of_a_run_is_one_line(name: str, content: str, line: str, tmp_path: Path) -> None:
    folders = [str(run_of(tmp_path / seed, seed)) for seed in "12"]
    (tmp_path / "2" / "08_reporting" / name).write_text(content)
    refused = CliRunner().invoke(main, [*folders, "--figures", str(tmp_path / "figures")])
    assert refused.exit_code == 1 and line in refused.output and refused.output.startswith("Error: ")
    assert refused.output.endswith("run the pipeline reporting again\n")


def test_a_place_that_cannot_be_written_to_is_one_line(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = CliRunner().invoke(main, [str(finished), "--figures", str(tmp_path / "file" / "figures")])
    assert refused.exit_code == 1 and refused.output.startswith(
        f"Error: {tmp_path / 'file' / 'figures'} cannot be written"
    )
    words = ["--figures", str(tmp_path / "figures"), "--claims", str(tmp_path / "absent" / "claims.json")]
    refused = CliRunner().invoke(main, [str(finished), *words])
    assert refused.exit_code == 1
    assert f"Error: {tmp_path / 'absent' / 'claims.json'} cannot be written" in refused.output


def test_claims_of_several_seeds_are_settled_once_over_all(tmp_path: Path) -> None:
    page = finished_runs([run_of(tmp_path / seed, seed) for seed in "123"])
    claim = next(claim for claim in page.claims if claim.id == "B10")
    assert (claim.status, claim.seeds, claim.n_problems) == ("held", 3, 300)
    assert {claim.id for claim in page.claims if claim.status != "not measured"} == {"B10"}, (
        "no claim of one seed alone"
    )
    assert page.facts["seed"].startswith("1, 2, 3;") and page.parts[0].name == "seeds"


def test_runs_of_one_seed_or_of_two_revisions_make_no_page(tmp_path: Path) -> None:
    first = run_of(tmp_path / "1", "1")
    for other in (run_of(tmp_path / "again", "1"), run_of(tmp_path / "2", "2", revision="def456")):
        with pytest.raises(InputError, match="differ in their seed alone"):
            finished_runs([first, other])


def test_the_command_prints_what_the_seeds_say_of_a_claim_over_all_and_alone(tmp_path: Path) -> None:
    folders = [str(run_of(tmp_path / seed, seed)) for seed in "123"]
    figures = ["--figures", str(tmp_path / "figures")]
    printed = CliRunner().invoke(main, [*folders, "--command", "make seeds", *figures])
    assert printed.exit_code == 0, printed.output
    rows = [line for line in printed.output.splitlines() if line.startswith("| B10 |")]
    over_all, alone = rows[0], next(row for row in rows if "not measured" in row)
    assert "| held |" in over_all and "Of `make seeds`" in printed.output
    assert alone.count("not measured") == 3, "the parts of these runs settle other claims"


def test_the_quantities_of_claims_over_all_seeds_are_written_as_json(tmp_path: Path) -> None:
    folders = [str(run_of(tmp_path / seed, seed)) for seed in "123"]
    written = tmp_path / "claims.json"
    printed = CliRunner().invoke(main, [*folders, "--figures", str(tmp_path / "figures"), "--claims", str(written)])
    assert printed.exit_code == 0
    bounds = json.loads(written.read_text())["B10"]["with - without"]
    assert bounds["low"] < bounds["estimate"] < bounds["high"]
    assert bounds["estimate"] == pytest.approx(0.1, abs=0.03)
