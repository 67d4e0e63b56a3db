"""Opens a store by its location: a path is the embedded engine's, an address Elasticsearch's."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from indexing.engines.base import Engine
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import StoreError

_ADDRESSES = ("http://", "https://")


def open_engine(location: str | Path, *, read_only: bool = False, create: bool = False) -> Engine:
    """The engine for ``location``; the caller closes it.

    With ``read_only`` nothing is written to the truth (a derived index may still be brought up).
    Raises :class:`indexing.errors.StoreNotFound` when there is no store and ``create`` is false.
    """
    if is_address(location):
        if find_spec("elasticsearch") is None:
            raise StoreError(
                f"{location}: stores on Elasticsearch need its client: "
                "pip install 'reviewqa[elasticsearch]'"
            )
        from indexing.engines.elastic.engine import ElasticEngine

        return ElasticEngine(str(location), read_only=read_only, create=create)
    return EmbeddedEngine(location, read_only=read_only, create=create)


def is_address(location: str | Path) -> bool:
    """Whether a store is on a server rather than in a folder."""
    return str(location).startswith(_ADDRESSES)
