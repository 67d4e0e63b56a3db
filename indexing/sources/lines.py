"""Lines of a byte stream, none of which may fill the memory."""

from __future__ import annotations

from collections.abc import Iterator

from indexing.sources.base import SourceFault
from indexing.sources.streams import TRUNCATED_ERRORS, ByteStream

_DISCARD_CHUNK = 1 << 20
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_UTF8_BOM = b"\xef\xbb\xbf"


def lines(stream: ByteStream, limit: int) -> Iterator[tuple[int, bytes, bool]]:
    """``(number, line, complete)`` from 1; of a line over ``limit`` bytes only the head is given.

    Raises :class:`SourceFault` when the stream is cut short or damaged.
    """
    number = 0
    try:
        while line := stream.buffer.readline(limit + 1):
            number += 1
            if number == 1:
                line = _without_bom(line)
            if len(line) > limit and not line.endswith(b"\n"):
                _discard_rest(stream)
                yield number, line[:limit], False
            else:
                yield number, line, True
    except TRUNCATED_ERRORS as error:
        raise SourceFault(
            f"the {stream.compression or 'file'} data is damaged or cut short after line "
            f"{number} ({error})"
        ) from error


def _without_bom(line: bytes) -> bytes:
    if line[:2] in _BOMS:
        raise SourceFault(
            f"the text is {_BOMS[line[:2]]}; convert it to UTF-8, for example with "
            "`iconv -f UTF-16 -t UTF-8`"
        )
    return line.removeprefix(_UTF8_BOM)


def _discard_rest(stream: ByteStream) -> None:
    while (rest := stream.buffer.readline(_DISCARD_CHUNK)) and not rest.endswith(b"\n"):
        pass
