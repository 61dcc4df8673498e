"""Where the served models come from: what a run saved, or a generator and a verifier named in a file.

In: the folder of a saved policy, or a YAML file. Out: an ``Answerer``. A generator may be a folder, a hub name or a server. A
policy may be one that a run learned, or best-of-N weighted at each budget if no policy was learned yet.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import Field, ValidationError

from stepscale.engine.placement import GeneratorPlacement, Placement
from stepscale.errors import InputError
from stepscale.grading import Rules
from stepscale.opening import checked_folder, is_address
from stepscale.remote.access import ServerAccess
from stepscale.serving.answering import Answerer, room_for_prompt
from stepscale.serving.policy import ServedPolicy, ServedSampling
from stepscale.user_paths import is_there
from stepscale.user_settings import UserSettings
from stepscale.verifiers.aggregation import Aggregation, NeutralIs
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.public import Adapter

if TYPE_CHECKING:
    from stepscale.generation.local import LocalGenerator
    from stepscale.generation.server import ServerGenerator
    from stepscale.verifiers.contract import StepReader


class GeneratorSource(UserSettings):
    """The generator, and how it is reached."""

    source: str = Field(description="a folder, a hub name, or a server's address such as http://localhost:8000/v1")
    model: str | None = Field(None, description="of a server: the model's name there, if it serves several")
    api_key_variable: str | None = Field(None, description="of a server: the environment variable that holds its key")
    tokenizer: str | None = Field(None, description="of a server: the model's tokenizer; ids go there instead of text")
    concurrency: int = Field(64, ge=1, description="of a server: requests under way at once")
    placement: GeneratorPlacement = GeneratorPlacement()


class VerifierSource(UserSettings):
    """The PRM."""

    source: str = Field(
        description="a folder that verifier training wrote, a public reward model, or a server's address"
    )
    adapter: Adapter | None = Field(None, description="conventions of a public model; null: recognized by its name")
    model: str | None = Field(None, description="of a server: the model's name there, if it serves several")
    tokenizer: str | None = Field(None, description="of a server: the model's tokenizer; null: its name")
    api_key_variable: str | None = Field(None, description="of a server: the environment variable that holds its key")
    placement: Placement = Placement()


class UnlearnedPolicy(UserSettings):
    """Best-of-N weighted at each budget: what to serve before a run has learned a policy."""

    budgets: tuple[int, ...] = Field((1, 4, 16, 64), min_length=1, description="N that may be asked for")
    prompt: str = Field(
        "", description="template with {problem}; empty: the model's chat template, or the plain problem"
    )
    sampling: ServedSampling
    aggregation: Aggregation = "last"
    neutral_is: NeutralIs = "positive"
    grading_rules: Rules = "prm800k"
    seed: int = Field(0, ge=0)

    def served(self) -> ServedPolicy:
        """The same as a ``ServedPolicy``."""
        settings = self.model_dump(exclude={"budgets"})
        every_sample = [{"budget": n, "policy": _samples(n)} for n in sorted(set(self.budgets))]
        return ServedPolicy.model_validate({**settings, "runs": {}, "budgets": every_sample, "chosen_on": 0})


class ModelSources(UserSettings):
    """The file that names what is served."""

    generator: GeneratorSource
    verifier: VerifierSource
    policy: Path | UnlearnedPolicy = Field(
        description="a served_policy.json or policy.json of a run, or one not learned"
    )

    @classmethod
    def read(cls, path: Path) -> "ModelSources":
        """The content of the file; paths in it are relative to the working directory.

        Args:
            path: Of the file, in YAML.

        Raises:
            InputError: It cannot be read, or is at fault. The line names the key and the fault.
        """
        try:
            return cls.model_validate(yaml.safe_load(path.read_text()))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"{path}: cannot be read as YAML ({' '.join(str(error).split())[:160]})") from None
        except ValidationError as error:
            # of the two kinds of policy the one that was meant has the deeper fault
            fault = max(error.errors(), key=lambda fault: len(fault["loc"]))
            key = ".".join(str(part) for part in fault["loc"] if part != UnlearnedPolicy.__name__)
            raise InputError(f"{path}: {key or 'the file'}: {fault['msg']} (docs/serving.md)") from None

    def open(self) -> Answerer:
        """Open the models.

        Raises:
            InputError: One of them cannot be opened.
        """
        for source in (self.generator.source, self.verifier.source):
            if not is_address(source):
                checked_folder(source)  # both, before either is loaded
        policy = self.policy.served() if isinstance(self.policy, UnlearnedPolicy) else ServedPolicy.read(self.policy)
        is_asked_first = is_address(
            self.verifier.source
        )  # a server answers at once, a model here takes minutes to load
        verifier = self._open_verifier() if is_asked_first else None
        generator = self._open_generator(policy)
        room = room_for_prompt(generator.context, policy.sampling.max_new_tokens)
        return Answerer(policy, generator, verifier or self._open_verifier(), room)

    def _open_generator(self, policy: ServedPolicy) -> "LocalGenerator | ServerGenerator":
        from stepscale.generation.open_generator import load_generator

        generator = load_generator(
            prompt=policy.prompt or None, ends_before=policy.ends_before, **_arguments(self.generator)
        )
        if is_address(self.generator.source):
            _check_serves(generator)
            generator.encode_prompt("1")  # its tokenizer is there
        return generator

    def _open_verifier(self) -> "StepReader":
        from stepscale.verifiers.open_verifier import load_verifier

        verifier = load_verifier(name="prm", **_arguments(self.verifier))
        if is_address(self.verifier.source):
            _check_serves(verifier)
            verifier.encode([Trajectory("1", ("1",))])
        return verifier


def _check_serves(model: object) -> None:
    """Raises InputError if a model's server is not there or has other models."""
    access = getattr(model, "settings", None)
    if isinstance(access, ServerAccess):
        from stepscale.remote.client import check_serves

        check_serves(access)


def open_answerer(source: Path) -> Answerer:
    """What answers questions by a saved policy, or by models that a file names.

    Args:
        source: Folder of the saved policy, or the file.

    Raises:
        InputError: There is neither, or it is at fault.
    """
    if is_there(source) and source.is_file():
        return ModelSources.read(source).open()
    if not (source / "MLmodel").is_file():
        raise InputError(
            f"{source}: neither a saved policy nor a YAML file that names models; kedro run --pipelines policy saves one"
        )
    saved = yaml.safe_load((source / "MLmodel").read_text())["flavors"]["python_function"]["artifacts"]
    return Answerer.load(**{name: source / str(saved[name]["path"]) for name in ("policy", "generator", "prm")})


def _arguments(source: GeneratorSource | VerifierSource) -> dict[str, Any]:
    """Arguments of ``load_generator`` or ``load_verifier``."""
    return source.model_dump(exclude={"placement"}) | source.placement.model_dump()


def _samples(n: int) -> dict[str, Any]:
    """A policy that draws all samples at once, without looking at probes."""
    return {"probes": n, "sure": 0.0, "borders": [], "actions": [{"samples": n}]}
