"""What an operator can set: environment variables ``REVIEWQA_*`` or keywords."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
WILDCARD_BINDS = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class InvalidSettings(Exception):
    """A setting has a value that cannot be used; the message names each of them."""


class Settings(BaseSettings):
    """Settings of the service; every field is also ``REVIEWQA_<FIELD>`` in the environment."""

    model_config = SettingsConfigDict(
        env_prefix="REVIEWQA_", extra="ignore", frozen=True, allow_inf_nan=False
    )

    store: str = Field(default="store", min_length=1)
    """Where the reviews live."""
    pipeline: str | None = Field(default=None, min_length=1)
    """Name of the pipeline that answers; the best that the store can serve if not given."""
    model: str | None = None
    """Folder of the reader; the one that ships if not given."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names, comma-separated, that requests may name besides loopback's; ``*`` is any."""
    docs: bool = True
    """Whether ``/docs`` shows the API reference."""

    max_body_bytes: int = Field(default=64 * 1024, ge=1024, le=16 * 1024 * 1024)
    """Longest request body."""
    body_timeout_seconds: float = Field(default=10.0, gt=0, le=600)
    """How long a body may take to arrive."""
    header_timeout_seconds: float = Field(default=10.0, gt=0, le=600)
    """How long a request's headers may take to arrive."""
    max_connections: int = Field(default=512, ge=2)
    """Open connections; beyond it requests are refused before they are read."""
    max_question_chars: int = Field(default=1000, ge=10, le=10_000)
    """Longest question."""
    workers: int = Field(default=2, ge=1, le=256)
    """Questions answered at the same time."""
    queue: int = Field(default=32, ge=0, le=10_000)
    """Questions that may wait for a worker."""
    retry_seconds: float = Field(default=5.0, gt=0, le=3600)
    """Pause between tries to open a store or reader that cannot be used."""
    grace_seconds: int = Field(default=20, ge=0)
    """Time to finish the requests under way when told to stop."""

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    def host_names(self) -> tuple[str, ...]:
        """Every host name that a request may name in its Host header."""
        bound = () if self.host in WILDCARD_BINDS else (bracketed(self.host.lower()),)
        return tuple(dict.fromkeys((*LOOPBACK_NAMES, *bound, *self.allowed_hosts)))


def bracketed(host: str) -> str:
    """A host as URLs write it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def load_settings(**given: Any) -> Settings:
    """Settings from the environment, overruled by those ``given`` that are not None.

    Raises :class:`InvalidSettings` with one clause for each bad value.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**chosen)
    except ValidationError as error:
        raise InvalidSettings("; ".join(_clause(item) for item in error.errors())) from None


def _clause(item: Any) -> str:
    field = ".".join(str(part) for part in item["loc"])
    return f"REVIEWQA_{field.upper()}={item['input']!r}: {item['msg'].lower()}"
