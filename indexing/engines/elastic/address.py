"""Reads where a store is: ``http(s)://HOST[:PORT][,HOST[:PORT]...]/NAME[?vectors=DIR]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from indexing.errors import StoreError

SCHEMES = ("http://", "https://")
_FORM = re.compile(
    r"(?P<scheme>https?)://(?P<hosts>[^/?#]+)/(?P<name>[^/?#]+)/?"
    r"(?:\?vectors=(?P<vectors>.+))?\Z"
)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>\d{1,5}))?\Z", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_PORT = 9200


@dataclass(frozen=True, slots=True)
class Address:
    """Nodes of one cluster, and the name that a store's indices begin with.

    ``vectors`` is a folder on this machine for an index of the store's vectors.
    """

    hosts: tuple[str, ...]
    name: str
    vectors: str | None = None

    @property
    def location(self) -> str:
        """As a user writes it."""
        scheme, _, first = self.hosts[0].partition("://")
        others = [host.partition("://")[2] for host in self.hosts[1:]]
        beside = f"?vectors={self.vectors}" if self.vectors else ""
        return f"{scheme}://{','.join([first, *others])}/{self.name}{beside}"


def parse(location: str) -> Address:
    """Raises :class:`StoreError` that says what the address should look like."""
    if "@" in location.partition("?")[0]:
        raise StoreError(
            "put no user or password into the address of a store, where logs and process lists "
            "show it: set REVIEWQA_ES_USER and REVIEWQA_ES_PASSWORD, or REVIEWQA_ES_API_KEY"
        )
    found = _FORM.match(location)
    hosts = [_HOST.match(host) for host in found["hosts"].split(",")] if found else [None]
    if not found or not all(hosts) or not _NAME.match(found["name"]):
        raise StoreError(
            f"{location}: no address of a store; one is https://HOST:9200/NAME, perhaps with "
            "?vectors=DIR after it, the name of lower-case letters, digits, dots, dashes and "
            "underscores"
        )
    return Address(
        tuple(
            f"{found['scheme']}://{host['host']}:{host['port'] or _PORT}" for host in hosts if host
        ),
        found["name"],
        found["vectors"],
    )
