"""Generators: models that write solutions step by step, here or behind a server. docs/engine.md tells them."""

from typing import TYPE_CHECKING

from stepscale.generation.contract import Continuation, Generator, Request, Sampling
from stepscale.lazy import lazy_names

if TYPE_CHECKING:
    from stepscale.generation.local import LocalGenerator as LocalGenerator
    from stepscale.generation.open_generator import load_generator as load_generator
    from stepscale.generation.server import ServerGenerator as ServerGenerator
    from stepscale.generation.server_settings import ServerSettings as ServerSettings

__all__ = [
    "Continuation",
    "Generator",
    "LocalGenerator",
    "Request",
    "Sampling",
    "ServerGenerator",
    "ServerSettings",
    "load_generator",
]

__getattr__ = lazy_names(
    __name__,
    {
        "LocalGenerator": "local",
        "ServerGenerator": "server",
        "ServerSettings": "server_settings",
        "load_generator": "open_generator",
    },
    extras={"ServerGenerator": "remote"},
)
