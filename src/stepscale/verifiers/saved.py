"""What a saved verifier says about itself: ``stepscale_verifier.json`` in its folder, beside model and tokenizer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stepscale.engine.encoding import TextFormat
from stepscale.errors import InputError, describe_validation_error
from stepscale.verifiers.aggregation import Aggregation

Kind = Literal["prm", "soft_prm", "orm"]
FILE_NAME = "stepscale_verifier.json"
AGGREGATION: Mapping[Kind, Aggregation] = {"prm": "product", "soft_prm": "last", "orm": "last"}
"""How step scores become a solution's score unless told otherwise: Lightman 2.6; Snell E; Lightman 2.5."""


class SavedVerifier(BaseModel):
    """Enough to score with the model in the same folder exactly as it was trained."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    labels: tuple[str, ...] = Field(
        description="names of the head's outputs: negative, neutral, positive; negative, positive; or right alone"
    )
    layout: TextFormat

    @model_validator(mode="before")
    @classmethod
    def _as_written_now(cls, saved: Any) -> Any:
        """Folders of earlier versions also name an aggregation, which nothing ever read."""
        return (
            {key: value for key, value in saved.items() if key != "aggregation"} if isinstance(saved, dict) else saved
        )

    def write(self, folder: Path) -> None:
        """Write the file into a model folder; one that is there is replaced.

        Args:
            folder: One that exists, beside ``config.json``.
        """
        (folder / FILE_NAME).write_text(self.model_dump_json(indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "SavedVerifier":
        """Read it back.

        Args:
            folder: Of a model.

        Returns:
            What verifier training wrote.

        Raises:
            InputError: The file is missing, or does not hold what a verifier's file holds.
        """
        path = folder / FILE_NAME
        if not path.is_file():
            raise InputError(
                f"{folder} is not a saved verifier (no {FILE_NAME}); train one, or choose an adapter for it"
            )
        try:
            return cls.model_validate_json(path.read_text())
        except ValidationError as error:
            fault = describe_validation_error(error, first_only=True, verbatim=True)
            raise InputError(f"{path}: {fault}; train the verifier again") from error
