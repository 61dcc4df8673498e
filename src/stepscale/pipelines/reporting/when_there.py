"""Until every optional study is a pipeline of its own: nodes whose study was not run give nothing instead of failing."""

import inspect
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, get_type_hints

import pandas as pd
from kedro.pipeline import Node

from stepscale.formats.checking import empty
from stepscale.report.part import Part
from stepscale.scratch import scratch_folder
from stepscale.studies.strategies.accuracy import STRATEGY_ACCURACY

_MAY_BE_EMPTY = {
    "accuracy",
    "question",
    "searched",
    "searches",
    "revisions",
    "selections",
    "claims",
    "signs",
    "online",
    "soft_scores",
}


def when_there(node: Node) -> Node:
    """The node, which gives nothing where one of its inputs is absent."""
    names = dict(node._outputs) if isinstance(node._outputs, dict) else node._outputs
    return node._copy(func=_guarded(node.func, names))


def _guarded(function: Callable[..., Any], outputs: Any) -> Callable[..., Any]:
    def guarded(**inputs: Any) -> Any:
        absent = any(_is_absent(name, value) for name, value in inputs.items())
        if set(inputs) >= {"soft_scores", "pool"} and _is_nothing(inputs["soft_scores"]):
            absent = absent or inputs["pool"].labeler.kind != "rollouts"
        if "accuracy" in inputs and not {"searched", "answers"} & set(inputs):
            absent = absent or _is_nothing(inputs["accuracy"])
        nothing = all(_is_nothing(inputs[name]) for name in ("searches", "revisions") if name in inputs)
        if absent or (set(inputs) == {"searches", "revisions"} and nothing):
            return (
                {key: _nothing(name) for key, name in outputs.items()}
                if isinstance(outputs, dict)
                else _nothing(outputs)
            )
        return function(**inputs)

    wrapped = update_wrapper(guarded, function)
    del wrapped.__wrapped__
    signature, hints = inspect.signature(function), get_type_hints(function)
    optional = [parameter.replace(annotation=hints[name] | None) for name, parameter in signature.parameters.items()]
    wrapped.__signature__ = signature.replace(parameters=optional)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {**hints, **{parameter.name: parameter.annotation for parameter in optional}}
    return wrapped


def _is_absent(name: str, value: Any) -> bool:
    return (value is None or _is_nothing(value)) and name not in _MAY_BE_EMPTY


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, pd.DataFrame | dict | list) and not len(value))


def _nothing(output: str | None) -> Any:
    """What stands for an output that is not made."""
    if output is None:
        return None
    if output.endswith("_part"):
        return Part(name=output, title="")
    if output.endswith("_accuracy"):
        return empty(STRATEGY_ACCURACY)
    if output in ("online_policy", "search_signs"):
        return pd.DataFrame()
    return scratch_folder("policy") if output == "policy" else [] if output.endswith("_claims") else {}
