"""The name of a run in MLflow: the environment, and what the command line adds to it."""

from typing import Any

import click

ASKED = "stepscale.pipelines"  # in click's context: the pipelines of the command line, in its order
_SELECTIONS = ("node_names", "tags", "namespaces", "from_nodes", "to_nodes", "from_inputs", "to_outputs")


def run_name(env: str | None, run_params: dict[str, Any]) -> str:
    """E.g. ``smoke``, or ``samples: test_time_search, reporting``; no environment is ``base``.

    Args:
        env: The environment; None is ``base``.
        run_params: Kedro's parameters of the run.
    """
    context = click.get_current_context(silent=True)
    pipelines = context.meta.get(ASKED) if context else run_params.get("pipeline_names")
    parts = [name for name in pipelines or () if name != "__default__"]
    for key in _SELECTIONS:
        parts += [str(name) for name in run_params.get(key) or ()]
    environment = env if env and env != "local" else "base"
    return f"{environment}: {', '.join(parts)}"[:250] if parts else environment
