"""What a client of OpenAI's API may ask, read as questions for the policy.

In: the body of ``/v1/chat/completions`` or ``/v1/completions``. Out: ``PolicyQuestion``s, or an InputError. Keys that a
policy does not use, such as a temperature, are accepted and ignored; keys that would change the meaning of the reply are refused.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, StrictBool, StrictInt, model_validator

from stepscale.errors import InputError
from stepscale.serving.question import PolicyQuestion, check_number, read_question

_REFUSED = ("tools", "functions", "logprobs", "top_logprobs", "echo", "suffix", "audio", "response_format")


def _must_be(form: str, fits: Callable[[Any], bool]) -> BeforeValidator:
    """Refuses any other form in one line; pydantic has one line for each form that could have been meant."""

    def check(value: Any) -> Any:
        if not fits(value):
            raise ValueError(f"must be {form}")
        return value

    return BeforeValidator(check)


def _is_text_part(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _is_text_or_all(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(map(fits, value)))


class StreamOptions(BaseModel):
    """What comes with a stream."""

    include_usage: StrictBool = False


class CompletionRequest(BaseModel):
    """What both endpoints take. Keys of OpenAI's API that are not listed are ignored."""

    model: str
    n: StrictInt = Field(1, ge=1, description="answers, each drawn independently within the budget")
    max_tokens: StrictInt | None = Field(None, ge=1, description="longest solution")
    max_completion_tokens: StrictInt | None = Field(None, ge=1, description="the newer name of max_tokens")
    seed: StrictInt | None = Field(None, description="another seed draws other samples")
    stream: StrictBool = False
    stream_options: StreamOptions | None = None
    budget: Any = Field(None, description="not OpenAI's: generations that may be spent on each answer")

    @model_validator(mode="before")
    @classmethod
    def _has_a_meaning(cls, body: Any) -> Any:
        if isinstance(body, dict):
            body = {key: value for key, value in body.items() if value is not None}  # null: as if it were not there
            for key in _REFUSED:
                if body.get(key) and body[key] != {"type": "text"}:  # the reply's form, as it is
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


class Message(BaseModel):
    """A message of a conversation. Its content may be anything that OpenAI's API has, for only one message is read."""

    role: str
    content: Any = None

    def text(self, number: int) -> str:
        """All of its text.

        Args:
            number: Its place in the conversation.

        Raises:
            InputError: The content is not text alone.
        """
        if not _is_text_or_all(self.content, _is_text_part):
            raise InputError(f"messages.{number}.content: must be a text, or a list of parts of type text")
        return self.content if isinstance(self.content, str) else "".join(part["text"] for part in self.content)


class ChatRequest(CompletionRequest):
    """The body of ``/v1/chat/completions``."""

    messages: list[Message] = Field(min_length=1)

    def questions(self, default_budget: int, most: int) -> list[PolicyQuestion]:
        """The last message of the user is the problem; what else was said is not read.

        Args:
            default_budget: Generations of a request that states none.
            most: Questions of one request.

        Raises:
            InputError: As ``about``, or the user's last message holds more than text.
        """
        of_user = [number for number, message in enumerate(self.messages) if message.role == "user"]
        if not of_user:
            raise InputError('messages hold none of the role "user"; the last one of the user is the problem')
        return self.about([self.messages[of_user[-1]].text(of_user[-1])], default_budget, most)


class TextRequest(CompletionRequest):
    """The body of ``/v1/completions``."""

    prompt: Annotated[
        str | list[str],
        _must_be(
            "a text, or a list of texts", lambda prompt: _is_text_or_all(prompt, lambda text: isinstance(text, str))
        ),
    ]

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
