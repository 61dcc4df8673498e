"""What the report and the data card say about the people who labeled (Lightman et al. 2023, 2.4 and D)."""

from collections.abc import Mapping, Sequence

from stepscale.labeling.people import People
from stepscale.report.number_formats import cell
from stepscale.report.part import TextTable

_AGREEMENT = {
    "step_kappa": "step negative or not, kappa",
    "step_agreement": "step negative or not, share",
    "first_error_kappa": "first error, kappa",
    "first_error_agreement": "first error, share",
}
_NOTE = (
    "Known questions are screening and quality control. Agreement is the share on which the same first error was found, or "
    "none. Labels of people who are left out are not used."
)


def people_tables(files: Sequence[People]) -> tuple[TextTable, ...]:
    """For each file of labels a table with a row per labeler, and one on how far two people agree.

    Args:
        files: Of labels, as ``People``.

    Returns:
        Tables; that of agreement only where solutions were labeled twice.
    """
    tables: list[TextTable] = []
    for people in files:
        rows = tuple(_labeler_row(row) for row in people.labelers)
        tables.append(TextTable(title="People who labeled", rows=rows, note=_NOTE))
        if people.pairs:
            n = int(people.pairs["n_solutions"])
            note = f"On {n} pairs of labels of one solution by two people, with 95 % intervals over problems."
            tables.append(TextTable(title="Agreement between people", rows=_agreement_rows(people.pairs), note=note))
    return tuple(tables)


def people_facts(files: Sequence[People]) -> dict[str, str]:
    """Lines of a data card: how far people agree with known labels and with each other.

    Args:
        files: Of labels, as ``People``.

    Returns:
        Lines by their head, which names the file by its place where there are several.
    """
    facts: dict[str, str] = {}
    for place, people in enumerate(files, 1):
        of_file = f", file {place} of {len(files)}" if len(files) > 1 else ""
        checked = [row for row in people.labelers if row["agreement"] is not None]
        if checked:
            listed = ", ".join(
                f"`{row['labeler']}` {row['agreement']:.0%} of {row['known_questions']}" for row in checked
            )
            out = sum(row["left_out"] for row in checked)
            facts[f"Agreement with known labels{of_file}"] = f"{listed}; {out} left out"
        if people.pairs:
            rows = "; ".join(f"{row['of']} {row['value [95 %]']}" for row in _agreement_rows(people.pairs))
            twice = int(people.pairs["n_solutions"])
            facts[f"Agreement between labelers{of_file}"] = f"{rows} ({twice} solutions labeled twice)"
    return facts


def _labeler_row(row: Mapping[str, object]) -> dict[str, str]:
    return {
        "labeler": str(row["labeler"]),
        "solutions": str(row["solutions"]),
        "steps": str(row["steps"]),
        "given up or bad": str(row["unfinished"]),
        "median seconds": "" if row["seconds"] is None else f"{row['seconds']:.0f}",
        "known questions": str(row["known_questions"]),
        "agreement": "" if row["agreement"] is None else f"{row['agreement']:.0%}",
        "left out": "yes" if row["left_out"] else "no",
    }


def _agreement_rows(pairs: Mapping[str, float]) -> tuple[dict[str, str], ...]:
    return tuple({"of": heading, "value [95 %]": cell(pairs, name, ".2f")} for name, heading in _AGREEMENT.items())
