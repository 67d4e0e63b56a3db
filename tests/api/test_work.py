"""The bounded queue: so many at once, so many waiting, equal calls once, the excess refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from api.errors import Problem
from api.work import ClientGone, WorkQueue


async def here() -> bool:
    return False


async def gone() -> bool:
    return True


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


def test_no_more_than_the_workers_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(2, timeout=30)

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1

    async def run() -> None:
        queue = WorkQueue(workers=2, waiting=10)
        await asyncio.gather(*(queue.run(n, call, here) for n in range(8)))
        assert queue.pending == 0

    asyncio.run(run())
    assert most == 2


def test_the_excess_is_refused_while_the_rest_waits() -> None:
    open_gate = threading.Event()

    async def run() -> None:
        queue = WorkQueue(workers=1, waiting=2, retry_after=4)
        accepted = [
            asyncio.create_task(queue.run(n, lambda: open_gate.wait(30), here)) for n in range(3)
        ]
        await until(lambda: queue.pending == 3)
        with pytest.raises(Problem) as refused:
            await queue.run("one more", bool, here)
        assert refused.value.status == 503
        assert refused.value.headers["Retry-After"] == "4"
        open_gate.set()
        assert await asyncio.gather(*accepted) == [True] * 3
        assert await queue.run("later", lambda: "room again", here) == "room again"

    asyncio.run(run())


def test_equal_calls_at_one_time_are_made_once() -> None:
    calls: list[int] = []
    open_gate = threading.Event()

    def call() -> int:
        open_gate.wait(30)
        calls.append(1)
        return len(calls)

    async def run() -> None:
        queue = WorkQueue(workers=4, waiting=0)
        crowd = [asyncio.create_task(queue.run("same", call, here)) for _ in range(100)]
        await until(lambda: queue.pending == 1)
        await asyncio.sleep(0)
        open_gate.set()
        assert await asyncio.gather(*crowd) == [1] * 100
        assert await queue.run("same", call, here) == 2, "a later call is made anew"

    asyncio.run(run())


def test_a_call_that_nobody_waits_for_is_dropped() -> None:
    async def run() -> None:
        queue = WorkQueue(workers=1, waiting=1)
        with pytest.raises(ClientGone):
            await queue.run("x", lambda: pytest.fail("it was made"), gone)

    asyncio.run(run())


def test_one_client_that_gives_up_does_not_take_the_answer_from_the_others() -> None:
    open_gate = threading.Event()

    async def run() -> None:
        queue = WorkQueue(workers=1, waiting=0)
        first = asyncio.create_task(queue.run("x", lambda: open_gate.wait(30), here))
        await until(lambda: queue.pending == 1)
        second = asyncio.create_task(queue.run("x", bool, here))
        await asyncio.sleep(0)
        first.cancel()
        open_gate.set()
        assert await second is True
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(run())


def test_errors_reach_every_waiting_client_and_free_the_place() -> None:
    def fail() -> None:
        raise ValueError("broken")

    async def run() -> None:
        queue = WorkQueue(workers=1, waiting=0)
        results = await asyncio.gather(
            *(queue.run("x", fail, here) for _ in range(3)), return_exceptions=True
        )
        assert [str(result) for result in results] == ["broken"] * 3
        assert queue.pending == 0

    asyncio.run(run())


def test_drain_waits_for_what_was_accepted() -> None:
    open_gate = threading.Event()

    async def run() -> None:
        queue = WorkQueue(workers=1, waiting=5)
        tasks = [
            asyncio.create_task(queue.run(n, lambda: open_gate.wait(30), here)) for n in range(5)
        ]
        await until(lambda: queue.pending == 5)
        drained = asyncio.create_task(queue.drain())
        await asyncio.sleep(0)
        assert not drained.done()
        open_gate.set()
        await drained
        assert queue.pending == 0
        assert await asyncio.gather(*tasks) == [True] * 5

    asyncio.run(run())
