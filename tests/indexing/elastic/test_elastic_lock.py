"""The lock on the making anew of passages: no clock decides, and no holder blocks for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from indexing.engines.elastic import lock
from indexing.engines.elastic.engine import ElasticEngine
from indexing.errors import StoreBusy
from indexing.records import Review
from tests.elasticsearch_server import stores

pytestmark = pytest.mark.elasticsearch
DAY = 86_400.0


@pytest.fixture
def store() -> Iterator[ElasticEngine]:
    with stores() as make:
        engine = make()
        engine.write([Review(f"r{n}", "p", f"Battery {n}.") for n in range(3)])
        yield engine


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holders count as dead after some seconds."""
    monkeypatch.setattr(lock, "LEASE_SECONDS", 8.0)
    monkeypatch.setattr(lock, "_POLL_SECONDS", 0.05)


def other(store: ElasticEngine) -> ElasticEngine:
    """The same store, as another process has it."""
    return ElasticEngine(store.location)


def rebuild_in_background(engine: ElasticEngine, failed: list[Exception]) -> threading.Thread:
    def run() -> None:
        try:
            engine.rebuild()
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.usefixtures("quick")
def test_a_holder_that_died_blocks_nobody_for_ever(store: ElasticEngine) -> None:
    with closing(other(store)) as dead:
        dead._lock._take()  # and never gives it back
        with closing(other(store)) as writer:
            assert writer.write([Review("new", "p", "Battery, new.")]).stored == 1
            writer.rebuild()
            assert writer.check() == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("jump", [-365 * DAY, 365 * DAY])
def test_a_clock_that_jumps_neither_frees_nor_keeps_the_lock(
    store: ElasticEngine, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """A holder that lives keeps writers out, whatever their clocks say, and lets them in after."""
    now = time.time
    done = threading.Event()
    with closing(other(store)) as writer, store._lock.holding():
        monkeypatch.setattr(time, "time", lambda: now() + jump)

        def write() -> None:
            writer.write([Review("new", "p", "Battery, new.")])
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        for _ in range(10):
            store._lock.renew()
            assert not done.wait(0.2)
            assert store.review("new") is None
        store._lock._beat = 0
        store._lock._save()
        assert done.wait(120)
        thread.join()
    assert store.check() == []


@pytest.mark.usefixtures("quick")
def test_a_holder_that_stood_still_gives_up_and_harms_nothing(store: ElasticEngine) -> None:
    """Taken for dead, it must not put an index in place that lacks what was written since."""
    slow, failed = other(store), []
    go_on, stands = threading.Event(), threading.Event()
    refresh = slow._indices.force_refresh

    def stand_still(*names: str) -> None:
        refresh(*names)
        if any("-passages-" in name for name in names):  # all is filled, the switch comes next
            stands.set()
            assert go_on.wait(60)

    slow._indices.force_refresh = stand_still  # type: ignore[method-assign]
    thread = rebuild_in_background(slow, failed)
    assert stands.wait(60)
    with closing(other(store)) as writer:
        writer.write([Review("new", "p", "Battery, new.")])
    go_on.set()
    thread.join()
    slow.close()
    (error,) = failed
    assert isinstance(error, StoreBusy)
    assert "reviewqa store rebuild" in str(error)
    store.sync()
    assert store.check() == []
    assert len(store.search_bm25("battery", k=9)) == 4


def test_rebuilds_wait_for_each_other(store: ElasticEngine) -> None:
    failed: list[Exception] = []
    others = [other(store) for _ in range(3)]
    threads = [rebuild_in_background(one, failed) for one in (store, store, *others)]
    for thread in threads:
        thread.join()
    for one in others:
        one.close()
    assert failed == []
    assert len(store._indices.passages_names()) == 1
    assert store.check() == []
