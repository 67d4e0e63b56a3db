"""A JSON array of objects, cut into its elements without loading it.

The cutter only knows strings and brackets; each element is parsed on its own. So one broken
element costs one reject, as long as its brackets and quotes are balanced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexing.sources.base import DEFAULT_RECORD_LIMIT, RawRecord, SourceFault
from indexing.sources.json_records import parse, rejected
from indexing.sources.streams import TRUNCATED_ERRORS, ByteStream

_CHUNK = 1 << 18
_HEAD = 8192
_STRUCTURE = re.compile(rb'["\[\]{},]')
_STRING_BODY = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)


def read(
    stream: ByteStream, *, skip: int = 0, limit: int = DEFAULT_RECORD_LIMIT
) -> Iterator[RawRecord]:
    """See :class:`indexing.sources.base.Reader`."""
    cutter = _Cutter(limit)
    number = 0
    for element, complete in _elements(stream, cutter):
        number += 1
        place = f"record {number}"
        if number <= skip:
            continue
        if complete:
            yield parse(element, place)
        else:
            yield rejected(element, place, f"longer than {limit} bytes")


def _elements(stream: ByteStream, cutter: _Cutter) -> Iterator[tuple[bytes, bool]]:
    try:
        while chunk := stream.buffer.read1(_CHUNK):
            yield from cutter.feed(chunk)
    except TRUNCATED_ERRORS as error:
        raise SourceFault(
            f"the {stream.compression or 'file'} data is damaged or cut short ({error})"
        ) from error
    if cutter.depth:
        raise SourceFault("the file ends inside the JSON array")


class _Cutter:
    """Feeds on chunks; remembers depth and whether a string is open between them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = b""
        self._start = 0
        self._scanned = 0
        self._in_string = False
        self._head: bytes | None = None
        self.depth = 0

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """The elements that end in this chunk, each with whether it is complete."""
        self._buffer = self._buffer[self._start :] + chunk
        self._scanned -= self._start
        self._start = 0
        while self._advance():
            yield from self._element()
        if self._head is not None or self._scanned - self._start > self._limit:
            self._forget_body()

    def _advance(self) -> bool:
        """Move just behind the next mark that ends an element; ``False`` when data runs out."""
        while not self._in_string or self._leave_string():
            match = _STRUCTURE.search(self._buffer, self._scanned)
            if match is None:
                self._scanned = len(self._buffer)
                return False
            self._scanned = match.end()
            if self._ends_element(match.group()):
                return True
        return False

    def _ends_element(self, mark: bytes) -> bool:
        if mark == b'"':
            self._in_string = True
        elif mark in b"[{":
            self.depth += 1
            if self.depth == 1:
                self._start = self._scanned
        elif mark in b"]}":
            self.depth -= 1
            return self.depth == 0
        return mark == b"," and self.depth == 1

    def _leave_string(self) -> bool:
        match = _STRING_BODY.match(self._buffer, self._scanned)
        self._scanned = match.end() if match else self._scanned
        if self._buffer[self._scanned : self._scanned + 1] != b'"':
            return False
        self._scanned += 1
        self._in_string = False
        return True

    def _element(self) -> Iterator[tuple[bytes, bool]]:
        element = self._buffer[self._start : self._scanned - 1].strip()
        head, self._head = self._head, None
        self._start = self._scanned
        if head is not None or len(element) > self._limit:
            yield (head or element)[:_HEAD], False
        elif element:
            yield element, True

    def _forget_body(self) -> None:
        """Of an absurdly long element keep the head only."""
        if self._head is None:
            self._head = self._buffer[self._start : self._start + _HEAD]
        self._start = self._scanned
