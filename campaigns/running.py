"""A campaign run chunk by chunk, each saved when it is done, and its summary.

In: a campaign, a number of cases, a seed and a folder. Out: one dict. A campaign that was stopped goes on with the chunks
that are missing. Findings of another revision of the code do not count.
"""

import json
import os
import platform
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from campaigns.contract import Campaign, Findings
from stepscale.progress import progress
from stepscale.revision import code_revision

Chunk = dict[str, Any]


def run_campaign(campaign: Campaign, cases: int, seed: int, folder: Path, seconds: float) -> dict[str, Any]:
    """Run what is missing and sum everything up.

    Args:
        campaign: What is run.
        cases: How many in all.
        seed: Of the cases.
        folder: Of the findings: ``<name>-<seed>.jsonl`` with a line per chunk.
        seconds: No chunk begins later; the rest is for the next call.

    Returns:
        The summary: cases, a count per kind of fault, facts, the longest times, revision and machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, revision, began = folder / f"{campaign.name}-{seed}.jsonl", code_revision(), time.monotonic()
    done = {(chunk["first"], chunk["end"]): chunk for chunk in _saved(file) if chunk["revision"] == revision}
    step = campaign.cases_per_chunk
    chunks = [(first, min(first + step, cases)) for first in range(0, cases, step)]
    with progress(f"campaign {campaign.name}", cases, "cases") as bar:
        for first, end in chunks:
            if (first, end) not in done:
                if time.monotonic() - began > seconds:
                    break
                done[first, end] = _run_chunk(campaign, seed, range(first, end), revision)
                with file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(done[first, end]) + "\n")
            bar.update(end - first)
    return _summary(campaign, seed, revision, [done[chunk] for chunk in chunks if chunk in done])


def _run_chunk(campaign: Campaign, seed: int, cases: range, revision: str) -> Chunk:
    began = time.monotonic()
    findings = campaign.run(seed, cases)
    seconds = round(time.monotonic() - began, 3)
    return {"first": cases.start, "end": cases.stop, "revision": revision, "seconds": seconds, **asdict(findings)}


def _saved(file: Path) -> list[Chunk]:
    """The chunks saved so far; a line that a kill cut short is passed over."""
    chunks = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else []:
        try:
            chunks.append(json.loads(line))
        except ValueError:
            continue
    return chunks


def _summary(campaign: Campaign, seed: int, revision: str, chunks: list[Chunk]) -> dict[str, Any]:
    findings, kinds = Findings(), Counter[str]()
    for chunk in chunks:
        kinds.update(fault["kind"] for fault in chunk["faults"])
        for name, number in chunk["counts"].items():
            findings.count(name, number)
        for name, seconds in chunk["longest"].items():
            findings.took(name, seconds)
    return {
        "campaign": campaign.name,
        "cases": sum(chunk["end"] - chunk["first"] for chunk in chunks),
        **{kind: kinds[kind] for kind in campaign.kinds},
        **dict(sorted(findings.counts.items())),
        "longest_s": {name: round(seconds, 3) for name, seconds in sorted(findings.longest.items())},
        "seed": seed,
        "revision": revision,
        "seconds": round(sum(chunk["seconds"] for chunk in chunks), 1),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
