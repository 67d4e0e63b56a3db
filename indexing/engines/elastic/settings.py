"""How to reach a server and how to lay a store out on it: environment variables or keywords."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from indexing.errors import StoreError

PREFIX = "REVIEWQA_ES_"
LOADING_REFRESH = "30s"
"""``refresh_interval`` during a load. Not ``-1``: a load that is killed leaves it behind, and
others must find what is there all the same."""


@dataclass(frozen=True, slots=True)
class ElasticSettings:
    """Every field is also ``REVIEWQA_ES_<FIELD>`` in the environment. Times are in seconds."""

    api_key: str | None = field(default=None, repr=False)
    """Encoded ``id:key``, as the server hands it out."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None
    """PEM file with the certificates that sign the server's; the system's if absent."""
    timeout: float = 10.0
    """How long one request may take, its repetitions included, when something is searched."""
    write_patience: float = 120.0
    """How long a write is repeated while the server is away or overloaded."""
    shards: int = 1
    replicas: str = "0-1"
    """A number, or a range that grows with the nodes, as ``index.auto_expand_replicas``."""
    refresh: str = "1s"
    """After how long other processes' searches see what was written."""
    bulk_bytes: int = 4_000_000
    """Most bytes of one bulk request; there is one under way for each writer."""

    def __post_init__(self) -> None:
        if self.timeout <= 0 or self.write_patience < 0:
            raise StoreError(f"{PREFIX}TIMEOUT and {PREFIX}WRITE_PATIENCE must be positive seconds")
        if not 1 <= self.shards <= 1024:
            raise StoreError(f"{PREFIX}SHARDS must be 1 to 1024, got {self.shards}")
        if bool(self.user) != bool(self.password):
            raise StoreError(f"set {PREFIX}USER and {PREFIX}PASSWORD together, or {PREFIX}API_KEY")
        if self.api_key and self.user:
            raise StoreError(f"set {PREFIX}API_KEY or {PREFIX}USER, not both")


def from_environment(environment: Mapping[str, str] | None = None) -> ElasticSettings:
    """Raises :class:`StoreError` naming a variable that cannot be used."""
    given = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for one in fields(ElasticSettings):
        name = PREFIX + one.name.upper()
        if given.get(name):
            values[one.name] = _parsed(name, given[name], one.default)
    return ElasticSettings(**values)


def _parsed(name: str, text: str, default: object) -> Any:
    if not isinstance(default, int | float):
        return text
    try:
        return type(default)(text)
    except ValueError:
        raise StoreError(f"{name} must be a number, got {text!r}") from None
