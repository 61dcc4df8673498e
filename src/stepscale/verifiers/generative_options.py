"""Settings of a language model that judges solutions in words; a file of its own, so that parameters need no torch."""

from typing import Any, Self

from pydantic import Field, model_validator

from stepscale.generation.ends import LineBeginning
from stepscale.generation.server_settings import ServerSettings
from stepscale.generation.temperature import Temperature
from stepscale.user_settings import UserSettings

PROBLEM, SOLUTION, STEP, NUMBER = "{problem}", "{solution}", "{step}", "{number}"
ASK = """Problem: {problem}

Solution:
{solution}

Check the solution step by step. For each step write a line that begins with "Step" and its number. Work the step out again, \
and end the line with "Verdict: right" or "Verdict: wrong". Stop after the first wrong step.

Checks:
"""


class GenerativePRM(UserSettings):
    """A language model that criticizes each step and gives a verdict, and how often it is asked (ThinkPRM, arXiv 2504.16828)."""

    base: str | None = Field(
        None, description="folder or hub name of the language model; of a served one: its tokenizer's, or null"
    )
    server: ServerSettings | None = Field(None, description="null: the model runs here; else where it is served")
    ask: str = Field(ASK, description="what it is asked, with {problem} and {solution}; special tokens by name")
    step: str = Field("Step {number}: {step}", description="a step of the solution as it is shown, with {step}")
    chat: bool = Field(False, description="asked as a user's message in the chat template of the model's tokenizer")
    ends_before: LineBeginning | None = Field(
        "Problem:", description="a critique ends before a line that begins so; null: before no line"
    )
    judgments: int = Field(1, ge=1, le=4096, description="k: critiques of a solution; the verdicts' mean is its score")
    temperature: Temperature = Field(0.7, description="0 is greedy, which allows one judgment")
    top_p: float = Field(1.0, gt=0, le=1, description="probability mass that tokens are drawn from")
    max_new_tokens: int = Field(1024, ge=1, description="longest critique (tokens); what a longer one lacks is unread")
    seed: int = Field(0, ge=0, description="of the critiques")
    memory_budget_gb: float = Field(2.0, gt=0, description="gibibytes for keys and values of a model that runs here")

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if self.base is None and (self.server is None or self.chat):
            raise ValueError("base: give a model folder or a Hugging Face name, or a server that is asked without chat")
        for name, text, fields in (("ask", self.ask, (PROBLEM, SOLUTION)), ("step", self.step, (STEP,))):
            for field in fields:
                if text.count(field) != 1:
                    raise ValueError(f"{name}: {field} must come up exactly once, not {text.count(field)} times")
        if self.judgments > 1 and self.temperature == 0:
            raise ValueError("judgments: several at temperature 0 are all the same; set it above 0, or judgments to 1")
        return self

    @property
    def source(self) -> str:
        """What the model is called: its folder or hub name, or its name on the server."""
        return self.base or (self.server.model if self.server else "")

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that decide the critiques: neither a server's address nor its time limits."""
        settings = self.model_dump(mode="json", exclude={"memory_budget_gb"})
        if self.server:
            settings["server"] = self.server.identity
        return settings
