"""One call for any verifier: one that was trained here, or a public reward model."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stepscale.engine.placement import Placement
from stepscale.errors import InputError
from stepscale.opening import (
    check_no_server_options,
    check_precision,
    checked_folder,
    is_address,
    needs,
    settings_in_one_line,
)
from stepscale.references import Reference, reference_in
from stepscale.remote.access import UNKNOWN_MODEL
from stepscale.resume.content import model_hash
from stepscale.verifiers.generative_options import GenerativePRM
from stepscale.verifiers.public import ADAPTERS, Adapter, PublicVerifier, adapter_for
from stepscale.verifiers.ready import ReadyPRM
from stepscale.verifiers.saved import FILE_NAME
from stepscale.verifiers.served_options import ServedPRM

if TYPE_CHECKING:
    from stepscale.verifiers.contract import StepReader


def load_verifier(
    source: str | Path,
    *,
    adapter: Adapter | None = None,
    name: str | None = None,
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
    separator: str = "\n",
    model: str | None = None,
    tokenizer: str | None = None,
    api_key_variable: str | None = None,
) -> "StepReader":
    """Open a model that scores steps.

    Args:
        source: A folder that verifier training wrote, or the folder or hub name of a public reward model. A folder may also
            refer to such a model, here or behind a server. Or the base address of a server that pools (vLLM), such as
            ``http://localhost:8000/v1``.
        adapter: The conventions of a public model; recognized by its name or its folder where possible.
        name: The name in results and ledgers; by default the last part of ``source``.
        device: Torch device; "auto" takes a GPU if there is one.
        dtype: Precision of weights and arithmetic.
        separator: For the adapter ``trl`` alone: the step separator that the model was trained with.
        model: For a server: the model's name there; needed only if it serves several.
        tokenizer: For a server: folder or hub name of the model's tokenizer, or the folder of a verifier trained here; by default
            the model's name.
        api_key_variable: For a server: the environment variable that holds its key.

    Returns:
        The verifier, with its tokenizer and its size.

    Raises:
        InputError: The model cannot be loaded, is not a verifier, or needs an ``adapter`` to be named.
    """
    if is_address(source):
        with settings_in_one_line():
            access = ServedPRM.model_validate(
                {
                    "base_url": source,
                    "model": model or UNKNOWN_MODEL,
                    "tokenizer": tokenizer,
                    "api_key_variable": api_key_variable,
                    "adapter": adapter,
                    "separator": separator,
                }
            )
        return _served(access, name)
    check_no_server_options(source, model, tokenizer, api_key_variable)
    source = checked_folder(source)
    check_precision(dtype)
    folder = Path(source)
    if adapter is None and (reference := reference_in(folder)):
        return _referred(reference, name, device, dtype)
    if adapter is None and (folder / FILE_NAME).is_file():
        with needs("models"):
            from stepscale.verifiers.scoring import ModelVerifier
        return ModelVerifier(folder, name, device=device, dtype=dtype)
    conventions = {"adapter": _known_adapter(adapter, source), "separator": separator}
    placement = {"dtype": dtype, "device": None if device == "auto" else device}
    with settings_in_one_line():
        public = PublicVerifier.model_validate({"source": str(source), "name": name, **conventions, **placement})
    return _public(public)


def _public(public: PublicVerifier) -> "StepReader":
    with needs("models"):
        from stepscale.verifiers.adapters import open_public_verifier
    return open_public_verifier(public)


def _served(access: ServedPRM, name: str | None) -> "StepReader":
    with needs("remote"), needs("models"):
        from stepscale.verifiers.served import ServedVerifier
    return ServedVerifier(_with_model(access), name)


def _with_model(access: ServedPRM) -> ServedPRM:
    """The same; if no model is named, with the only model that the server serves."""
    from stepscale.remote.client import served_model

    if access.model != UNKNOWN_MODEL:
        return access
    return access.model_copy(update={"model": served_model(access)})


def _known_adapter(adapter: Adapter | None, source: str | Path) -> Adapter:
    """The adapter that was named, or that fits the model's name or folder; raises InputError if neither is known."""
    adapter_name = adapter or adapter_for(source)
    if adapter_name is None:
        raise InputError(_unknown(Path(source)))
    if adapter_name not in ADAPTERS:
        raise InputError(f"adapter {adapter_name!r}: no adapter has this name; choose one of {', '.join(ADAPTERS)}")
    return adapter_name


def _unknown(folder: Path) -> str:
    """Why no adapter is known: what is absent comes first, for there an adapter would not help."""
    adapters = ", ".join(ADAPTERS)
    if not folder.is_dir():
        return f"{folder}: there is no such folder; if it is a name on the hub, name the model's adapter, one of {adapters}"
    if not (folder / "config.json").is_file():
        return f"{folder} holds no model (no config.json); give the folder of a verifier, or a hub name"
    return f"{folder} is not a verifier that is known by itself; name its adapter, one of {adapters}"


def open_verifier(folder: Path, name: str, placement: Placement) -> "StepReader":
    """The verifier in a folder that a node wrote, or that it refers to.

    Args:
        folder: Of a verifier trained here, or one that says which other one it is (``references``).
        name: The name in results and ledgers.
        placement: Where it computes, if it was trained here or is public.

    Returns:
        The verifier.

    Raises:
        InputError: There is no such verifier, or the server does not answer.
    """
    reference = reference_in(folder)
    if reference:
        return _referred(reference, name, placement.device, placement.dtype)
    with needs("models"):
        from stepscale.verifiers.scoring import ModelVerifier
    return ModelVerifier(folder, name, **placement.model_dump())


def _referred(
    reference: Reference, name: str | None, device: str, dtype: Literal["float32", "bfloat16"]
) -> "StepReader":
    if reference.kind == "verifier server":
        with needs("remote"), needs("models"):
            from stepscale.verifiers.served import ServedVerifier
        return ServedVerifier(ServedPRM.model_validate(reference.settings), name)
    if reference.kind == "public verifier":
        with needs("models"):
            from stepscale.verifiers.adapters import open_public_verifier
        public = PublicVerifier.model_validate(reference.settings)
        placed = {"name": name or public.name, "dtype": dtype, "device": None if device == "auto" else device}
        return open_public_verifier(public.model_copy(update=placed))
    if reference.kind == "generative verifier":
        from stepscale.verifiers.generative import open_generative

        return open_generative(GenerativePRM.model_validate(reference.settings), name, device, dtype)
    raise InputError(f"{name or 'verifier'}: this run has none ({reference.kind}); train one (reward_modeling)")


def ready_prm_folder(ready: ReadyPRM, folder: Path) -> Path:
    """Make ``folder`` refer to a PRM that is used as it is.

    Args:
        ready: A PRM behind a server, a public one, or a language model that judges.
        folder: The folder to write.

    Returns:
        The folder.
    """
    settings = ready.model_dump(mode="json")
    if isinstance(ready, ServedPRM):
        identity = ready.identity
        return Reference(kind="verifier server", source=ready.source, settings=settings, identity=identity).write(
            folder
        )
    if isinstance(ready, GenerativePRM):
        is_folder = ready.server is None and Path(ready.source).is_dir()
        identity = ready.identity | ({"weights": model_hash(ready.source)} if is_folder else {})
        reference = Reference(kind="generative verifier", source=ready.source, settings=settings, identity=identity)
        return reference.write(folder)
    running = {"name", "device"}
    identity = ready.model_dump(mode="json", exclude=running)
    return Reference(kind="public verifier", source=ready.source, settings=settings, identity=identity).write(folder)
