"""Each campaign with a handful of cases, and the harness: chunks that are saved, gone on with and summed up."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.append(str(Path(__file__).resolve().parents[2]))

from campaigns.__main__ import main
from campaigns.contract import Fault, Findings
from campaigns.files.good_record import GoodRecord
from campaigns.files.judging import fault_of, good_file
from campaigns.files.mutations import mutations
from campaigns.files.records import RECORDS
from campaigns.kills.campaign import KillsCampaign
from campaigns.kills.page import Page
from campaigns.running import run_campaign
from campaigns.text.cases import TextCase, text_case
from campaigns.text.targets import TARGETS
from campaigns.text.watching import Wrong, watched
from campaigns.verdicts.documented import documented
from stepscale.formats import READABLE_FORMATS, Tables

TRL = {"prompt": "1+1?", "completions": ["a", "b"], "labels": [True, False]}


class Odd:
    """Every odd case is at fault."""

    name, kinds, default_cases, cases_per_chunk = "odd", ("odd", "never"), 10, 4

    def __init__(self) -> None:
        self.run_cases: list[int] = []

    def run(self, seed: int, cases: range) -> Findings:
        self.run_cases += cases
        findings = Findings([Fault("odd", case, "") for case in cases if case % 2])
        findings.count("looked_at", len(cases))
        findings.took("looking", float(cases.start))
        return findings


def test_chunks_are_saved_and_only_what_is_missing_is_run(tmp_path: Path) -> None:
    first, second = Odd(), Odd()
    assert run_campaign(first, 8, 0, tmp_path, 99.0)["cases"] == 8
    with (tmp_path / "odd-0.jsonl").open("a") as file:
        file.write('{"first": 8, "en')  # as a kill leaves it
    summary = run_campaign(second, 10, 0, tmp_path, 99.0)
    assert first.run_cases == list(range(8)) and second.run_cases == [8, 9]
    assert summary["cases"] == summary["looked_at"] == 10 and summary["odd"] == 5 and summary["never"] == 0
    assert summary["longest_s"] == {"looking": 8.0}


def test_findings_of_another_revision_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_campaign(Odd(), 4, 0, tmp_path, 99.0)
    monkeypatch.setattr("campaigns.running.code_revision", lambda: "another")
    resumed = Odd()
    run_campaign(resumed, 4, 0, tmp_path, 99.0)
    assert resumed.run_cases == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["text", "files"])
def test_a_campaign_prints_one_line_of_json_without_faults(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [name, "--cases", "5", "--folder", str(tmp_path)])
    summary = json.loads(result.stdout.splitlines()[-1])
    assert summary["campaign"] == name and summary["cases"] == 5 and summary["seed"] == 0, result.output
    assert result.exit_code == 0, (tmp_path / f"{name}-0.jsonl").read_text()


def test_a_case_is_made_of_its_seed_and_number_alone() -> None:
    assert [text_case(3, number) for number in range(20)] == [text_case(3, number) for number in range(20)]
    assert text_case(3, 1) != text_case(4, 1)


def test_a_target_that_raises_or_lets_a_script_through_is_a_fault() -> None:
    def wrong() -> None:
        raise Wrong("executed", "a script")

    findings = Findings()
    watched(findings, 7, "target", lambda: 1 // 0, "text")
    watched(findings, 8, "target", wrong, "text")
    assert [(fault.kind, fault.case) for fault in findings.faults] == [("crashes", 7), ("executed", 8)]
    assert "ZeroDivisionError" in findings.faults[0].detail
    assert set(TARGETS) == {"extraction", "strict grading", "votes", "readers", "page", "policy"}


@pytest.mark.parametrize(("work", "kinds"), [((1.0, 2.0, 3.0, 4.0), []), ((1.0, 1.0), ["hangs"])])
def test_waiting_for_children_is_a_hang_only_if_they_do_nothing(
    work: tuple[float, ...], kinds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = iter(work)
    monkeypatch.setattr("campaigns.text.watching._WAITED_SECONDS", 0.1)
    monkeypatch.setattr("campaigns.text.watching._work_of_children", lambda: next(rung, time.monotonic()))
    findings = Findings()
    watched(findings, 3, "target", lambda: time.sleep(0.35), "text")
    assert [fault.kind for fault in findings.faults] == kinds


@pytest.mark.parametrize(("clock", "kinds"), [((0.0, 1.3, 2.0, 2.1), []), ((0.0, 1.3, 2.0, 3.2), ["hangs"])])
def test_a_long_call_is_a_hang_only_if_it_is_long_twice(
    clock: tuple[float, ...], kinds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(clock)
    monkeypatch.setattr("campaigns.text.watching._work_of_this_process", lambda: next(times))
    findings = Findings()
    watched(findings, 3, "target", lambda: None, "text")
    assert [fault.kind for fault in findings.faults] == kinds and findings.counts == {"slow_once": 1}


def test_a_character_that_the_page_loses_is_a_fault_and_the_backslash_before_a_dollar_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backslashes = TextCase("$1$ a" + "\\" * 3 + "$", "1", "1")  # the page shows one fewer
    TARGETS["page"](backslashes)
    TARGETS["page"](TextCase("\ud800\udfff", "1", "1"))  # JSON makes one character of the two halves
    monkeypatch.setattr(
        "campaigns.text.targets.sample_for_page", lambda sample, mode: {"problem": [sample.problem[1:]]}
    )
    with pytest.raises(Wrong, match="loses characters"):
        TARGETS["page"](backslashes)


def record_of(format_name: str) -> GoodRecord:
    return next(good for good in RECORDS if good.format == format_name)


def test_every_byte_and_key_of_a_record_is_mutated() -> None:
    mutated = [mutation.what for mutation in mutations(TRL)]
    for place in range(len(json.dumps(TRL))):
        assert f"byte {place} deleted" in mutated and f"cut at byte {place}" in mutated
    assert {"prompt deleted", "completions.1 deleted", "labels renamed", "labels.0 is null"} <= set(mutated)
    assert {good.format for good in RECORDS} == set(READABLE_FORMATS) - {"parquet"}


def test_a_loss_is_told_from_a_refusal_and_from_a_harmless_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.files import judging

    good = good_file(GoodRecord("trl_stepwise", TRL), tmp_path)
    assert fault_of(good, json.dumps(TRL | {"prompt": "1+2?"}).encode(), tmp_path) is None
    assert fault_of(good, b'{"prompt": "1+1?"', tmp_path) is None  # refused in one line
    real = judging.read

    def loses_the_second(path: Path, format_name: str, on_error: str) -> object:
        lines = path.read_bytes().splitlines()
        path.write_bytes(b"\n".join(lines[:1] + lines[-1:]))
        return real(path, format_name, on_error=on_error)  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "read", loses_the_second)
    kind, _ = fault_of(good, json.dumps(TRL).encode(), tmp_path) or ("", "")
    assert kind == "silent_losses"


def test_a_text_that_no_table_takes_is_no_loss_though_the_same_text_elsewhere_is_taken(tmp_path: Path) -> None:
    of = record_of("prm800k")
    changed_question, rated = json.loads(json.dumps(of.record)), json.loads(json.dumps(of.record))
    good = good_file(of, tmp_path)
    changed_question["question"]["pre_generated_steps"][0] = "Add 9."  # the tables hold what was rated, "Add 2." too
    assert fault_of(good, json.dumps(changed_question).encode(), tmp_path) is None
    rated["label"]["steps"][0]["completions"][0]["text"] = "Add 9."
    assert fault_of(good, json.dumps(rated).encode(), tmp_path) is None
    blind = replace(good, unread=frozenset())
    assert (fault_of(blind, json.dumps(changed_question).encode(), tmp_path) or ("",))[0] == "silent_losses"


def test_a_record_that_a_filter_leaves_out_and_counts_is_no_loss(tmp_path: Path) -> None:
    of = record_of("prm800k")
    good = good_file(of, tmp_path)
    for flag in ("is_quality_control_question", "is_initial_screening_question"):
        assert fault_of(good, json.dumps(of.record | {flag: True}).encode(), tmp_path) is None


def test_documented_differences_are_told_by_the_pair() -> None:
    assert documented("0.1+0.2", "0.3", "prm800k") == "decimals"
    assert documented("9^{9^9}", "1", "lenient") == "powers"
    assert documented("n(3)!", "6n", "prm800k") == "factorial"
    assert documented("0.5", "-0.50", "prm800k") == documented("3!", "6", "prm800k") == "", "no row is about these"
    assert documented("2", "3", "prm800k") == documented("2", "3", "lenient") == ""


def test_killed_work_is_gone_on_with_and_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.kills.campaign._PRELOADED", ["campaigns.kills.page"])  # it needs no model
    campaign = KillsCampaign((Page(),))
    campaign.cases_per_chunk = 3
    findings = campaign.run(0, range(3))
    # Whether a run ends between its kills depends on the machine; what is looked at then shows in the faults.
    assert findings.faults == [] and findings.counts["kills_labeling"] == 3


@pytest.mark.parametrize("label", [-1, 0, 1])
def test_another_label_of_processbench_has_its_own_number_of_step_labels(
    label: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.files import judging

    of = record_of("processbench")
    good, line = good_file(of, tmp_path), json.dumps(of.record | {"label": label}).encode()
    assert fault_of(good, line, tmp_path) is None
    read = judging.read

    def without_last_label(path: Path, *args: object, **options: object) -> Tables:
        tables = read(path, *args, **options)  # type: ignore[arg-type]
        return replace(tables, step_labels=tables.step_labels.drop(tables.step_labels.index[2]))

    monkeypatch.setattr("campaigns.files.judging.read", without_last_label)
    fault = fault_of(good, line, tmp_path)
    assert fault and fault[0] == "silent_losses", "a label that is lost is a fault as before"


def test_a_step_that_people_wrote_has_a_label_more_and_no_other_value_has(tmp_path: Path) -> None:
    of = record_of("prm800k")
    good, changed = good_file(of, tmp_path), json.loads(json.dumps(of.record))
    changed["label"]["steps"][1]["human_completion"] = "false"
    assert fault_of(good, json.dumps(changed).encode(), tmp_path) is None
    fewer = replace(good, rows=good.rows | {"step_labels": good.rows["step_labels"] - 1})
    assert (fault_of(fewer, json.dumps(changed).encode(), tmp_path) or ("",))[0] == "silent_losses"


def test_how_many_rows_a_changed_form_has_is_said_by_the_record(tmp_path: Path) -> None:
    with_answer = GoodRecord(
        "trl_stepwise", TRL, lambda rows, record, value: rows | {"step_labels": len(value["labels"]) + 1}
    )
    good, line = good_file(with_answer, tmp_path), json.dumps(TRL | {"prompt": "1+2?"}).encode()
    kind, detail = fault_of(good, line, tmp_path) or ("", "")
    assert kind == "silent_losses" and "'step_labels': 2" in detail and "'step_labels': 3" in detail


def test_the_zero_of_openrs_one_solution_is_no_score_and_no_loss(tmp_path: Path) -> None:
    of = record_of("openr")
    good, line = good_file(of, tmp_path), json.dumps(of.record).encode()
    changed = json.loads(line)
    changed["output"][0]["value"] = [-0.0]
    assert fault_of(good, json.dumps(changed).encode(), tmp_path) is None
    assert fault_of(replace(good, rows=good.rows | {"scores": 0}), line, tmp_path) is not None
