"""What a run has done so far, so that an interrupted one goes on where it stopped.

One JSON object per line; the first names the run. A line that was cut off by the interruption is
dropped; a journal of another run is begun anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import IO, Any


class Journal:
    """Appends entries with an ``id`` and remembers them by it."""

    def __init__(self, path: Path, identity: str) -> None:
        self._path = path
        self._identity = identity
        self.entries: dict[str, dict[str, Any]] = {}
        self._stream: IO[str] | None = None

    def __enter__(self) -> Journal:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = self._intact_lines()
        if not lines or lines[0] != {"run": self._identity}:
            lines = []
        self.entries = {entry["id"]: entry for entry in lines[1:]}
        self._stream = self._path.open("w", encoding="utf-8")
        self._write({"run": self._identity})
        for entry in self.entries.values():
            self._write(entry)
        self._stream.flush()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    def add(self, entry: dict[str, Any]) -> None:
        """Keep an entry; it survives the process when this returns."""
        self.entries[entry["id"]] = entry
        self._write(entry)
        assert self._stream is not None
        self._stream.flush()

    def _write(self, entry: dict[str, Any]) -> None:
        assert self._stream is not None
        self._stream.write(json.dumps(entry, ensure_ascii=True) + "\n")

    def _intact_lines(self) -> list[dict[str, Any]]:
        if not self._path.is_file():
            return []
        found = []
        for line in self._path.read_text("utf-8", "replace").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return found
