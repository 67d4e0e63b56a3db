"""Writing files and folders whole or not at all."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from eval.datasets.beir import is_beir
from eval.errors import DestinationExists, MalformedData


@contextmanager
def whole_file(path: Path, *, force: bool = False) -> Iterator[IO[str]]:
    """A UTF-8 stream that becomes ``path`` when the block ends well; gzipped if it ends in .gz.

    The same text gives the same bytes, gzipped, too.

    Raises:
        DestinationExists: there is something at ``path`` and no ``force``, or it is a folder.
        MalformedData: text that UTF-8 cannot hold.
    """
    if path.is_dir() or (path.exists() and not force):
        raise DestinationExists(f"{path} exists: name another place or say --force")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with _opened(partial, zipped=path.suffix == ".gz") as stream:
            yield stream
    except UnicodeEncodeError as error:
        partial.unlink(missing_ok=True)
        raise MalformedData(f"{path}: half a surrogate pair, which UTF-8 cannot hold") from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)


@contextmanager
def whole_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A folder to fill that becomes ``path`` when the block ends well.

    ``force`` replaces a BEIR folder; nothing else is ever replaced.

    Raises:
        DestinationExists: there is something at ``path`` that is not to be replaced.
    """
    _refuse_folder(path, force)
    path = path.resolve()
    partial = path.with_name(f"{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    old = path.with_name(f"{path.name}.replaced")
    if path.exists():
        path.replace(old)
    partial.replace(path)
    shutil.rmtree(old, ignore_errors=True)


def dumps(tree: Any) -> str:
    """JSON on one line, readable where UTF-8 can hold it."""
    text = json.dumps(tree, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(tree)
    return text


def _refuse_folder(path: Path, force: bool) -> None:
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not path.is_dir() or not is_beir(path):
        raise DestinationExists(f"{path} exists and is no BEIR folder: name another place")
    if not force:
        raise DestinationExists(f"{path} exists: name another place or say --force")


@contextmanager
def _opened(path: Path, *, zipped: bool) -> Iterator[IO[str]]:
    with path.open("wb") as raw:
        if not zipped:
            with io.TextIOWrapper(raw, "utf-8", newline="") as text:
                yield text
            return
        with (
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
            io.TextIOWrapper(packed, "utf-8", newline="") as text,
        ):
            yield text
