"""The parts of all studies that were run, together on one page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from kedro.pipeline import Node
from pydantic import BaseModel

from stepscale.report.html_page import html_page
from stepscale.report.part import Part
from stepscale.report.provenance import provenance
from stepscale.report.report_page import ReportPage, in_order

MAIN = ("best_of_n", "samples", "search", "verifiers", "pool", "labels")
STUDIES = ("revisions", "policy", "larger_model", "supervision", "data_loop", "rollouts")
BEYOND = ("later_methods", "solve_or_verify", "world_map", "step_benchmarks")  # what neither paper asks


def nodes() -> list[Node]:
    """Gather the parts, write the page and the last lines of the run."""
    return [
        Node(
            gather_parts,
            inputs={name: f"{name}_part" for name in MAIN},
            outputs="main_parts",
            name="gather_main_parts",
        ),
        Node(
            gather_parts,
            inputs={name: f"{name}_part" for name in STUDIES},
            outputs="study_parts",
            name="gather_study_parts",
        ),
        Node(
            gather_parts,
            inputs={name: f"{name}_part" for name in BEYOND},
            outputs="parts_beyond",
            name="gather_parts_beyond",
        ),
        Node(state_facts, inputs={"seed": "params:seed"}, outputs="run_facts", name="state_facts"),
        Node(
            report,
            inputs={
                "main_parts": "main_parts",
                "study_parts": "study_parts",
                "parts_beyond": "parts_beyond",
                "facts": "run_facts",
                "parameters": "parameters",
            },
            outputs={"report": "report", "claims": "claims", "summary": "summary"},
            name="report",
        ),
        Node(keep_report, inputs={"report": "report"}, outputs=None, name="keep_report"),
    ]


def gather_parts(**parts: Part) -> list[Part]:
    """The parts that have something to show."""
    return [part for part in parts.values() if not part.is_empty]


def state_facts(seed: int) -> dict[str, str]:
    """Revision, versions, machine, time and seed of the run.

    Args:
        seed: The run's seed.
    """
    return {**provenance(), "seed": str(seed)}


def report(
    main_parts: Sequence[Part],
    study_parts: Sequence[Part],
    parts_beyond: Sequence[Part],
    facts: dict[str, str],
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """The page as HTML, all claims, and the few lines that a run ends with.

    Args:
        main_parts: Parts of the pipelines that every run has.
        study_parts: Parts of the studies of the papers.
        parts_beyond: Parts of the studies beyond them.
        facts: What the run is of, by name.
        parameters: All parameters of the run.
    """
    flat = {key: _flat(value) for key, value in parameters.items()}
    page = ReportPage(in_order([*main_parts, *study_parts, *parts_beyond]), facts, flat)
    return {
        "report": html_page(page),
        "claims": [asdict(claim) for claim in page.claims],
        "summary": {"lines": page.summary},
    }


def keep_report(report: str) -> None:
    """Keep the page with every figure as an artifact of the MLflow run, if there is one.

    Args:
        report: The page's HTML.
    """
    from stepscale.tracking import current_run

    run = current_run()
    if run:
        run.text(report, "report.html")


def _flat(value: Any) -> str:
    if isinstance(value, BaseModel):  # a block that Kedro has typed: as the configuration has it
        value = value.model_dump(mode="json", exclude_unset=True)
    return (
        ", ".join(f"{key} {_flat(part)}" for key, part in value.items()) if isinstance(value, Mapping) else str(value)
    )
