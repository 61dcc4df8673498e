"""The policy's answers in the format of OpenAI's API: whole replies, and the chunks of a stream.

In: ``PolicyAnswer``s. Out: plain data for JSON. The text of a reply is the solution, a step per line; fields that OpenAI's
API lacks are under ``stepscale``.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from stepscale.serving.answering import PolicyAnswer

Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One reply, whole or in chunks, as OpenAI's clients read it.

    Attributes:
        model: Name of what is served.
        chat: Of ``/v1/chat/completions``; if not, of ``/v1/completions``.
        created: When it was begun (seconds since 1970).
        name: The part of its ``id`` that is its own.
    """

    model: str
    chat: bool
    created: int = field(default_factory=lambda: int(time.time()))
    name: str = field(default_factory=lambda: uuid.uuid4().hex)

    def whole(self, answers: Sequence[PolicyAnswer]) -> Json:
        """All choices at once.

        Args:
            answers: One per choice.
        """
        choices = []
        for index, answer in enumerate(answers):
            text = _text(answer)
            content: Json = {"message": {"role": "assistant", "content": text}} if self.chat else {"text": text}
            choices.append(self._choice(index, content, answer))
        object_ = "chat.completion" if self.chat else "text_completion"
        return self._head(object_) | {"choices": choices, "usage": usage(answers), "stepscale": _details(answers[0])}

    def opening(self, index: int) -> Json:
        """The first chunk of a choice: it has begun.

        Args:
            index: Number of the choice, from 0.
        """
        return self._chunk(index, {"role": "assistant", "content": ""} if self.chat else "")

    def settled(self, index: int, answer: PolicyAnswer) -> Iterator[Json]:
        """The chunks of a choice: one per step, and a last one with the method and the scores.

        Args:
            index: Number of the choice, from 0.
            answer: Its answer.
        """
        for place, step in enumerate(answer.steps):
            text = ("\n" if place else "") + step.text
            yield self._chunk(index, {"content": text} if self.chat else text) | {
                "stepscale": {"step": step.model_dump()}
            }
        content: Json = {"delta": {}} if self.chat else {"text": ""}
        yield self._head(self._chunk_object) | {
            "choices": [self._choice(index, content, answer)],
            "stepscale": _details(answer),
        }

    def spent(self, answers: Sequence[PolicyAnswer]) -> Json:
        """The last chunk, if the client asked for usage: what all choices cost.

        Args:
            answers: Of all choices.
        """
        return self._head(self._chunk_object) | {"choices": [], "usage": usage(answers)}

    @property
    def _chunk_object(self) -> str:
        return "chat.completion.chunk" if self.chat else "text_completion"

    def _head(self, object_: str) -> Json:
        prefix = "chatcmpl" if self.chat else "cmpl"
        return {"id": f"{prefix}-{self.name}", "object": object_, "created": self.created, "model": self.model}

    def _chunk(self, index: int, content: Json | str) -> Json:
        choice = {"index": index, "delta" if self.chat else "text": content, "logprobs": None, "finish_reason": None}
        return self._head(self._chunk_object) | {"choices": [choice]}

    def _choice(self, index: int, content: Json, answer: PolicyAnswer) -> Json:
        reason = "length" if answer.answer is None else "stop"  # no solution ended within its tokens
        return {"index": index, **content, "logprobs": None, "finish_reason": reason, "stepscale": _details(answer)}


def usage(answers: Sequence[PolicyAnswer]) -> Json:
    """All tokens spent on some answers: read by generator and PRM, and written.

    Args:
        answers: Of one request.

    Returns:
        Counts, as OpenAI names them.
    """
    read = sum(answer.tokens_spent.prefill + answer.tokens_spent.verify for answer in answers)
    written = sum(answer.tokens_spent.decode for answer in answers)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _details(answer: PolicyAnswer) -> Json:
    return answer.model_dump()


def _text(answer: PolicyAnswer) -> str:
    return "\n".join(step.text for step in answer.steps)


def error_body(message: str, kind: str, code: str | None = None) -> Json:
    """An error as OpenAI's clients read it.

    Args:
        message: What is wrong, in one line.
        kind: OpenAI's type of error.
        code: OpenAI's code; None where it has none.

    Returns:
        The body.
    """
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
