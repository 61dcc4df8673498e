"""Agreement with the graders we reproduce, on real answers (shared development data; skipped where it is absent)."""

import ast
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from stepscale.grading import Lenient, Rules, grade_many

DATA = (
    Path(os.environ.get("STEPSCALE_SHARED_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))
    / "grading"
)


def rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {path}: set STEPSCALE_SHARED_DATA to the shared data folder")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rules_named_by(row: dict[str, Any]) -> tuple[Rules, bool]:
    """A row that tells the PRM800K grader's verdict is judged by that; a row of Math-Verify's suite by its options."""
    if "official_prm800k" in row:
        return "prm800k", row["official_prm800k"]
    note = re.match(r"match_types=(?P<types>\[.*?\]|default)(?: (?P<options>\{.*\}))?", row["note"] or "")
    types = ast.literal_eval(note["types"]) if note and note["types"] != "default" else ["latex", "expr"]
    options = ast.literal_eval(note["options"]) if note and note["options"] else {}
    if "precision" in options:
        options["float_rounding"] = options.pop("precision")
    if (row["note"] or "").startswith("precision="):
        options["float_rounding"] = int(row["note"].removeprefix("precision="))
    return Lenient(latex="latex" in types, expr="expr" in types, **options), row["expected"]


def test_real_pairs_under_the_strict_rules() -> None:
    pairs = rows("verdicts_real_pairs.jsonl")
    verdicts = grade_many([row["pred"] for row in pairs], [row["gold"] for row in pairs])
    agreed = sum(verdict == row["prm800k"] for verdict, row in zip(verdicts, pairs, strict=True))
    assert agreed >= 0.997 * len(pairs)


def test_real_pairs_under_the_lenient_rules() -> None:
    pairs = rows("verdicts_real_pairs.jsonl")
    verdicts = grade_many([row["pred"] for row in pairs], [row["gold"] for row in pairs], rules="lenient")
    agreed = sum(verdict == (row["math_verify"] is True) for verdict, row in zip(verdicts, pairs, strict=True))
    assert agreed >= 0.99 * len(pairs)


def test_other_suites_under_the_rules_their_rows_name() -> None:
    triples = rows("triples.jsonl")
    judged = [rules_named_by(row) for row in triples]
    agreed = 0
    for rules in dict.fromkeys(rules for rules, _ in judged):
        named = [
            (row, expected)
            for row, (rules_of_row, expected) in zip(triples, judged, strict=True)
            if rules_of_row == rules
        ]
        verdicts = grade_many([row["pred"] for row, _ in named], [row["gold"] for row, _ in named], rules)
        agreed += sum(verdict == expected for verdict, (_, expected) in zip(verdicts, named, strict=True))
    assert agreed >= 0.97 * len(triples)
