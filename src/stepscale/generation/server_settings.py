"""Settings of a completions server; a file of its own, so that parameters need no httpx."""

from pydantic import Field

from stepscale.remote.access import ServerAccess


class ServerSettings(ServerAccess):
    """Where the server is and how to ask it."""

    token_ids: bool | None = Field(
        None,
        description="prompts and answers as ids of the model's tokenizer, so that no text is tokenized again; null: where "
        "there is a tokenizer and the server takes them",
    )
    logprobs: bool = Field(True, description="ask for token log-likelihoods; a server may not give them")
    seeds: bool = Field(True, description="send a seed with each request; some servers fail on them (vLLM on a CPU)")
    stop_text_removed: bool = Field(
        False,
        description="the server cuts the stop text off without telling (vLLM and SGLang tell, transformers keeps it)",
    )
