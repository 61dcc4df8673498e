"""Pieces of work in order, each with its recipe and the call that makes it. ``datasets.shards`` saves them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stepscale.cost import Ledger
from stepscale.resume.recipe import Recipe

Shards = Mapping[str, Callable[[], pd.DataFrame]]  # the pieces of the plan saved last: readers by name, in order


class Made(NamedTuple):
    """A piece that was made.

    Attributes:
        table: Its rows.
        cost: What they cost; None for work without models.
        note: What ``Piece.when_made`` gets.
    """

    table: pd.DataFrame
    cost: Ledger | None = None
    note: Any = None


@dataclass(frozen=True)
class Piece:
    """One piece.

    Attributes:
        name: Its name in the plan, also the beginning of its file's name.
        recipe: All that decides its rows.
        make: Makes it; picklable, for it may run on another machine.
        size: How much work it is, in the plan's unit.
        when_made: Called in the process that saves, after the piece was saved, with ``Made.note``.
    """

    name: str
    recipe: Recipe
    make: Callable[[], Made]
    size: int = 1
    when_made: Callable[[Any], None] | None = None

    @property
    def file_name(self) -> str:
        """The file that it is saved in."""
        return f"{self.name}-{self.recipe.key[:24]}.parquet"


@dataclass(frozen=True)
class ShardPlan:
    """What a node returns to have it made and saved piece by piece.

    Attributes:
        purpose: What is done, as the progress bar shows it ("sampling pool").
        pieces: In the order in which they are made and loaded.
        unit: Unit of the sizes, in the plural.
        side_by_side: The folder of a model; if it is small, pieces are made one per core.
    """

    purpose: str
    pieces: tuple[Piece, ...] = field(default=())
    unit: str = "pieces"
    side_by_side: Path | None = None

    def __add__(self, other: "ShardPlan") -> "ShardPlan":
        purposes = dict.fromkeys((self.purpose, other.purpose))
        return replace(self, purpose=", ".join(purposes), pieces=(*self.pieces, *other.pieces))


class PieceError(RuntimeError):
    """A piece could not be made; the cause is the fault. Distinguishes a fault of the work from a fault of saving it."""
