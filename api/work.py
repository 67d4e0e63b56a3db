"""Work that takes a processor: a bounded number at a time, a bounded number waiting.

Without a bound every request of a burst is accepted and all of them get slow; with it the
excess is told at once to come back, and the accepted ones keep their speed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from api.errors import overloaded

T = TypeVar("T")
Gone = Callable[[], Awaitable[bool]]


class ClientGone(Exception):
    """Everyone who waited for this work has hung up; nobody is told the result."""


class WorkQueue:
    """Runs blocking calls in threads: ``workers`` at a time, ``waiting`` more in line.

    Calls with equal keys that overlap are run once and share the result, so that a crowd with
    the same question costs one answer. A call whose clients have all hung up before its turn
    comes is dropped. Made inside a running event loop.
    """

    def __init__(self, workers: int, waiting: int, retry_after: int = 1) -> None:
        self._limiter = anyio.CapacityLimiter(workers)
        self._capacity = workers + waiting
        self._retry_after = retry_after
        self._calls: dict[Hashable, tuple[asyncio.Task[Any], list[Gone]]] = {}

    @property
    def pending(self) -> int:
        """How many calls are running or waiting."""
        return len(self._calls)

    async def run(self, key: Hashable, call: Callable[[], T], gone: Gone) -> T:
        """The result of ``call``, or that of an equal one under way.

        Raises :class:`api.errors.Problem` (503) when the line is full.
        """
        if key in self._calls:
            task, watchers = self._calls[key]
            watchers.append(gone)
        else:
            task = self._start(key, call, gone)
        # One client that hangs up must not cancel what the others wait for.
        result: T = await asyncio.shield(task)
        return result

    def _start(self, key: Hashable, call: Callable[[], T], gone: Gone) -> asyncio.Task[T]:
        if len(self._calls) >= self._capacity:
            raise overloaded(self._retry_after)
        watchers = [gone]
        task = asyncio.create_task(self._turn(call, watchers))
        self._calls[key] = (task, watchers)
        task.add_done_callback(lambda done: self._finished(key, done))
        return task

    async def _turn(self, call: Callable[[], T], watchers: list[Gone]) -> T:
        async with self._limiter:
            if all([await gone() for gone in watchers]):
                raise ClientGone
            return await anyio.to_thread.run_sync(call, limiter=anyio.CapacityLimiter(1))

    def _finished(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        del self._calls[key]
        if not task.cancelled():
            task.exception()  # seen: a call that nobody waits for any more is no warning

    async def drain(self) -> None:
        """Wait until every call that was accepted has ended."""
        await asyncio.gather(*(task for task, _ in self._calls.values()), return_exceptions=True)
