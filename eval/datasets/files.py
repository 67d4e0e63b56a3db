"""Opening data files, gzipped or not, with errors a user can act on."""

from __future__ import annotations

import gzip
import json
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


def read_json(path: Path) -> Any:
    """The parsed file; :class:`MalformedData` says where the syntax breaks."""
    try:
        with open_text(path) as stream:
            return json.load(stream)
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise MalformedData(f"{path}: not readable as UTF-8 text: {error}") from error
    except json.JSONDecodeError as error:
        raise MalformedData(f"{path}: line {error.lineno}: {error.msg}") from error
