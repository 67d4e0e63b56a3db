"""Exit codes, and errors as one line on stderr.

====  =======================================================
0     done (also when no review answers the question)
1     an expected failure: no store, unknown product, bad dump
2     wrong usage
70    a fault of this program
130   interrupted
141   whoever read the output stopped reading
====  =======================================================
"""

from __future__ import annotations

import os
import sys
import traceback

EXPECTED, USAGE, INTERNAL, INTERRUPTED, PIPE = 1, 2, 70, 130, 141
DEBUG = "REVIEWQA_DEBUG"


class Failure(Exception):
    """An expected failure of a command; the message is shown as it is."""

    def __init__(self, message: str, code: int = EXPECTED) -> None:
        super().__init__(message)
        self.code = code


def complain(message: str) -> None:
    """Print ``error: message`` on stderr, on one line whatever the message holds."""
    from api.cli.output import printable

    print(f"error: {printable(' '.join(message.split()))}", file=sys.stderr)  # noqa: T201


def report(error: BaseException) -> int:
    """Tell the user about ``error`` and return the exit code."""
    if os.environ.get(DEBUG) and not isinstance(error, KeyboardInterrupt):
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    if isinstance(error, Failure):
        complain(str(error))
        return error.code
    if isinstance(error, _expected()):
        complain(str(error) or type(error).__name__)
        return EXPECTED
    complain(f"{_described(error)} (run again with {DEBUG}=1 for the traceback)")
    return INTERNAL


def _expected() -> tuple[type[Exception], ...]:
    """Errors whose messages are written for users; imported only once something failed."""
    from api.settings import InvalidSettings
    from indexing.errors import IndexingError
    from qa.errors import QAError

    listed: tuple[type[Exception], ...] = (IndexingError, QAError, InvalidSettings)
    # Nobody could have raised the server's error without having imported it.
    server = sys.modules.get("api.server")
    return (*listed, server.CannotListen) if server is not None else listed


def _described(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
