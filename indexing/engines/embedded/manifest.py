"""What the BM25 index was made from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from indexing.engines.derived.manifest import FILE_NAME

FORMAT = 2
"""2: terms with their positions. An index of another format is made anew."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``files`` maps every file of the index to its size and CRC-32.

    ``dead`` counts passages that were removed since the index was built: they are never
    found, but until the next rebuild they still weigh in the term statistics.
    """

    store_id: str
    folder: str
    revision: int
    analyzer: str
    passages: int = 0
    dead: int = 0
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    format: int = FORMAT


def load(folder: Path) -> Manifest | None:
    """``None`` when there is none, or none that this version can read."""
    try:
        raw = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        if raw.get("format") != FORMAT:
            return None
        raw["files"] = {name: (size, crc) for name, (size, crc) in raw["files"].items()}
        return Manifest(**raw)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
