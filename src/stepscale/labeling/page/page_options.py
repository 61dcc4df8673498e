"""The settings of people's labels: what the page asks of a labeler, where labels are, and how labelers are checked."""

import re
from typing import Literal

from pydantic import Field

from stepscale.user_paths import UserPath
from stepscale.user_settings import UserSettings

Ask = Literal["first_error", "every_step", "alternatives"]

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1", "[::1]")
"""Names under which this machine alone is reached."""


NAME_RULE = "a labeler's name has 1 to 64 letters, digits, or . @ + - _"
_NAME = re.compile(r"[\w.@+-]{1,64}")


def is_labeler(name: str) -> bool:
    """Whether a labeler can have this name, by `NAME_RULE`.

    Args:
        name: As it was chosen, by the labeler or by who runs the server.
    """
    return _NAME.fullmatch(name) is not None


class PageOptions(UserSettings):
    """How solutions are handed out and rated (Lightman et al. 2023, 2.4 and D)."""

    ask: Ask = Field(
        "first_error",
        description="first_error: up to the first negative step (phase 2); every_step: all steps (as ProcessBench); "
        "alternatives: a step's other completions too, and one by hand (phase 1)",
    )
    twice: float = Field(0.0, ge=0, le=1, description="share of the solutions that two people label")
    screening: int = Field(0, ge=0, description="known questions that a new labeler answers first")
    quality_control: float = Field(0.0, ge=0, lt=1, description="share of known questions among a labeler's later ones")
    least_agreement: float = Field(0.75, ge=0, le=1, description="with known labels; below it a labeler is left out")
    least_questions: int = Field(5, ge=1, description="known questions answered before that is judged")
    reserve_minutes: float = Field(30.0, gt=0, description="until a solution that was handed out is free again")
    seed: int = Field(0, ge=0)


class KnownLabels(UserSettings):
    """Labels that are known, by which people are checked: screening and quality control (Lightman et al. 2023, 2.4)."""

    path: UserPath = Field(description="PRM800K file of the known labels; relative to the project's folder")
    least_agreement: float = Field(0.75, ge=0, le=1, description="with them; a labeler with less is left out")
    least_questions: int = Field(5, ge=1, description="known questions answered before that is judged")


class LabelFile(UserSettings):
    """A file of people's labels, and what they are checked by."""

    path: UserPath = Field(description="the file, JSONL; relative to the project's folder")
    name: str = Field("human", description="of the labeler of records that name none")
    known: KnownLabels | None = Field(None, description="labels to check people by; null: no labeler is left out")
