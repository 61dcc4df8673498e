"""Further tables of the page of results: verifiers, supervision, differences that decide no claim, what is chosen, saved, wins.

In: the data folder of a finished run. Out: lines of Markdown; none for what was not measured.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.estimators.intervals import verdict
from stepscale.publish.figures import drawn_table
from stepscale.report.measured import measured_rows, verifier_rows
from stepscale.report.policy_tables import chosen_rows, factor_told, savings_rows
from stepscale.studies.supervision.figures import AGREEMENT, OVERLAP, by_labels_rows, overlap_rows, saved_rows


def tables_of(folder: Path) -> list[str]:
    """All of them, each with its heading."""
    found = [
        *verifiers(folder),
        *supervision(folder),
        comparisons(folder),
        loop_selectors(folder),
        savings(folder),
        *chosen(folder),
        changes(folder),
        contexts(folder),
        online(folder),
        served(folder),
        searched_revisions(folder),
    ]
    return [line for table in found for line in table]


def saved_factor(folder: Path, name: str, policy: str) -> str:
    """How many times fewer generations ``policy`` takes at the baseline's largest budget, as the table of savings ``name`` tells;
    "" if it was not measured.
    """
    own = [row for row in _rows(folder, name) if (row["policy"], row["unit"]) == (policy, "generations")]
    return factor_told(max(own, key=lambda row: float(row["n"]))) if own else ""


def verifiers(folder: Path) -> list[list[str]]:
    """How well each verifier judges, and how far PRM_large agrees with the labeler it learned from."""
    metrics, agreement = (_object(folder, name) for name in ("verifier_metrics", "labeler_agreement"))
    return [
        _as_table("Verifiers on validation problems [95 % over problems]", verifier_rows(metrics)),
        _as_table(AGREEMENT, measured_rows({"value [95 %]": agreement}, "measure")),
    ]


def supervision(folder: Path) -> list[list[str]]:
    """Figure 4a in numbers, beside choosing blindly; what active learning saves, and what it shares with uniform labels."""
    sizes = drawn_table(folder, "supervision_by_size")
    return [
        _as_table("Ways to supervise, by labels", by_labels_rows(sizes) if len(sizes) else []),
        _as_table("Active learning against uniform labels", saved_rows(_json(folder, "labels_saved"))),
        _as_table(OVERLAP, overlap_rows(_json(folder, "label_overlap"))),
    ]


def comparisons(folder: Path) -> list[str]:
    """Ablations, and what the data loop's rounds changed."""
    told = [
        (
            f"{row['label']} - {row['against']}, {row['per_problem']} a problem",
            *(row[name] for name in ("n", "lead", "lead_low", "lead_high", "n_problems", "seeds")),
        )
        for row in _rows(folder, "supervision_ablations")
    ]
    told += [tuple(row.values()) for row in _json(folder, "loop_differences")]
    rows = [
        (name, n, _points(estimate, low, high), problems, seeds)
        for name, n, estimate, low, high, problems, seeds in told
    ]
    columns = ("ablations and the data loop", "best of", "difference of accuracy [95 % interval]", "problems", "seeds")
    return _table("Differences that decide no claim", columns, rows)


def loop_selectors(folder: Path) -> list[str]:
    """What the data loop's selectors believed of what they chose and of the audit, round by round."""
    from stepscale.studies.data_loop.figures import selectors

    health = drawn_table(folder, "loop_health_by_round")
    rows = [] if health.empty else selectors(health)
    columns = tuple(rows[0]) if rows else ()
    return _table("The data loop's selectors, with 95 % intervals", columns, [tuple(row.values()) for row in rows])


def savings(folder: Path) -> list[str]:
    """How many times less each policy spends than its baseline at the same accuracy, by the baseline's budget."""
    baselines = {"search_savings": "best-of-N weighted", "revision_savings": "parallel best-of-N"}
    rows = []
    for name, baseline in baselines.items():
        table = drawn_table(folder, name)
        for row in savings_rows(table) if len(table) else []:
            units = (row.get(unit, "") for unit in ("generations", "tokens", "FLOPs"))
            rows.append((row["policy"], baseline, row["N"], row["accuracy to match"], *units))
    columns = (
        "policy",
        "than",
        "with N",
        "accuracy to match",
        "times fewer generations [95 % interval; 0: never as accurate]",
        "times fewer tokens",
        "times fewer FLOPs",
    )
    return _table("What is saved", columns, rows)


def chosen(folder: Path) -> list[list[str]]:
    """Which search and which ratio of revisions each half of each bin chose."""
    titles = {
        "search_chosen": "Which search for which difficulty, as either half of a bin chose? (claim B2)",
        "revision_chosen": "Which sequential to parallel ratio for which difficulty, as either half of a bin chose? (claim B5)",
    }
    found = {title: chosen_rows(drawn_table(folder, name)) for name, title in titles.items()}
    return [
        _table(title, ("oracle bin, 1 the easiest", *list(rows[0])[1:]), [tuple(row.values()) for row in rows])
        for title, rows in found.items()
        if rows
    ]


