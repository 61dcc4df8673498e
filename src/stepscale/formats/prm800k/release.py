"""A labeled data set as a folder to pass on: PRM800K records and a data card, as the Hugging Face hub takes them.

    my_labels/README.md         counts, balance by round (Lightman et al. 2023, Table 3), labeler, generator, seeds
    my_labels/labels.jsonl.gz   one PRM800K record per solution and labeler

``stepscale.formats.read(folder / "labels.jsonl.gz", "prm800k")`` and ``datasets.load_dataset(folder)`` read it. The
counts on the card are those of the file as it was read back. Soft labels have no place in the format; a card says how
many there were.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from stepscale.formats.contract import Tables
from stepscale.formats.output import checked_output
from stepscale.formats.prm800k.counts import counts_by_round
from stepscale.formats.prm800k.reading import read
from stepscale.formats.prm800k.writing import Key, write

FILE = "labels.jsonl.gz"
CARD = "README.md"
_SOFT = "\n{n_soft:,} soft labels (values in [0, 1]) have no place in this format and are not in the file."
_TEMPLATE = """---
license: {license}
task_categories: [text-classification]
tags: [process-supervision, prm800k]
configs:
- config_name: default
  data_files: [{{split: train, path: {file}}}]
---
# {title}

Step-level labels of solutions to mathematical problems, in the format of PRM800K (Lightman et al. 2023): a record is a
solution with ratings +1, 0 or -1 of its steps, up to the first -1.

{about}

## Counts and balance by round

{table}

Ends correct: share of the solutions whose every step passes. Correct steps: rated +1 or 0. Dropped: unfinished
records, which are in the file and left out of the other columns.{soft}

## Reading it

```python
from datasets import load_dataset

records = load_dataset("path/to/this/folder", split="train")

from stepscale.formats import read

tables = read("path/to/this/folder/{file}", "prm800k")
```
"""


@dataclass(frozen=True)
class CardFacts:
    """What the tables do not say.

    Args:
        title: Of the card.
        problems: Where the problems come from.
        generator: Who wrote the solutions.
        labeler: Who labeled them.
        selection: How the labeled solutions were chosen.
        seeds: By what they were for.
        license: An identifier of the hub, as "apache-2.0".
        more: Further lines of the card by name.
    """

    title: str
    problems: str
    generator: str
    labeler: str
    selection: str
    seeds: Mapping[str, int]
    license: str = "apache-2.0"
    more: Mapping[str, str] = field(default_factory=dict)


def write_release(
    tables: Tables,
    folder: str | Path,
    facts: CardFacts,
    rounds: Mapping[Key, int] | None = None,
    verifier_scores: Mapping[Key, float] | None = None,
) -> pd.DataFrame:
    """Write the folder.

    Args:
        tables: Problems, solutions and step_labels.
        folder: Made if need be.
        facts: For the card.
        rounds: The round of each labeled solution, by (problem_id, sample_id).
        verifier_scores: How much each convinced the selector, likewise.

    Returns:
        The counts by round of the file as it was read back.

    Raises:
        InputError: Nothing finished is labeled, or the folder cannot be written.
    """
    folder = checked_output(folder)
    write(tables, folder / FILE, generations=rounds, verifier_scores=verifier_scores)
    counts = counts_by_round(read(folder / FILE))
    n_soft = int(tables.step_labels["value"].notna().sum())
    (folder / CARD).write_text(card(facts, counts, n_soft), encoding="utf-8")
    return counts


def card(facts: CardFacts, counts: pd.DataFrame, n_soft: int = 0) -> str:
    """The data card: the hub's header, then Markdown.

    Args:
        facts: What the tables do not say.
        counts: As `counts_by_round`.
        n_soft: How many soft labels the format leaves out.

    Returns:
        The text of README.md.
    """
    about = {
        "Problems": facts.problems,
        "Generator": facts.generator,
        "Labeler": facts.labeler,
        "Selection": facts.selection,
        "Seeds": ", ".join(f"{name} {seed}" for name, seed in facts.seeds.items()),
        "License": facts.license,
        **facts.more,
    }
    return _TEMPLATE.format(
        title=facts.title,
        license=facts.license,
        file=FILE,
        about="\n".join(f"- **{name}**: {text}" for name, text in about.items()),
        table="\n".join(_table(counts)),
        soft=_SOFT.format(n_soft=n_soft) if n_soft else "",
    )


def _table(counts: pd.DataFrame) -> list[str]:
    names = [str(name).replace("_", " ") for name in counts.columns]
    rows = [
        f"| {place} | {' | '.join(_cell(value) for value in row)} |"
        for place, row in zip(counts.index, counts.itertuples(index=False), strict=True)
    ]
    return [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|", *rows]


def _cell(value: object) -> str:
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{value:.1%}" if isinstance(value, float) else f"{value:,}"
