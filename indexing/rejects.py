"""The list of records that were not taken, one JSON object a line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from indexing.errors import IndexingError

FILE_NAME = "rejects.jsonl"
RAW_LIMIT = 2000
"""Characters of the record that are kept; ``cut`` says when there were more."""


class RejectsFile:
    """Appends to a file that can be taken back to where a checkpoint says it was."""

    def __init__(self, path: Path, offset: int | None = None) -> None:
        """Cuts the file at ``offset`` bytes; ``None`` appends to what there is."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("ab")
            if offset is not None and offset < self._file.tell():
                self._file.truncate(offset)
                self._file.seek(offset)
        except OSError as error:
            raise IndexingError(f"cannot write the rejects to {path}: {error.strerror}") from error

    def add(self, source: str, place: str, reason: str, raw: str) -> None:
        line = {"file": source, "place": place, "reason": reason, "raw": raw[:RAW_LIMIT]}
        if len(raw) > RAW_LIMIT:
            line["cut"] = f"{RAW_LIMIT} of {len(raw)} characters"
        # ASCII, so that half surrogates and control characters survive any reader.
        self._file.write(json.dumps(line).encode() + b"\n")

    def flush(self) -> int:
        """Make it durable; returns the offset to give back after a crash."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