def changes(folder: Path) -> list[str]:
    """Right answers that the next revision turns wrong, and the other way round."""
    names = {"lost": "right answers turned wrong", "won": "wrong answers turned right"}
    rows = [
        (
            names[row["change"]],
            f"{row['rate']:.1%} [{row['low']:.1%}, {row['high']:.1%}]",
            "" if pd.isna(row["paper"]) else f"{row['paper']:.0%}",
            row["n"],
        )
        for row in _rows(folder, "revision_changes")
        if pd.isna(row["position"])
    ]
    return _table("What the next revision changes", ("", "here [95 % interval]", "in the paper", "attempts"), rows)


def contexts(folder: Path) -> list[str]:
    """How many earlier attempts late ones were shown, over all problems and by difficulty."""
    rows = [
        (
            "all" if row["bin"] == 0 else f"bin {row['bin']}",
            f"{row['shown']:.2f} [{row['low']:.2f}, {row['high']:.2f}]",
            f"{row['all_shown']:.1%} [{row['all_low']:.1%}, {row['all_high']:.1%}]",
            row["n_attempts"],
        )
        for row in _rows(folder, "revision_contexts")
        if pd.isna(row["position"])
    ]
    columns = ("bin 1: easiest fifth", "shown, mean [95 % interval]", "shown all that may be", "attempts")
    return _table("How many earlier attempts late revisions were shown", columns, rows)


def online(folder: Path) -> list[str]:
    """The policy that pays for its estimate of difficulty beside those that do not."""
    rows = [
        (
            row["unit"],
            f"{_number(row['budget'])} ({_number(row['cost'])} spent)",
            f"{row['accuracy']:.1%} ± {row['error']:.1%}",
            row["other"],
            _points(row["difference"], row["difference_low"], row["difference_high"]),
            row["verdict"],
        )
        for row in _rows(folder, "online_policy")
    ]
    columns = (
        "counted in",
        "budget",
        "online policy ± Monte Carlo error",
        "minus, at equal cost",
        "[95 % interval]",
        "",
    )
    return _table("Does a policy that pays for its own estimate of difficulty win?", columns, rows)


def served(folder: Path) -> list[str]:
    """The served policy beside best-of-N weighted, at the same cap and at equal mean spending."""
    path = folder / "08_reporting" / "served_policy.json"
    policies = json.loads(path.read_text()).get("budgets", []) if path.is_file() else []
    rows = [
        (
            own["budget"],
            f"{lead['at']}, {_number(lead['generations'])}",
            _points(lead["difference"], lead["low"], lead["high"]) + _beside(lead),
            verdict(lead["low"], lead["high"]),
        )
        for own in policies
        for lead in own.get("leads", [])
    ]
    columns = (
        "budget of a problem",
        "at equal, generations",
        "served policy - best-of-N weighted [95 % interval] ± Monte Carlo error",
        "",
    )
    return _table("Does the served policy win?", columns, rows)


def searched_revisions(folder: Path) -> list[str]:
    """PRM search over revisions and its rivals, each search at its own largest budget."""
    leads = _rows(folder, "revision_search_leads")
    last = {row["strategy"]: row["n"] for row in sorted(leads, key=lambda row: row["n"])}
    rows = [
        (
            row["strategy"],
            row["unit"],
            row["minus"],
            _points(row["difference"], row["low"], row["high"]) + _beside(row),
            row["verdict"],
        )
        for row in leads
        if row["n"] == last[row["strategy"]]
    ]
    columns = ("strategy", "at equal", "minus", "[95 % interval] ± Monte Carlo error", "")
    return _table("Does PRM search over revisions win?", columns, rows)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    if not rows:
        return []
    lines = [columns, ("---",) * len(columns), *rows]
    return [f"## {title}", "", *("| " + " | ".join(map(str, line)) + " |" for line in lines), ""]


def _as_table(title: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return _table(title, list(rows[0]) if rows else [], [list(row.values()) for row in rows])


def _beside(row: Mapping[str, Any]) -> str:
    """A Monte Carlo error; nothing where all is exact or not told."""
    error = row.get("error") or 0.0
    return f" ± {error:.4f}" if error > 0 else ""


def _points(estimate: float, low: float, high: float) -> str:
    return f"{estimate:+.3f} [{low:+.3f}, {high:+.3f}]"


def _number(cost: float) -> str:
    """Generations by their digits, FLOPs by their size."""
    return f"{cost:.3g}" if cost >= 1e5 else f"{cost:.1f}".removesuffix(".0")


def _rows(folder: Path, name: str) -> list[dict[Any, Any]]:
    return drawn_table(folder, name).to_dict("records")


def _json(folder: Path, name: str) -> list[dict[Any, Any]]:
    path = folder / "08_reporting" / f"{name}.json"
    return list(json.loads(path.read_text())) if path.is_file() else []


def _object(folder: Path, name: str) -> dict[str, Any]:
    path = folder / "08_reporting" / f"{name}.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}
