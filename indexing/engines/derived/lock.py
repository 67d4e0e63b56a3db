"""One writer per store: an advisory file lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexing.errors import StoreBusy

_POLL_SECONDS = 0.02


class WriterLock:
    """Held by a process while it writes; re-entrant within the thread that took it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread_lock = threading.RLock()
        self._depth = 0
        self._descriptor: int | None = None

    @contextmanager
    def holding(self, timeout: float = 0.0) -> Iterator[None]:
        """Raises :class:`StoreBusy` when another process holds it for ``timeout`` seconds."""
        if not self.acquire(timeout):
            raise StoreBusy(
                f"{self._path.parent} is being written by {self._holder()}; "
                "wait until that process ends, then run the command again"
            )
        try:
            yield
        finally:
            self.release()

    def acquire(self, timeout: float = 0.0) -> bool:
        """Whether the lock is held now; pair every ``True`` with one :meth:`release`."""
        deadline = time.monotonic() + timeout
        if not self._thread_lock.acquire(timeout=max(timeout, 0.0)):
            return False
        if self._depth or self._take(deadline):
            self._depth += 1
            return True
        self._thread_lock.release()
        return False

    def release(self) -> None:
        self._depth -= 1
        if not self._depth and self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._thread_lock.release()

    def _take(self, deadline: float) -> bool:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        while not _try_flock(descriptor):
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return False
            time.sleep(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return True

    def _holder(self) -> str:
        try:
            pid = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            pid = ""
        return f"process {pid}" if pid else "another process"


def _try_flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
