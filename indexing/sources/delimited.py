"""CSV and TSV with a header line; fields may hold line breaks inside quotes."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from indexing.sources.base import DEFAULT_RECORD_LIMIT, RawRecord
from indexing.sources.json_records import RAW_LIMIT
from indexing.sources.lines import lines
from indexing.sources.streams import ByteStream

_DELIMITERS = ("\t", ";", "|", ",")


def read(
    stream: ByteStream, *, skip: int = 0, limit: int = DEFAULT_RECORD_LIMIT
) -> Iterator[RawRecord]:
    """See :class:`indexing.sources.base.Reader`. The header tells the delimiter."""
    csv.field_size_limit(limit)
    text = _Text(stream, limit)
    header_line = text.first()
    if not header_line.strip():
        return
    delimiter = max(_DELIMITERS, key=header_line.count)
    header = [name.strip() for name in next(csv.reader([header_line], delimiter=delimiter))]
    for place, row, reason in _rows(csv.reader(text, delimiter=delimiter), text):
        if skip:
            skip -= 1
        else:
            yield _record(header, place, row, reason)


class _Text:
    """Decoded lines for the csv module; bad bytes are carried as surrogates to the record."""

    def __init__(self, stream: ByteStream, limit: int) -> None:
        self._lines = lines(stream, limit)
        self.number = 0

    def first(self) -> str:
        return next(self, "")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line, complete = next(self._lines)
        if not complete:
            raise csv.Error(f"line longer than {len(line)} bytes")
        return line.decode("utf-8", "surrogateescape")


Row = tuple[str, Sequence[str], str | None]


def _rows(reader: Iterator[list[str]], text: _Text) -> Iterator[Row]:
    while True:
        place = f"line {text.number + 1}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield place, (), f"not readable: {error}"
        else:
            if row:
                yield place, row, None


def _record(header: Sequence[str], place: str, row: Sequence[str], reason: str | None) -> RawRecord:
    raw = ",".join(field[:RAW_LIMIT] for field in row[:100])
    if reason:
        return RawRecord(place, None, raw, reason)
    if len(row) > len(header):
        return RawRecord(place, None, raw, f"{len(row)} fields, the header has {len(header)}")
    try:
        raw.encode()
        "".join(row).encode()
    except UnicodeEncodeError:
        shown = raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return RawRecord(place, None, shown, "not UTF-8")
    return RawRecord(place, dict(zip(header, row, strict=False)), raw)
