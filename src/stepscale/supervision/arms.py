"""The experiment of Lightman et al. 2023, 4: arms that differ in supervision or selection, at several numbers of labels.

Settings alone: the arms, the numbers of labels and the repeats. ``cells`` has the trainings that follow from them.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, field_validator

from stepscale.estimators.rising import Rising
from stepscale.supervision.points import ACTIVE, BY_ANSWER, BY_LARGE, LAST_TOKEN, PROCESS
from stepscale.supervision.selection import Convincing, Selection, Uniform
from stepscale.user_settings import UserSettings
from stepscale.verifiers.options import Supervise
from stepscale.verifiers.saved import Kind

Supervision = Literal["steps", "values", "outcome_by_steps", "outcome_by_answer"]
_KINDS: dict[Supervision, Kind] = {
    "steps": "prm",
    "values": "soft_prm",
    "outcome_by_steps": "orm",
    "outcome_by_answer": "orm",
}


class Arm(UserSettings):
    """One way to supervise and to choose what is labeled."""

    name: str = Field(description="as shown in tables and figures")
    supervision: Supervision = Field(
        description="the labeler's ratings (PRM) or soft values (soft PRM) of the steps, its verdict that every step passes "
        "(ORM), or the final answer (ORM)"
    )
    selection: Selection = Uniform()
    supervise: Supervise | None = Field(
        None,
        description="tokens with a target, for an ablation (solution_end: an ORM's last); null: as the training says",
    )
    at: Literal["every", "middle", "largest"] = Field(
        "every",
        description="sizes it is trained at; one is enough for an ablation (the largest of a small pool leaves nothing "
        "to choose)",
    )

    @property
    def kind(self) -> Kind:
        """The verifier that is trained."""
        return _KINDS[self.supervision]

    def trained_at(self, sizes: Sequence[int]) -> Sequence[int]:
        """The sizes at which this arm is trained.

        Args:
            sizes: Labeled samples per problem of the experiment, rising.

        Returns:
            Every one, the middle one or the largest, as ``at`` says.
        """
        return {"every": sizes, "middle": sizes[len(sizes) // 2 :][:1], "largest": sizes[-1:]}[self.at]


PAPER_ARMS = (
    Arm(name=PROCESS, supervision="steps"),
    Arm(name=BY_LARGE, supervision="outcome_by_steps"),
    Arm(name=BY_ANSWER, supervision="outcome_by_answer"),
    Arm(name=ACTIVE, supervision="steps", selection=Convincing()),
)
LAST_TOKEN_ARM = Arm(name=LAST_TOKEN, supervision="outcome_by_answer", supervise="solution_end", at="largest")


class Experiment(UserSettings):
    """What is compared, at which numbers of labels, and how often."""

    ablations: tuple[Arm, ...] = Field((LAST_TOKEN_ARM,), description="arms beside the paper's four")
    sizes: Rising = Field(description="labeled samples per problem")
    seeds: int = Field(1, ge=1, description="repeats, each with other subsets, order of rows and new weights")
    budgets: Rising = Field(description="N of best-of-N at which verifiers are measured")
    least_steps: int = Field(
        60, ge=1, description="optimizer steps of a training at the least: a small subset is gone through more often"
    )

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The paper's arms, then the ablations."""
        return (*PAPER_ARMS, *self.ablations)

    @property
    def reference_arms(self) -> dict[str, list[str]]:
        """By ablation, the arms of the paper with the same supervision, which it varies."""
        return {a.name: [arm.name for arm in PAPER_ARMS if arm.supervision == a.supervision] for a in self.ablations}

    @field_validator("ablations")
    @classmethod
    def _distinct(cls, value: tuple[Arm, ...]) -> tuple[Arm, ...]:
        names = [arm.name for arm in (*PAPER_ARMS, *value)]
        if len(set(names)) != len(names):
            raise ValueError("each arm needs a name of its own")
        return value

    @field_validator("ablations")
    @classmethod
    def _labeled(cls, value: tuple[Arm, ...]) -> tuple[Arm, ...]:
        """Every cell learns from PRM_large's labels, which are ratings; only rollouts give soft values."""
        soft = next((arm.name for arm in value if arm.supervision == "values"), None)
        if soft:
            raise ValueError(
                f"{soft}: PRM_large's labels hold no values; use supervision: steps (soft PRMs: namespace rollouts)"
            )
        return value
