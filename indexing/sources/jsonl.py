"""One JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator

from indexing.sources.base import DEFAULT_RECORD_LIMIT, RawRecord
from indexing.sources.json_records import parse, rejected
from indexing.sources.lines import lines
from indexing.sources.streams import ByteStream


def read(
    stream: ByteStream, *, skip: int = 0, limit: int = DEFAULT_RECORD_LIMIT
) -> Iterator[RawRecord]:
    """See :class:`indexing.sources.base.Reader`. Blank lines are no records."""
    for number, line, complete in lines(stream, limit):
        if not line.strip():
            continue
        if skip:
            skip -= 1
        elif complete:
            yield parse(line, f"line {number}")
        else:
            yield rejected(line, f"line {number}", f"longer than {limit} bytes")
