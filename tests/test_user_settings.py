"""Settings that are made in Python are refused as those of a file are: every kind of them, by the key."""

import copy
import pickle
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from stepscale.engine.encoding import TextFormat
from stepscale.errors import InputError
from stepscale.estimators.stopping.instance_adaptive import SuccessMap
from stepscale.estimators.vote_rules import BordaVote
from stepscale.generation.server_settings import ServerSettings
from stepscale.search.beam import Beam
from stepscale.search.best_of_n import BestOfN
from stepscale.training.optimization import Optimization
from stepscale.user_settings import UserSettings
from stepscale.verifiers import VerifierTraining
from stepscale.verifiers.options import LoRA
from stepscale.verifiers.public import PublicVerifier

PRM = {"adapter": "trl", "source": "a/prm"}
SERVER = {"base_url": "http://localhost/v1", "model": "m"}
REFUSED: list[tuple[type[UserSettings], dict[str, Any], str]] = [
    (BestOfN, {"n": True}, "n"),
    (Beam, {"n": 4, "width": True}, "width"),
    (Optimization, {"batch_size": True}, "batch_size"),
    (Optimization, {"learning_rate": True}, "learning_rate"),
    (Optimization, {"seed": False}, "seed"),
    (Optimization, {"seed": 1 << 70}, "seed"),
    (VerifierTraining, {"kind": "prm", "validation_share": False}, "validation_share"),
    (VerifierTraining, {"kind": "prm", "optimization": {"epochs": True}}, "epochs"),
    (VerifierTraining, {"kind": "prm", "head_init_tokens": ["<a>", "<a>"]}, "head_init_tokens"),
    (LoRA, {"rank": True}, "rank"),
    (BordaVote, {"kind": "borda", "power": True}, "power"),
    (BordaVote, {"kind": "borda", "power": float("inf")}, "power"),
    (PublicVerifier, PRM | {"name": " "}, "name"),
    (PublicVerifier, PRM | {"source": ""}, "source"),
    (ServerSettings, SERVER | {"attempts": True}, "attempts"),
    (ServerSettings, SERVER | {"timeout_seconds": float("inf")}, "timeout_seconds"),
    (ServerSettings, SERVER | {"model": ""}, "model"),
]


@pytest.mark.parametrize(("kind", "settings", "key"), REFUSED)
def test_a_value_that_would_be_read_in_another_sense_is_refused_by_its_key(
    kind: type[UserSettings], settings: dict[str, Any], key: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(settings)
    assert [fault["loc"][-1] for fault in caught.value.errors()] == [key]
    with pytest.raises(InputError) as refusal:
        kind(**settings)
    line = str(refusal.value)
    assert line.startswith(f"{kind.__name__}: ") and f"{key}: " in line and "pydantic" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("kind", "settings", "line"),
    [
        (Optimization, {"lerning_rate": 1}, "Optimization: lerning_rate: unknown key"),
        (Optimization, {"epochs": -1, "batch_size": 0}, r"Optimization: epochs: .* than 0; batch_size: .*"),
        (VerifierTraining, {}, "VerifierTraining: kind: Field required"),
        (VerifierTraining, {"kind": "prm", "optimization": {"epochs": 0}}, "optimization.epochs: .* greater than 0"),
        (VerifierTraining, {"kind": "prm", "optimization": 5}, "optimization: Input should be a valid dictionary"),
        (VerifierTraining, {"kind": "prm", "weights": {"rank": 0}}, "weights.rank: .* greater than or equal to 1"),
        (TextFormat, {"prompt": 3}, "TextFormat: prompt: Input should be a valid string"),
    ],
)
def test_settings_made_in_python_with_a_fault_are_one_line(
    kind: type[UserSettings], settings: dict[str, Any], line: str
) -> None:
    with pytest.raises(InputError, match=line) as caught:
        kind(**settings)
    assert "\n" not in str(caught.value) and "errors.pydantic.dev" not in str(caught.value)


def test_settings_that_are_made_cannot_be_set_and_are_pickled_and_copied() -> None:
    settings = Optimization(epochs=2)
    with pytest.raises(InputError, match=r"^Optimization\.epochs cannot be set; make new settings"):
        settings.epochs = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(settings)) == copy.deepcopy(settings) == settings.model_copy() == settings


def test_flags_and_text_that_may_be_blank_are_taken() -> None:
    assert Optimization(gradient_checkpointing=True).gradient_checkpointing is True
    assert PublicVerifier(**PRM, separator="\n\n").separator == "\n\n"


def subclasses(kind: type[BaseModel]) -> set[type[BaseModel]]:
    return {kind, *(further for direct in kind.__subclasses__() for further in subclasses(direct))}


def test_all_parameters_of_a_run_are_such_settings() -> None:
    from stepscale.parameters import Parameters

    checked: set[type[BaseModel]] = set()

    def look_at(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in checked:
            checked.add(annotation)
            for field in annotation.model_fields.values():
                look_at(field.annotation)
        for part in getattr(annotation, "__args__", ()):
            look_at(part)

    look_at(Parameters)
    checked.discard(SuccessMap)  # what a rule has learned; nobody writes it
    assert len(checked) > 30 and checked <= subclasses(UserSettings)
