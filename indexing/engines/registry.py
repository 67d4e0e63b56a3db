"""Opens a store by its location: a path is the embedded engine's."""

from __future__ import annotations

from pathlib import Path

from indexing.engines.base import Engine
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import StoreError


def open_engine(location: str | Path, *, read_only: bool = False, create: bool = False) -> Engine:
    """The engine for ``location``; the caller closes it.

    With ``read_only`` nothing is written to the truth (a derived index may still be brought up).
    Raises :class:`indexing.errors.StoreNotFound` when there is no store and ``create`` is false.
    """
    if str(location).startswith(("http://", "https://")):
        raise StoreError(
            f"{location}: this version has no Elasticsearch engine yet; "
            "give the path of a folder for the embedded one"
        )
    return EmbeddedEngine(location, read_only=read_only, create=create)
