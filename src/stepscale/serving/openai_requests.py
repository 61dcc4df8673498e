"""What a client of OpenAI's API may ask, read as questions for the policy.

In: the body of ``/v1/chat/completions`` or ``/v1/completions``. Out: ``PolicyQuestion``s, or an InputError. What a
policy has no use for, such as a temperature, is taken and left alone; what would change the meaning of the reply is refused.
"""

from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

from stepscale.serving.question import PolicyQuestion, check_number, read_question

_REFUSED = ("tools", "functions", "logprobs", "top_logprobs", "echo", "suffix", "audio")


class StreamOptions(BaseModel):
    """What comes with a stream."""

    include_usage: bool = False


class CompletionRequest(BaseModel):
    """What both endpoints take. Keys of OpenAI's that are not listed are left alone."""

    model: str
    n: int = Field(1, ge=1, description="answers, each drawn independently within the budget")
    max_tokens: int | None = Field(None, ge=1, description="longest solution")
    max_completion_tokens: int | None = Field(None, ge=1, description="the newer name of max_tokens")
    seed: int | None = Field(None, description="another one draws anew")
    stream: bool = False
    stream_options: StreamOptions | None = None
    budget: Any = Field(None, description="not OpenAI's: generations that may be spent on each answer")

    @model_validator(mode="before")
    @classmethod
    def _has_a_meaning(cls, body: Any) -> Any:
        if isinstance(body, dict):
            body = {key: value for key, value in body.items() if value is not None}  # null: as if it were not there
            for key in _REFUSED:
                if body.get(key):
                    raise ValueError(
                        f"{key} is not supported: the policy answers with the text of a solution; leave it out"
                    )
        return body

    @property
    def includes_usage(self) -> bool:
        """Whether a stream ends with the tokens spent."""
        return self.stream_options is not None and self.stream_options.include_usage

    def about(self, problems: list[Any], default_budget: int, most: int) -> list[PolicyQuestion]:
        """``n`` questions about each problem, in the order of the choices.

        Args:
            problems: Texts, as they came.
            default_budget: Generations of a request that states none.
            most: Questions of one request.

        Raises:
            InputError: A field is at fault, or there are too many questions.
        """
        check_number(self.n * len(problems), most)
        budget = default_budget if self.budget is None else self.budget
        longest = self.max_completion_tokens or self.max_tokens
        limits = {} if longest is None else {"max_tokens": longest}
        checked = [read_question(problem, budget) for problem in problems]
        return [
            PolicyQuestion(question.problem, question.budget, draw, self.seed or 0, **limits)
            for question in checked
            for draw in range(self.n)
        ]


class TextPart(BaseModel):
    """A part of a message; the policy reads text alone."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """A message of a conversation."""

    role: str
    content: str | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """All of its text."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content or ())


class ChatRequest(CompletionRequest):
    """The body of ``/v1/chat/completions``."""

    messages: list[Message] = Field(min_length=1)

    def questions(self, default_budget: int, most: int) -> list[PolicyQuestion]:
        """The last message of the user is the problem; what was said before is not read.

        Args:
            default_budget: Generations of a request that states none.
            most: Questions of one request.

        Raises:
            InputError: As ``about``.
        """
        of_user = [message.text for message in self.messages if message.role == "user"]
        return self.about([of_user[-1] if of_user else None], default_budget, most)


class TextRequest(CompletionRequest):
    """The body of ``/v1/completions``."""

    prompt: str | list[str]

    def questions(self, default_budget: int, most: int) -> list[PolicyQuestion]:
        """Each prompt is a problem.

        Args:
            default_budget: Generations of a request that states none.
            most: Questions of one request.

        Raises:
            InputError: As ``about``.
        """
        problems = [self.prompt] if isinstance(self.prompt, str) else self.prompt
        return self.about(list(problems) or [None], default_budget, most)
