"""What made a dataset, as its record in the data folder holds it."""

from typing import Any, NamedTuple, TypedDict


class Origin(TypedDict):
    """What made a dataset."""

    id: str
    node: str
    code: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    seconds: dict[str, float]  # by node: the one that saved it, and those before it whose outputs stayed in memory
    revision: str
    run: str
    mlflow_run: str | None
    time: str


class MadeOf(NamedTuple):
    """What went into a dataset: parameters, ids of inputs, and the seconds of each node that ran."""

    parameters: dict[str, Any]
    inputs: dict[str, str]
    seconds: dict[str, float]

    def add(self, other: "MadeOf") -> None:
        """Take in what a dataset was made of that stayed in memory.

        Args:
            other: Of that dataset.
        """
        self.parameters.update(other.parameters)
        self.inputs.update(other.inputs)
        self.seconds.update(other.seconds)
