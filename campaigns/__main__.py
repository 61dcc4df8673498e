"""``python -m campaigns text --cases 2000 --seed 0``: run a campaign, or go on with it, and print one line of JSON."""

import json
import sys
from importlib import import_module
from pathlib import Path

import click

from campaigns.contract import Campaign
from campaigns.running import run_campaign

CAMPAIGNS = ("text", "verdicts", "files", "kills", "disks")


def campaign_called(name: str) -> Campaign:
    """The campaign of this name; its module is imported only now."""
    campaign: Campaign = import_module(f"campaigns.{name}.campaign").CAMPAIGN
    return campaign


@click.command()
@click.argument("name", type=click.Choice(CAMPAIGNS))
@click.option("--cases", type=click.IntRange(1), help="How many; default: the campaign's full size.")
@click.option("--seed", default=0, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=Path("build/campaigns"), show_default=True)
@click.option("--seconds", type=float, default=float("inf"), help="Begin no chunk later; call again for the rest.")
def main(name: str, cases: int | None, seed: int, folder: Path, seconds: float) -> None:
    """Run a campaign. The exit status is 1 if any case went wrong."""
    campaign = campaign_called(name)
    summary = run_campaign(campaign, cases or campaign.default_cases, seed, folder, seconds)
    click.echo(json.dumps(summary))
    sys.exit(any(summary[kind] for kind in campaign.kinds))


if __name__ == "__main__":
    main()
