"""One call for any generator: a model folder, a hub name, or the address of a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stepscale.errors import InputError
from stepscale.generation.prompts import ChatPrompt, prompt_template
from stepscale.opening import check_folder, needs

if TYPE_CHECKING:
    from stepscale.generation.local import LocalGenerator
    from stepscale.generation.server import ServerGenerator

_PLAIN = "{problem}\n"


def load_generator(
    source: str | Path,
    *,
    prompt: str | None = None,
    step_separator: str = "\n",
    name: str | None = None,
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
    memory_budget_gb: float = 2.0,
    model: str | None = None,
    api_key_variable: str | None = None,
    concurrency: int = 64,
) -> "LocalGenerator | ServerGenerator":
    """Open a language model that writes solutions step by step.

    Args:
        source: A folder written by ``save_pretrained``, a name on the Hugging Face hub, or the base address of an
            OpenAI-compatible completions server, such as ``http://localhost:8000/v1``.
        prompt: Template that holds ``{problem}`` once. By default the chat template of the model's tokenizer with an
            instruction to write a step per line; without a chat template, or for a server, the problem on a line of its own.
        step_separator: Blank text that ends a step.
        name: The name in results and ledgers; by default that of the model.
        device: Torch device; "auto" takes a GPU if there is one.
        dtype: Precision of weights and arithmetic.
        memory_budget_gb: Gibibytes for keys and values; weights come on top.
        model: For a server: the model's name there; needed only if it serves several.
        api_key_variable: For a server: the environment variable that holds its key.
        concurrency: For a server: requests under way at once.

    Raises:
        InputError: The model cannot be loaded, the server cannot be asked, or the prompt is unusable.
    """
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        with needs("remote"):
            from stepscale.generation.server import ServerGenerator, ServerSettings, served_model
        settings = ServerSettings(
            base_url=source, model=model or "", api_key_variable=api_key_variable, concurrency=concurrency
        )
        if not model:
            settings = settings.model_copy(update={"model": served_model(settings)})
        server = ServerGenerator(settings, prompt_template=prompt or _PLAIN, step_separator=step_separator)
        server.name = name or server.name
        return server
    if model or api_key_variable:
        raise InputError(f"{source} is no server's address, so it takes no model and no key; begin it with http://")
    check_folder(source)
    with needs("models"):
        from stepscale.generation.local import LocalGenerator
    generator = LocalGenerator.load(
        source,
        prompt_template=prompt or _PLAIN,
        device=device,
        dtype=dtype,
        step_separator=step_separator,
        memory_budget_gb=memory_budget_gb,
        name=name,
    )
    if prompt is None:
        generator.prompt_template = default_prompt(str(source))
    return generator


def default_prompt(source: str) -> str:
    """The template for a model of which nothing else is known: its chat template, or the plain problem.

    A plain prompt starts with the beginning-of-text token if the tokenizer has one and does not put it there itself.
    """
    from stepscale.engine.loading import load_tokenizer

    tokenizer = load_tokenizer(source)
    if tokenizer.chat_template:
        return prompt_template(ChatPrompt(style="chat"), source, 0)
    first = tokenizer("x")["input_ids"][:1]
    start = "" if tokenizer.bos_token is None or first == [tokenizer.bos_token_id] else tokenizer.bos_token
    return start + _PLAIN
