"""The page of results is written from the parts that a finished run left, and refuses an unfinished run."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from parts_by_hand import part

from stepscale.publish.page import finished_run, main


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A run that measured best-of-N and revisions alone."""
    reporting = tmp_path / "data" / "08_reporting"
    (reporting / "parts").mkdir(parents=True)
    facts = {"git revision": "abc123", "machine": "A & B", "seed": "7", "something else": "x"}
    (reporting / "run_facts.json").write_text(json.dumps(facts))
    for one in (part("revisions", ("B4",)), part("best-of-n")):
        (reporting / "parts" / f"{one.name}.json").write_text(one.model_dump_json())
    return tmp_path / "data"


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
