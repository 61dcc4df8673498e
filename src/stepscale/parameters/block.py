"""Building blocks of all parameters: sources of data, sampling, sizes."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from stepscale.errors import InputError
from stepscale.formats import ReadableFormat
from stepscale.formats.registry import check_options
from stepscale.generation.temperature import Temperature
from stepscale.search.asking import MAX_GENERATIONS
from stepscale.user_paths import UserPath
from stepscale.user_settings import UserSettings

ModelSource = UserPath
"""A model's folder ("~" is the home folder) or Hugging Face name."""


class Block(UserSettings):
    """A block of parameters: immutable, unknown keys refused."""


class FileSource(Block):
    """A data set to read with ``stepscale.formats.read``."""

    reads: ClassVar[Literal["read", "read_searches"]] = "read"

    path: UserPath = Field(description="file or folder; relative to the project's folder")
    format: ReadableFormat = Field(description="a name stepscale.formats.read knows")
    options: dict[str, Any] = Field(default={}, description="options of that reader")
    limit: int | None = Field(None, ge=1, description="read so many problems at the most")

    @model_validator(mode="after")
    def _has_options_of_its_reader(self) -> Self:
        try:
            check_options(self.format, self.options, self.reads)
        except InputError as error:
            raise ValueError(f"options: {error}") from None
        return self


class SamplingBlock(Block):
    """How solutions are drawn."""

    temperature: Temperature = Field(1.0, description="0 is greedy")
    top_p: float = Field(1.0, gt=0, le=1)
    max_new_tokens: int = Field(ge=1, description="longest solution (tokens); a longer one counts as unfinished")


class SampleCounts(Block):
    """How many samples per problem, and how they are stored."""

    per_problem: int = Field(ge=1, le=MAX_GENERATIONS)
    problems_per_shard: int = Field(ge=1, description="problems in one saved shard: what a crash can cost")
