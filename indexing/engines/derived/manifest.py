"""What a derived index was made from, beside the index itself."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

FILE_NAME = "manifest.json"


def save(folder: Path, manifest: Any) -> None:
    """Write the dataclass; it replaces the old one in one step, so that readers see either."""
    temporary = folder / f"{FILE_NAME}.new"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / FILE_NAME)


def stamp(folder: Path) -> tuple[int, int] | None:
    """Changes whenever a manifest is saved; cheap enough to look at before every search."""
    try:
        status = (folder / FILE_NAME).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
