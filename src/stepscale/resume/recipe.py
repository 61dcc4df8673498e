"""What made a piece of work: inputs, settings, seed and code. Equal recipes make equal rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Self

from stepscale.resume.code import Maker, code_hash
from stepscale.resume.content import canonical


@dataclass(frozen=True)
class Recipe:
    """All that decides the rows of a piece; made by ``Recipe.of``.

    Attributes:
        code: Hash of the modules that make the rows.
        inputs: Name and hash of each input.
        settings: Options that decide the rows, as JSON.
        seed: Of the run.
    """

    code: str
    inputs: tuple[tuple[str, str], ...]
    settings: bytes
    seed: int

    @classmethod
    def of(cls, *makers: Maker, inputs: Mapping[str, str], settings: object, seed: int) -> Self:
        """The recipe of what ``makers`` make.

        Args:
            makers: The functions and classes that compute the rows; one that another of them imports may be left out.
            inputs: A hash of each input, by its name (``content_hash``, ``model_hash``).
            settings: Options that decide the rows: Pydantic models, mappings, lists, plain values.
            seed: The seed of the run.
        """
        return cls(code_hash(*makers), tuple(sorted(inputs.items())), canonical(settings), seed)

    @cached_property
    def key(self) -> str:
        """The sha256 of all parts."""
        return sha256(canonical([self.code, self.inputs, self.settings.decode(), self.seed])).hexdigest()
