"""A language model that judges in words, as the run's PRM by configuration."""

from pathlib import Path

import pytest
from configured import parameters
from kedro.io import DataCatalog, MemoryDataset
from pydantic import ValidationError

from stepscale.errors import InputError
from stepscale.hooks.bases import check_bases
from stepscale.parameters import VerifierBlock, check_parameters, settings_of
from stepscale.pipeline_registry import PIPELINES
from stepscale.pipelines.reward_modeling.nodes import take_prm
from stepscale.references import reference_in

GIVEN = {"base": "b", "prompt": "{problem}", "prm": {}, "orm": {}}


def test_it_is_taken_in_the_place_of_a_trained_prm_and_named_once() -> None:
    critic = VerifierBlock.model_validate({**GIVEN, "generative": {"base": "m/critic", "judgments": 4}})
    prm = take_prm(critic)
    reference = reference_in(prm)
    assert reference and reference.kind == "generative verifier" and reference.settings["judgments"] == 4
    both = {"generative": {"base": "m"}, "public": {"adapter": "trl", "source": "s"}}
    with pytest.raises(ValidationError, match="public and generative both name the run's PRM"):
        VerifierBlock.model_validate(GIVEN | both)


def test_a_base_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    absent = str(tmp_path / "absent")
    block = VerifierBlock.model_validate({**GIVEN, "generative": {"base": absent}})
    with pytest.raises(InputError, match=r"verifiers\.generative\.base: .*absent holds no model"):
        check_bases(PIPELINES["ready_prm"](), DataCatalog({"params:verifiers": MemoryDataset(block)}))


def test_searches_need_the_size_of_a_served_critic() -> None:
    block = parameters("base")
    critic = {"server": {"base_url": "http://a/v1", "model": "m"}}
    changed = check_parameters({**block, "verifiers": {**block["verifiers"], "generative": critic}})
    with pytest.raises(InputError, match=r"verifiers\.generative\.server\.parameters: searches are compared by FLOPs"):
        settings_of(changed, "search_settings")
