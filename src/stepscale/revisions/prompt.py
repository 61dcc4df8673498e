"""What a revision model reads: the problem with earlier attempts after it, as one text in the problem's place.

The same function makes the text for training data, for chains and for a verifier that sees the history, so they cannot
differ. Without attempts it is the problem itself: the first of a chain is an ordinary solution. The generator's own prompt
template is put around it, as around any problem. Snell et al. 2024, 6 and H. Of tokens it needs only their number.
"""

from collections.abc import Callable, Sequence

from pydantic import Field, field_validator

from stepscale.user_settings import UserSettings

_ATTEMPT, _PROBLEM = "{attempt}", "{problem}"
LengthOf = Callable[[str], int]


class RevisionLayout(UserSettings):
    """How attempts are laid out after the problem: problem, newline, each attempt in its frame, then ``ask``."""

    attempt: str = Field("Attempt:\n{attempt}\n", description="frame of an earlier attempt; holds {attempt} once")
    ask: str = Field(
        "Revision:",
        description="what follows the last attempt, {problem} in it stating the problem again, which a small model needs; a"
        " prompt without attempts has none",
    )
    context: int = Field(4, ge=1, description="latest attempts that are shown")
    max_tokens: int | None = Field(
        None,
        ge=1,
        description="longest prompt (tokens), leaving room for the answer: the oldest attempts are left out until it fits",
    )

    @field_validator("attempt")
    @classmethod
    def _holds_the_attempt_once(cls, attempt: str) -> str:
        if attempt.count(_ATTEMPT) != 1:
            raise ValueError(f"must hold {_ATTEMPT} exactly once")
        return attempt

    def text(self, problem: str, attempts: Sequence[Sequence[str]]) -> str:
        """The text that asks for the next attempt.

        Args:
            problem: The problem's text.
            attempts: Earlier attempts, each its steps, oldest first; all of them are shown.
        """
        if not attempts:
            return problem
        attempts_text = "".join(self.attempt.replace(_ATTEMPT, "\n".join(steps)) for steps in attempts)
        return f"{problem}\n{attempts_text}{self.ask.replace(_PROBLEM, problem)}"

    def fitted(self, problem: str, attempts: Sequence[Sequence[str]], length_of: LengthOf | None) -> tuple[str, int]:
        """The text for the latest attempts that fit.

        Args:
            problem: Its text.
            attempts: Steps of each, oldest first.
            length_of: Tokens of a prompt; needed only with ``max_tokens``, without it nothing more is left out.

        Returns:
            The text, and the number of attempts in it: ``context`` of them, fewer if ``max_tokens`` does not hold them.
        """
        n_shown = min(len(attempts), self.context)
        while True:
            text = self.text(problem, attempts[len(attempts) - n_shown :])
            if not n_shown or self.max_tokens is None or length_of is None or length_of(text) <= self.max_tokens:
                return text, n_shown
            n_shown -= 1
