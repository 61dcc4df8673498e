"""What each claim of a run costs: ``python -m stepscale.publish.costs data/thorough/22``

In: the data folder of a finished run. Out: a Markdown table on standard output. Claims that one part of the report settles
share a row. A row has the minutes of all nodes that its part is made of, and of those that the parts of no other claims need. A
node's minutes are those of the run that finished it: reading its inputs, and what a killed run had spent on it, are not in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from stepscale.errors import InputError
from stepscale.publish.page import part_files
from stepscale.publish.run_files import read_run_file
from stepscale.report.claims import CLAIMS
from stepscale.report.part import read_part

Seconds = Mapping[str, float]  # by the name of a node


@dataclass(frozen=True)
class ClaimCost:
    """What the claims of one part cost.

    Attributes:
        claims: Their ids.
        seconds: Of all nodes that the part is made of.
        own_seconds: Of those that the parts of no other claims need.
    """

    claims: tuple[str, ...]
    seconds: float
    own_seconds: float


def claim_costs(folder: Path) -> list[ClaimCost]:
    """What each claim that a run settled costs.

    Args:
        folder: The run's data.

    Returns:
        An item for each part that settled claims, in the order of the claims table.

    Raises:
        InputError: The run is not finished, or no times of its nodes are on record.
    """
    files = part_files(folder)
    order = [claim.id for claim in CLAIMS]
    parts = {file.stem: sorted((claim.id for claim in read_part(file).claims), key=order.index) for file in files}
    needs = {name: seconds_behind(folder, f"{name}_part") for name, claims in parts.items() if claims}
    costs = []
    for name, nodes in needs.items():
        others = {node for other, of_other in needs.items() if other != name for node in of_other}
        own = sum(seconds for node, seconds in nodes.items() if node not in others)
        costs.append(ClaimCost(tuple(parts[name]), sum(nodes.values()), own))
    return sorted(costs, key=lambda cost: order.index(cost.claims[0]))


def seconds_behind(folder: Path, dataset: str) -> Seconds:
    """The nodes that a dataset is made of, directly or through others, and how long each took.

    Args:
        folder: The run's data.
        dataset: Its name in the catalog.

    Returns:
        Seconds by node, each node once.

    Raises:
        InputError: What the dataset was made of is not on record, or is without times.
    """

    @cache
    def behind(name: str) -> Seconds:
        path = folder / "lineage" / f"{name}.json"
        if not path.is_file():
            return {}  # such as a file of the user, which no node made
        origin = read_run_file(path)
        if not isinstance(origin, dict) or not isinstance(origin.get("seconds"), dict):
            raise InputError(f"{path} holds no times of nodes: an older version made {name}; run it again")
        seconds: dict[str, float] = dict(origin["seconds"])
        for source in origin["inputs"]:
            seconds |= {node: max(one, seconds.get(node, 0.0)) for node, one in behind(source).items()}
        return seconds

    found = behind(dataset)
    if not found:
        raise InputError(f"{folder / 'lineage' / dataset}.json is not there; run the pipeline reporting again")
    return found


def cost_table(costs: Sequence[ClaimCost]) -> str:
    """The costs as Markdown.

    Args:
        costs: Of the claims of each part.
    """
    rows = [f"| {', '.join(one.claims)} | {one.seconds / 60:.1f} | {one.own_seconds / 60:.1f} |" for one in costs]
    return "\n".join(["| claims | minutes | minutes for these claims only |", "|---|---|---|", *rows])


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Print what each claim of the run whose data is in FOLDER costs."""
    try:
        click.echo(cost_table(claim_costs(folder)))
    except InputError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
