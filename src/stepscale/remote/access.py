"""Where a model's server is and how requests are sent: settings in a file of their own, so that parameters need no httpx."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from stepscale.user_settings import UserSettings

UNKNOWN_MODEL = "the server's only one"
"""Placeholder for a model's name until the server has named it."""


class ServerAccess(UserSettings):
    """A server of one model or several, by its address."""

    base_url: str = Field(pattern=r"^(?i:https?)://", description="such as http://localhost:8000/v1")
    model: str = Field(description="the model's name on the server")
    api_key_variable: str | None = Field(None, description="environment variable that holds the API key")
    concurrency: int = Field(64, ge=1, description="requests under way at once")
    timeout_seconds: float = Field(600.0, gt=0, description="for one answer")
    attempts: int = Field(6, ge=1, description="tries of one request, with growing pauses between them")
    longest_pause_seconds: float = Field(30.0, ge=0, description="between two tries")
    parameters: int = Field(0, ge=0, description="parameters of the model, for FLOPs; 0: not known")
    context: int | None = Field(
        None, ge=1, description="tokens that it reads and writes together; null: what the server tells, if it does"
    )

    @field_validator("base_url")
    @classmethod
    def _names_a_host(cls, base_url: str) -> str:
        """Whether an address has a host and a port; the parser itself raises ValueError on brackets left open."""
        parts = urlsplit(base_url)
        if not parts.hostname or parts.port == 0:
            raise ValueError("it names no host; write it as http://localhost:8000/v1")
        return base_url

    @property
    def identity(self) -> dict[str, object]:
        """The settings that decide the answers: neither the server's address nor its time limits."""
        asking = {"base_url", "api_key_variable", "concurrency", "timeout_seconds", "attempts", "longest_pause_seconds"}
        return self.model_dump(mode="json", exclude=asking)
