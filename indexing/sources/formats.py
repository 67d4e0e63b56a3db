"""The dump formats: how each is recognised and read. A new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from indexing.errors import UnreadableSource
from indexing.sources import delimited, json_array, jsonl, parquet
from indexing.sources.base import Reader
from indexing.sources.streams import ByteStream


@dataclass(frozen=True, slots=True)
class Format:
    """A name for ``--format``, the file extensions that say it, and the reader."""

    name: str
    extensions: tuple[str, ...]
    read: Reader


FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (
        Format("jsonl", (".jsonl", ".ndjson", ".json"), jsonl.read),
        Format("json", (".json",), json_array.read),
        Format("csv", (".csv", ".tsv", ".tab"), delimited.read),
        Format("parquet", (".parquet", ".pq"), parquet.read),
    )
}
COMPRESSIONS = (".gz", ".zst")
KNOWN_EXTENSIONS = frozenset(e for format_ in FORMATS.values() for e in format_.extensions)


def extension(name: str) -> str:
    """The extension that tells the format: ``.jsonl`` of ``reviews.jsonl.gz``, in small letters."""
    path = PurePath(name.lower())
    if path.suffix in COMPRESSIONS:
        path = path.with_suffix("")
    return path.suffix


def by_name(name: str) -> Format:
    """Raises :class:`UnreadableSource` naming the choices."""
    if name not in FORMATS:
        raise UnreadableSource(f"no format {name!r}; choose one of {', '.join(sorted(FORMATS))}")
    return FORMATS[name]


def detect(stream: ByteStream, name: str) -> Format:
    """The format by extension; by the first bytes where that leaves a doubt.

    ``.json`` files are as often one object a line as they are arrays.
    """
    said = [format_ for format_ in FORMATS.values() if extension(name) in format_.extensions]
    if len(said) == 1:
        return said[0]
    seen = _by_content(stream.peek())
    if seen is None:
        raise UnreadableSource(
            f"{name}: neither its name nor its content tells the format; "
            f"say --format with one of {', '.join(sorted(FORMATS))}"
        )
    return seen


def _by_content(head: bytes) -> Format | None:
    if head.startswith(b"PAR1"):
        return FORMATS["parquet"]
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] == b"[":
        return FORMATS["json"]
    if head[:1] == b"{" or not head:
        return FORMATS["jsonl"]
    first_line = head.split(b"\n", 1)[0]
    return FORMATS["csv"] if any(mark in first_line for mark in (b",", b"\t", b";")) else None
