"""Opening data files, gzipped or not, with errors a user can act on."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from eval.errors import DatasetNotFound, MalformedData


def find(path: Path) -> Path:
    """``path`` itself or ``path`` + ``.gz``, whichever exists."""
    for candidate in (path, path.with_name(path.name + ".gz")):
        if candidate.is_file():
            return candidate
    raise DatasetNotFound(f"no data file at {path} (nor {path.name}.gz): is the data root right?")


def open_text(path: Path) -> IO[str]:
    """A UTF-8 stream of a file, decompressed by its name; newlines are left alone."""
    if path.suffix == ".gz":
        return cast(IO[str], gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


@contextmanager
def reading_text(path: Path) -> Iterator[IO[str]]:
    """:func:`open_text`, and :class:`MalformedData` for what is not UTF-8 or a torn gzip file."""
    try:
        with open_text(path) as stream:
            yield stream
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise MalformedData(f"{path}: not readable as UTF-8 text: {error}") from error


Pairs = list[tuple[str, Any]]


def read_json(path: Path, make_object: Callable[[Pairs], Any] | None = None) -> Any:
    """The parsed file; :class:`MalformedData` says where the syntax breaks."""
    try:
        with reading_text(path) as stream:
            return json.load(stream, object_pairs_hook=make_object)
    except RecursionError as error:
        raise MalformedData(f"{path}: nested too deeply to be data") from error
    except json.JSONDecodeError as error:
        raise MalformedData(f"{path}: line {error.lineno}: {error.msg}") from error


def read_json_unique(path: Path) -> Any:
    """Like :func:`read_json`, and :class:`MalformedData` for a key that an object has twice."""
    return read_json(path, lambda pairs: _unique(path, pairs))


def _unique(path: Path, pairs: Pairs) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise MalformedData(f"{path}: {key!r} occurs twice")
        found[key] = value
    return found
