"""``python -m stepscale``: the project's command line; ``python -m stepscale label`` and its like need no Kedro."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stepscale.errors import InputError
from stepscale.opening import needs


def main() -> None:
    """Run the command that is named first, else the project."""
    try:
        commands = _commands()
        if sys.argv[1:2] and sys.argv[1] in commands:
            commands[sys.argv[1]](sys.argv[2:], prog_name=f"python -m stepscale {sys.argv[1]}")
        if sys.argv[1:] == ["--help"]:
            print(_in_words(commands))
        elif sys.argv[1:2] and not sys.argv[1].startswith("-"):
            known = ", ".join(sorted(commands))
            raise InputError(f"no command is called {sys.argv[1]!r}; there are {known}; --help tells each")
        run = _run_command()
    except InputError as error:
        sys.exit(f"Error: {error}")
    run()


def _commands() -> dict[str, Any]:
    """Commands of click by name."""
    with needs("label"):
        from stepscale.labeling.label_commands import COMMANDS as LABELING
        from stepscale.studies.step_benchmarks.commands import COMMANDS as MEASURING
        from stepscale.studies.world_map.commands import COMMANDS as TRYING

    return {str(name): command for name, command in (LABELING | MEASURING | TRYING).items()}


def _in_words(commands: Mapping[str, Any]) -> str:
    """A line per command, before the help of the project's own run."""
    width = max(map(len, commands))
    lines = [f"  {name:{width}}  {command.get_short_help_str(90)}" for name, command in sorted(commands.items())]
    return "\n".join(["Commands that need no project, each with --help of its own:", *lines, "", "Without one:", ""])


def _run_command() -> Callable[[], object]:
    """Kedro's ``run`` of this project."""
    with needs("kedro"):
        from kedro.framework.cli.utils import find_run_command
        from kedro.framework.project import configure_project

    package = Path(__file__).parent.name
    configure_project(package)
    command: Callable[[], object] = find_run_command(package)
    return command


if __name__ == "__main__":
    main()
