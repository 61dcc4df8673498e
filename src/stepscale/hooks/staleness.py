"""Data on disk that does not belong together: refused before anything runs.

A dataset is stale if what it was made from has changed since. That is refused. Changed parameters or code are only
a warning, since they need not concern the dataset. Data without a record is accepted.
"""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from kedro.io import MemoryDataset
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from stepscale.errors import InputError
from stepscale.hooks.inputs import is_parameter, nodes_by_output, pipeline_of
from stepscale.hooks.lineage import Lineage, code_of
from stepscale.metric_names import flatten

logger = logging.getLogger(__name__)


def check_run(lineage: Lineage, run_params: dict[str, Any], pipeline: Pipeline) -> None:
    """Check that what the run begins with, or would keep, is not stale; warn of other parameters and code.

    Args:
        lineage: What made each dataset on disk.
        run_params: Kedro's parameters of the run.
        pipeline: The nodes that will run.

    Raises:
        InputError: Some of it is.
    """
    names = sorted(name for name in pipeline.inputs() if lineage.origin(name))
    if run_params.get("only_missing_outputs"):
        again = _make_outgrown_again(lineage, pipeline)
        names += sorted(name for name in pipeline.all_outputs() if name not in again and lineage.origin(name))
    changed_input = changed_inputs(lineage)
    stale = {name: cause for name in names if (cause := changed_input(name))}
    for name in [name for name in stale if name in pipeline.inputs() and hasattr(lineage.catalog[name], "empty")]:
        logger.warning(
            "%s is left out: it was made from another version of %s than the one that is there", name, stale.pop(name)
        )
        lineage.catalog[name] = MemoryDataset(lineage.catalog[name].empty())
        names.remove(name)
    if stale:
        raise InputError(_refusal(stale, run_params))
    _warn_of_parameters(lineage, names)
    _warn_of_code(lineage, names)


def check_node(lineage: Lineage, node: Node) -> None:
    """Check that an earlier node of the same run has not made stale what a node reads.

    Args:
        lineage: What each dataset was made of.
        node: The node that is about to run.

    Raises:
        InputError: It has.
    """
    changed_input = changed_inputs(lineage)
    stale = {name: cause for name in node.inputs if (cause := changed_input(name))}
    if stale:
        raise InputError(_refusal(stale, {}))


def _make_outgrown_again(lineage: Lineage, pipeline: Pipeline) -> list[str]:
    """With ``--only-missing-outputs``, make outputs again if an optional input that they were made without exists now.

    A report written before a further study was run is not missing, but it is not complete.

    Returns:
        The datasets that the run makes again; Kedro takes them for missing.
    """
    outputs = pipeline.all_outputs()
    makers = {output: node for node in pipeline.nodes for output in node.outputs}
    additions: dict[str, str] = {}
    for name in sorted(outputs):
        if (origin := lineage.origin(name)) is None:
            continue
        lacking = _sources(lineage, makers, name) - set(origin["inputs"])
        if source := next(
            (dataset for dataset in sorted(lacking) if dataset in outputs or lineage.id_of(dataset)), None
        ):
            additions[name] = source
            # no hook of Kedro 1.7 says what is missing: its runner asks the datasets
            lineage.catalog[name].exists = lambda: False
    if additions:
        reasons = ", ".join(f"{name} (without {source})" for name, source in additions.items())
        logger.warning("made before data that is there now, and made again: %s", reasons)
    return list(additions)


def _sources(lineage: Lineage, makers: Mapping[str, Node], name: str) -> set[str]:
    """Datasets on disk that a dataset is made of, through those in memory alone."""
    sources = set[str]()
    for source in makers[name].inputs if name in makers else ():
        if is_parameter(source) or lineage.is_of_earlier_run(source):
            continue
        sources |= {source} if lineage.place_of(source) else _sources(lineage, makers, source)
    return sources


def changed_inputs(lineage: Lineage) -> Callable[[str], str | None]:
    """Compares the records with the data as it is now.

    Args:
        lineage: What made each dataset on disk.

    Returns:
        Gives for a dataset's name the dataset that has changed since it was made, directly or through others; None if none has.
        Each is looked at once: countless ways lead from a late dataset to an early one.
    """
    id_of = cache(lineage.id_of)

    @cache
    def changed_input(name: str) -> str | None:
        origin = lineage.origin(name)
        for source, identity in origin["inputs"].items() if origin else ():
            now = id_of(source)
            if now is not None and now != identity:
                return source
            if cause := changed_input(source):
                return cause
        return None

    return changed_input


def _refusal(stale: dict[str, str], run_params: dict[str, Any]) -> str:
    causes = ", ".join(f"{name} was made from another version of {cause}" for name, cause in stale.items())
    pipelines = ",".join(dict.fromkeys(filter(None, map(pipeline_of, stale))))
    env = f" --env {run_params['env']}" if run_params.get("env") else ""
    remedy = f"kedro run{env} --pipelines {pipelines}" if pipelines else f"kedro run{env}"
    return f"stale data: {causes} than the one that is there now; make it again: {remedy}"


def _warn_of_parameters(lineage: Lineage, names: list[str]) -> None:
    """One line for all datasets that were made with other parameters than today's."""
    changed: dict[str, set[str]] = {}
    for name in names:
        origin = lineage.origin(name)
        then = origin["parameters"] if origin else {}
        now = lineage.parameters_now(then)
        keys = _differing({key: then[key] for key in now}, now)
        if keys:
            changed[name] = keys
    if changed:
        all_keys = sorted(set().union(*changed.values()))
        logger.warning(
            "made with other parameters than today's and taken as it is: %s (%s)",
            ", ".join(changed),
            ", ".join(all_keys[:8]) + (", ..." if len(all_keys) > 8 else ""),
        )


def _differing(then: dict[str, Any], now: dict[str, Any]) -> set[str]:
    before, after = (
        {key.removeprefix("params:"): value for key, value in flatten(block).items()} for block in (then, now)
    )
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def _warn_of_code(lineage: Lineage, names: list[str]) -> None:
    """One line for datasets that other code made than today's. Of those that several nodes can make, the maker's code counts."""
    makers, outdated = nodes_by_output(), []
    for name in names:
        if (origin := lineage.origin(name)) is None:
            continue
        codes = {code_of(node) for _, node in makers.get(name, ()) if node.name == origin["node"]}
        if codes and origin["code"] not in codes:
            outdated.append(f"{name} (at {origin['revision']})")
    if outdated:
        logger.warning("made by other code than today's and taken as it is: %s", ", ".join(outdated))
