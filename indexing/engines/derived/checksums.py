"""Sizes and checksums of an index's files."""

from __future__ import annotations

import zlib
from pathlib import Path


def checksums(
    folder: Path, known: dict[str, tuple[int, int]] | None = None
) -> dict[str, tuple[int, int]]:
    """Size and CRC-32 of every index file; files in ``known`` with the same size are not read.

    tantivy never changes a file once it is written, except for its own small lists (``*.json``).
    """
    sums = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".lock" or not path.is_file():
            continue
        size = path.stat().st_size
        before = (known or {}).get(path.name)
        reuse = before and before[0] == size and path.suffix != ".json"
        sums[path.name] = before if before and reuse else (size, _crc(path))
    return sums


def _crc(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value
