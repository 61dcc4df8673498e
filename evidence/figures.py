"""The declared table of figures, read and checked."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stepscale.errors import InputError

TABLE = Path(__file__).with_name("figures.toml")
SHARED_DATA = "STEPSCALE_SHARED_DATA"


class Figure(BaseModel):
    """A number that README or docs state.

    Attributes:
        id: Its name.
        claim: What it says.
        page: Where it is stated.
        command: What gives it, run in the repository's root.
        file: What the command writes, from the root; empty: its last line of output, which is JSON.
        read: Where the value stands: a dotted path in JSON, or ``column`` of the row in which other columns have given values,
            as in ``accuracy where method=majority, n=8``.
        value: As stated.
        low: Least value that is no move: the interval's lower end; for a figure without chance, the value.
        high: Likewise the greatest.
        interval: What the interval is, in words; empty: there is no chance in it.
        seeds: Of the command; empty where it has none.
        revision: At which the value was measured.
        minutes: That the command takes on two cores.
        needs: The environment variable that names data the repository does not hold; empty: none is needed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern="^[a-z0-9_]+$")
    claim: str
    page: str
    command: str
    file: str = ""
    read: str
    value: float
    low: float
    high: float
    interval: str = ""
    seeds: str = ""
    revision: str
    minutes: float = Field(gt=0)
    needs: str = ""

    @model_validator(mode="after")
    def _is_within(self) -> "Figure":
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} is not within [{self.low}, {self.high}]")
        return self

    def has_moved(self, value: float) -> bool:
        """Whether a value measured anew lies outside the interval."""
        return not self.low <= value <= self.high


def read_figures(path: Path = TABLE) -> list[Figure]:
    """The table.

    Args:
        path: A TOML file of ``[[figure]]`` entries.

    Returns:
        The figures, in order.

    Raises:
        InputError: The file is no TOML, an entry lacks something, or two have one id.
    """
    try:
        entries: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8")).get("figure", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); correct it") from None
    figures: list[Figure] = []
    for number, entry in enumerate(entries, 1):
        try:
            figures.append(Figure.model_validate(entry))
        except ValidationError as error:
            fault = error.errors()[0]
            place = ".".join(map(str, fault["loc"])) or str(entry.get("id", ""))
            raise InputError(f"{path}: figure {number}, {place}: {fault['msg']}; correct it") from None
    ids = [figure.id for figure in figures]
    if twice := next((name for name in ids if ids.count(name) > 1), None):
        raise InputError(f"{path}: two figures have the id {twice}; rename one")
    return figures
