"""What readers of dumps yield, and what they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from indexing.errors import SourceError
from indexing.sources.streams import ByteStream

DEFAULT_RECORD_LIMIT = 16 * 1024 * 1024
"""Bytes of one record; longer ones are rejected without being read into memory."""


class SourceFault(SourceError):
    """The rest of a source cannot be read; everything before it has been yielded."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as it stands in the dump: its fields, or why there are none.

    ``place`` says where: ``line 12``, ``record 3``, ``row 7``. ``raw`` is its text for the list of
    rejects, cut by the reader when it is absurdly long.
    """

    place: str
    fields: Mapping[str, Any] | None
    raw: str
    reason: str | None = None


class Reader(Protocol):
    """Reads one format from a byte stream in constant memory.

    The first ``skip`` records are passed over as cheaply as the format allows. Raises
    :class:`SourceFault` where nothing more can be read.
    """

    def __call__(
        self, stream: ByteStream, *, skip: int = 0, limit: int = DEFAULT_RECORD_LIMIT
    ) -> Iterator[RawRecord]: ...
