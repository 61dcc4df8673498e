"""``python -m stepscale``: the project's command line; ``python -m stepscale label`` and its like need no Kedro."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command that is named first, else the project."""
    from stepscale.labeling.label_commands import COMMANDS as LABELING
    from stepscale.studies.step_benchmarks.commands import COMMANDS as MEASURING
    from stepscale.studies.world_map.commands import COMMANDS as TRYING

    commands = LABELING | MEASURING | TRYING
    if sys.argv[1:2] and sys.argv[1] in commands:
        commands[sys.argv[1]](sys.argv[2:], prog_name=f"python -m stepscale {sys.argv[1]}")
    from kedro.framework.cli.utils import find_run_command
    from kedro.framework.project import configure_project

    package = Path(__file__).parent.name
    configure_project(package)
    find_run_command(package)()


if __name__ == "__main__":
    main()
