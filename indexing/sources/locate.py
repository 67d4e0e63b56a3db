"""From what the user names to the files that are read, in a fixed order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexing.errors import SourceNotFound, UnreadableSource
from indexing.sources.formats import KNOWN_EXTENSIONS, extension
from indexing.sources.streams import STDIN

HUB_PREFIX = "hub:"


@dataclass(frozen=True, slots=True)
class Location:
    """One thing to read. ``named`` is false for files found in a folder."""

    name: str
    named: bool = True

    @property
    def is_hub(self) -> bool:
        return self.name.startswith(HUB_PREFIX)

    @property
    def resumable(self) -> bool:
        """Standard input and pipes (``<(zcat a.gz)``) cannot be read a second time."""
        return self.name != STDIN and (self.is_hub or not Path(self.name).is_fifo())

    def fingerprint(self) -> str:
        """Changes when the content may have: from the absolute path, the size and the time."""
        if self.is_hub or not self.resumable:
            return self.name
        status = Path(self.name).stat()
        identity = (os.path.abspath(self.name), status.st_size, status.st_mtime_ns)  # noqa: PTH100
        return hashlib.sha256(repr(identity).encode()).hexdigest()[:16]


def locate(sources: Sequence[str]) -> list[Location]:
    """Expand folders. Raises :class:`SourceNotFound` or :class:`UnreadableSource`."""
    return [location for source in sources for location in _expand(source)]


def _expand(source: str) -> Iterator[Location]:
    if source == STDIN or source.startswith(HUB_PREFIX):
        yield Location(source)
        return
    path = Path(source)
    if path.is_dir():
        yield from _folder(path)
    elif path.is_file() or path.is_fifo():
        yield Location(source)
    else:
        raise SourceNotFound(f"no such file or folder: {source}")


def _folder(folder: Path) -> Iterator[Location]:
    root = folder.resolve()
    found = [path for path in _walk(folder) if path.resolve().is_relative_to(root)]
    if not found:
        raise UnreadableSource(
            f"{folder} holds no review dump; known are {', '.join(sorted(KNOWN_EXTENSIONS))}, "
            "plain or with .gz or .zst"
        )
    yield from (Location(str(path), named=False) for path in found)


def _walk(folder: Path) -> Iterator[Path]:
    """All known files below, sorted; links to folders are not followed, so there are no loops."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if extension(name) in KNOWN_EXTENSIONS and not name.startswith("."):
                yield Path(parent) / name
