"""Settings of several kinds: a misspelled kind is told by its key, with the kinds there are, and without false complaints."""

from typing import Any

import pytest
from configured import parameters
from pydantic import ValidationError

from stepscale.errors import InputError
from stepscale.parameters import check_parameters
from stepscale.supervision.loop_options import LoopOptions
from stepscale.user_settings import UserSettings

BEAM = {"width": 4, "aggregation": "product"}
METHODS = "best_of_n, weighted, majority, vote, beam, lookahead, "
STRATEGIES = "give strategy: uniform, convincing, uncertain, blend"
AGGREGATIONS = "Input should be 'product', 'min', 'last' or 'mean'"


def refusal(place: str, value: Any) -> str:
    """What is said of the base environment's parameters with another value at a place; without what all refusals say."""
    block = parameters("base")
    *path, last = place.split(".")
    node = block
    for part in path:
        node = node[part]
    node[last] = value
    with pytest.raises(InputError) as caught:
        check_parameters(block)
    return str(caught.value).removeprefix("parameters: ").removesuffix(" (see conf/base/parameters.yml)")


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("tree_search.strategies", [{"methd": "beam", **BEAM}], f".0.methd: unknown key; give method: {METHODS}"),
        ("revisions.search.strategies", [{"methd": "beam", **BEAM}], f".0.methd: unknown key; give method: {METHODS}"),
        ("tree_search.strategies", [BEAM], f".0: give method: {METHODS}"),
        ("pool.labeler", {"knd": "file", "path": "x"}, ".knd: unknown key; give kind: symbolic, file, given, rollouts"),
        ("pool.labeler", {}, ": give kind: symbolic, file, given, rollouts"),
        ("report.votes", [{"kindd": "borda"}], ".0.kindd: unknown key; give kind: borda, filtered, pessimistic"),
        (
            "loop.strategies",
            [{"name": "x", "selection": {"stratgy": "x"}}],
            f".0.selection.stratgy: unknown key; {STRATEGIES}",
        ),
        ("generator.prompt", {"styl": "chat"}, ".styl: unknown key; give style: chat, few_shot"),
        ("generator.prompt", {"style": "chat", "sytem": "x"}, ".chat.sytem: unknown key"),
        (
            "tree_search.strategies",
            [{"method": "beam", **BEAM, "aggregation": "prod"}],
            f".0.beam.aggregation: {AGGREGATIONS}",
        ),
        ("tree_search.strategies", [], ": Tuple should have at least 1 item after validation, not 0"),
    ],
)
def test_a_misspelled_kind_is_told_by_its_key_with_the_kinds_there_are(place: str, value: Any, line: str) -> None:
    said = refusal(place, value)
    assert said.startswith(f"{place}{line}"), said
    assert ";" not in said.removeprefix(f"{place}{line}"), "and nothing else is complained of"


def test_of_several_unknown_keys_the_likeliest_is_taken_for_the_kind_and_other_faults_are_told_too() -> None:
    block = parameters("base")
    block["report"]["bootstrap"] = 0
    block["tree_search"]["strategies"] = [
        {"wdth": 4, "methode": "beam"},
        {"method": "beam", "width": 0, "aggregation": "min"},
    ]
    with pytest.raises(InputError) as caught:
        check_parameters(block)
    said = str(caught.value)
    assert "tree_search.strategies.0.methode: unknown key; give method: " in said
    assert "tree_search.strategies.1.beam.width" in said and "report.bootstrap: Input should be" in said


def test_a_kind_within_a_kind_is_told_and_faults_of_other_keys_keep_their_types() -> None:
    blend = {"name": "x", "selection": {"strategy": "blend", "of": {"stratgy": "convincing"}}}
    with pytest.raises(ValidationError) as caught:
        LoopOptions.model_validate({"labeler": "symbolic", "strategies": [blend], "extra": 1})
    faults = {fault["loc"][-1]: (fault["type"], fault["msg"]) for fault in caught.value.errors()}
    assert faults["stratgy"] == ("misread", "unknown key; give strategy: convincing, uncertain")
    assert faults["extra"][0] == "extra_forbidden"


def test_a_text_that_is_none_is_still_told_where_only_a_text_is_taken() -> None:
    class Named(UserSettings):
        name: str
        size: int

    with pytest.raises(InputError, match=r"^Named: name: Input should be a valid string; size: Field required$"):
        Named(name={"a": 1})  # type: ignore[arg-type, call-arg]
