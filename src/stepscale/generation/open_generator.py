"""One call for any generator: a model folder, a hub name, or the address of a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stepscale.engine.placement import GeneratorPlacement
from stepscale.generation.prompts import ChatPrompt, check_template, prompt_template, tell_other_fields
from stepscale.generation.server_settings import ServerSettings
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

if TYPE_CHECKING:
    from stepscale.generation.local import LocalGenerator
    from stepscale.generation.server import ServerGenerator

_PLAIN = "{problem}\n"


def load_generator(
    source: str | Path,
    *,
    prompt: str | None = None,
    step_separator: str = "\n",
    ends_before: str = "",
    name: str | None = None,
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
    memory_budget_gb: float = 2.0,
    model: str | None = None,
    api_key_variable: str | None = None,
    tokenizer: str | None = None,
    concurrency: int = 64,
) -> "LocalGenerator | ServerGenerator":
    """Open a language model that writes solutions step by step.

    Args:
        source: A folder written by ``save_pretrained``, a name on the Hugging Face hub, or the base address of an
            OpenAI-compatible completions server, such as ``http://localhost:8000/v1``.
        prompt: Template that holds ``{problem}`` once. By default the chat template of the model's tokenizer with an
            instruction to write a step per line. Without a chat template, or for a server, the problem on a line of its own.
        step_separator: Blank text that ends a step.
        ends_before: How the first line after a solution begins; "": no such line.
        name: The name in results and ledgers; by default that of the model.
        device: Torch device; "auto" takes a GPU if there is one.
        dtype: Precision of weights and arithmetic.
        memory_budget_gb: Gibibytes for keys and values; weights come on top.
        model: For a server: the model's name there; needed only if it serves several.
        api_key_variable: For a server: the environment variable that holds its key.
        tokenizer: For a server: folder or hub name of the model's tokenizer; prefixes then go there as its token ids, if the
            server takes them.
        concurrency: For a server: requests under way at once.

    Returns:
        A generator that ``stepscale.solve`` and ``stepscale.search.search`` take: in this process, or behind the
        server.

    Raises:
        InputError: The model cannot be loaded, the server cannot be asked, or the prompt is unusable.
    """
    if prompt is not None:
        check_template(prompt)
        tell_other_fields(prompt)
    if is_address(source):
        settings = _server_settings(source, model, api_key_variable, concurrency)
        texts = {"prompt_template": prompt or _PLAIN, "step_separator": step_separator, "ends_before": ends_before}
        return _server_class()(settings, tokenizer=tokenizer, name=name, **texts)
    check_no_server_options(source, model, tokenizer, api_key_variable)
    source = checked_folder(source)
    check_precision(dtype)
    generator = _local_class().load(
        source,
        prompt_template=prompt or _PLAIN,
        device=device,
        dtype=dtype,
        step_separator=step_separator,
        ends_before=ends_before,
        memory_budget_gb=memory_budget_gb,
        name=name,
    )
    if prompt is None:
        generator.prompt_template = default_prompt(str(source))
    return generator


def _local_class() -> "type[LocalGenerator]":
    with needs("models"):
        from stepscale.generation.local import LocalGenerator
    return LocalGenerator


def _server_class() -> "type[ServerGenerator]":
    with needs("remote"):
        from stepscale.generation.server import ServerGenerator
    return ServerGenerator


def _server_settings(address: str, model: str | None, api_key_variable: str | None, concurrency: int) -> ServerSettings:
    """The server's settings; if no model is named, with the only model that it serves."""
    with needs("remote"):
        from stepscale.remote.client import served_model
    with settings_in_one_line():
        settings = ServerSettings.model_validate(
            {
                "base_url": address,
                "model": model or UNKNOWN_MODEL,
                "api_key_variable": api_key_variable,
                "concurrency": concurrency,
            }
        )
    return settings if model else settings.model_copy(update={"model": served_model(settings)})


def default_prompt(source: str) -> str:
    """The default template of a model: its chat template, or the plain problem.

    A plain prompt starts with the beginning-of-text token if the tokenizer has one and does not put it there itself.

    Args:
        source: Folder or hub name of the model.

    Returns:
        A template that holds ``{problem}`` once.

    Raises:
        InputError: The model's tokenizer cannot be loaded, or its chat template does not hold the problem once.
    """
    from stepscale.engine.loading import load_tokenizer

    tokenizer = load_tokenizer(source)
    if tokenizer.chat_template:
        return prompt_template(ChatPrompt(style="chat"), source, 0)
    first = tokenizer("x")["input_ids"][:1]
    start = "" if tokenizer.bos_token is None or first == [tokenizer.bos_token_id] else tokenizer.bos_token
    return start + _PLAIN


def open_model(
    folder: Path,
    *,
    prompt_template: str,
    ends_before: str,
    name: str | None,
    placement: GeneratorPlacement,
) -> "LocalGenerator | ServerGenerator":
    """The model in a folder that a node wrote, or that it refers to.

    Args:
        folder: A model's folder, or one that says where the model is (``references``).
        prompt_template: Template that holds ``{problem}`` once.
        ends_before: A solution ends before a line that begins like this; "": no such line.
        name: The name in results and ledgers; by default that of the folder.
        placement: Where it runs, if it runs here.

    Raises:
        InputError: There is no such model, or the server does not answer.
    """
    reference, name = reference_in(folder), name or Path(folder).name
    if reference and reference.kind == "generator server":
        settings = ServerSettings.model_validate(reference.settings)
        return _server_class()(
            settings, prompt_template=prompt_template, tokenizer=reference.source, ends_before=ends_before, name=name
        )
    return _local_class().load(
        folder, prompt_template=prompt_template, name=name, ends_before=ends_before, **placement.model_dump()
    )


def served_folder(settings: ServerSettings, tokenizer: str | None, folder: Path) -> Path:
    """Make ``folder`` refer to a generator behind a server; ``tokenizer``: folder or hub name of its tokenizer.

    Args:
        settings: Address and model of the server.
        tokenizer: Folder or hub name of the model's tokenizer; None where text is sent.
        folder: Where the reference is written.
    """
    reference = Reference(
        kind="generator server",
        source=tokenizer,
        settings=settings.model_dump(mode="json"),
        identity=settings.identity,
    )
    return reference.write(folder)
