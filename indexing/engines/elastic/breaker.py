"""Stops asking a server that does not answer, and finds out when it does again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Open after ``limit`` failures in a row; then one call every ``pause`` seconds is a probe.

    See Nygard, "Release It!" (2007), "Circuit Breaker". Safe for threads.
    """

    def __init__(
        self, limit: int = 5, pause: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._pause = pause
        self._clock = clock
        self._mutex = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0

    @property
    def is_open(self) -> bool:
        with self._mutex:
            return self._failures >= self._limit

    def admits(self) -> bool:
        """Whether a call may be made now; while open, the first to ask becomes the probe."""
        with self._mutex:
            if self._failures < self._limit:
                return True
            now = self._clock()
            if now < self._next_probe:
                return False
            self._next_probe = now + self._pause
            return True

    def succeeded(self) -> None:
        """The server answered."""
        with self._mutex:
            self._failures = 0

    def failed(self) -> None:
        """It did not."""
        with self._mutex:
            self._failures += 1
            self._next_probe = self._clock() + self._pause
