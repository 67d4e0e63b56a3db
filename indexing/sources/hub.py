"""Data sets of the Hugging Face Hub, or in a local folder, through ``datasets``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from indexing.errors import SourceNotFound, UnreadableSource
from indexing.sources.base import RawRecord, SourceFault
from indexing.sources.locate import HUB_PREFIX
from indexing.sources.parquet import record


def read(name: str, *, skip: int, limit: int) -> Iterator[RawRecord]:
    """Every split in order of name. ``name`` is ``hub:OWNER/NAME``, perhaps with ``/CONFIG``.

    Raises :class:`UnreadableSource` without the extra, :class:`SourceNotFound` when there is no
    such set or the hub cannot be reached, :class:`SourceFault` when it fails half-way.
    """
    rows = _rows(_load(name.removeprefix(HUB_PREFIX)))
    number = 0
    try:
        for row in rows:
            number += 1
            if number > skip:
                yield record(row, number, limit)
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceFault(f"{name} failed after row {number} ({error})") from error


def _load(address: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise UnreadableSource(
            f"{HUB_PREFIX}{address} needs the `datasets` library: pip install 'reviewqa[hub]'"
        ) from error
    path, config = _split_address(address)
    try:
        return datasets.load_dataset(path, config, streaming=True)
    except (FileNotFoundError, ConnectionError) as error:
        raise SourceNotFound(
            f"{HUB_PREFIX}{address} cannot be had: {error}. Check the name and the connection; "
            "a downloaded copy can be given as a file or folder instead"
        ) from error
    except Exception as error:  # whatever the library and its transports raise
        raise UnreadableSource(f"{HUB_PREFIX}{address} cannot be loaded: {error}") from error


def _split_address(address: str) -> tuple[str, str | None]:
    """``OWNER/NAME/CONFIG`` into path and config; paths (``/…``, ``./…``) are taken whole."""
    if address.startswith(("/", "./", "../")):
        return address, None
    parts = address.split("/")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise UnreadableSource(
            f"{HUB_PREFIX}{address}: expected hub:OWNER/NAME or hub:OWNER/NAME/CONFIG"
        )
    return "/".join(parts[:2]), parts[2] if len(parts) == 3 else None


def _rows(loaded: Any) -> Iterator[dict[str, Any]]:
    splits = [loaded[name] for name in sorted(loaded)] if isinstance(loaded, dict) else [loaded]
    for split in splits:
        yield from split
