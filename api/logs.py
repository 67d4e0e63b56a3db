"""One JSON object a line on stderr, whatever a client puts into a path or a header."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger("reviewqa")


class OneLine(logging.Formatter):
    """A record as one line of ASCII JSON: line breaks and control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for ``record``, without its newline."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def event(
    name: str, *, level: int = logging.INFO, exc: BaseException | None = None, **fields: Any
) -> None:
    """Log one named event with its fields; ``exc`` adds a traceback."""
    log.log(level, name, extra={"fields": fields}, exc_info=exc)


def configure(level: int = logging.INFO) -> None:
    """Send this service's events, and the warnings of its libraries, to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    log.setLevel(level)
