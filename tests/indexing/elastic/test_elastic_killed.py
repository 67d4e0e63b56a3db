"""SIGKILL of a load, or of the server, at any moment: nothing acknowledged is lost or doubled.

``REVIEWQA_KILLS=20 REVIEWQA_REVIEWS=20000`` is the long form. The server's kills need its script,
named by ``ELASTICSEARCH_SERVE``; they go on a server of their own.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.elastic.settings import ElasticSettings
from indexing.errors import StoreError, StoreUnavailable
from indexing.records import Review
from tests.elasticsearch_server import OwnServer, new_location
from tests.indexing import kill_worker
from tests.indexing.test_ingest_killed import SEED, make_dumps, told

pytestmark = pytest.mark.elasticsearch
KILLS = int(os.environ.get("REVIEWQA_KILLS", "2"))
PATIENT = ElasticSettings(timeout=5.0, write_patience=240.0)


def start(location: str, report: Path, paths: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, kill_worker.__file__, location, str(report), *paths]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, env=environment, cwd=report.parent)


def outcome(location: str) -> dict[str, object]:
    with closing(ElasticEngine(location)) as engine:
        assert engine.check() == []
        info = engine.info()
        return {
            "sizes": (info.reviews, info.passages, info.products, info.fingerprint),
            "answers": [engine.search_bm25(query, k=20) for query in ("word1 word2", "word17")],
        }


def test_killed_loads_end_like_an_uninterrupted_one(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    paths = make_dumps(tmp_path, rng)
    whole, broken = new_location(), new_location()
    try:
        began = time.monotonic()
        assert start(whole, tmp_path / "whole.json", paths).wait() == 0
        longest = time.monotonic() - began
        for _ in range(KILLS):
            process = start(broken, tmp_path / "killed.json", paths)
            try:
                process.wait(rng.uniform(0.3, 0.8) * longest)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
        assert start(broken, tmp_path / "killed.json", paths).wait() == 0
        assert outcome(broken) == outcome(whole)
        one, other = told(tmp_path / "whole.json"), told(tmp_path / "killed.json")
        # A batch that was cut off between its reviews and its checkpoint is met again.
        assert one["read"] == other["read"]
        assert one["rejected"] == other["rejected"]
    finally:
        for location in (whole, broken):
            with closing(ElasticEngine(location, create=True)) as engine:
                engine.drop()


LOAD = """
import sys, time
from indexing.engines.registry import open_engine
from indexing.records import Review
engine = open_engine(sys.argv[1], create=True)
with engine.exclusive():
    engine.write([Review("r1", "p1", "The battery lasts.")])
    print("written", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("read_only", [True, False])
def test_what_a_killed_load_wrote_is_found_by_the_next_process(read_only: bool) -> None:
    location = new_location()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}
    command = [sys.executable, "-c", LOAD, location]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"written\n"
        finally:
            process.send_signal(signal.SIGKILL)
    with closing(ElasticEngine(location, read_only=read_only)) as engine:
        assert [hit.passage.review_id for hit in engine.search_bm25("battery", k=1)] == ["r1"]
        assert engine.info().reviews == 1
    with (
        closing(ElasticEngine(location)) as engine,
        closing(ElasticEngine(location, read_only=True)) as reader,
    ):
        try:
            engine.write([Review("r2", "p1", "Another battery.")])
            deadline = time.monotonic() + 20  # the usual interval is back
            while len(reader.search_bm25("battery", k=9)) < 2:
                assert time.monotonic() < deadline
        finally:
            engine.drop()


def test_several_workers_load_parts_at_once(tmp_path: Path) -> None:
    paths = make_dumps(tmp_path, random.Random(SEED))
    together, alone = new_location(), new_location()
    try:
        for location in (together, alone):
            with closing(ElasticEngine(location, create=True)):
                pass
        workers = [
            start(together, tmp_path / f"worker{n}.json", [path]) for n, path in enumerate(paths)
        ]
        assert [worker.wait() for worker in workers] == [0, 0]
        for path in paths:
            assert start(alone, tmp_path / "alone.json", [path]).wait() == 0
        with closing(ElasticEngine(together)) as one, closing(ElasticEngine(alone)) as other:
            assert one.check() == other.check() == []
            everything = [r.id for page in other.review_pages() for r in page]
            stored = [r.id for page in one.review_pages() for r in page]
            assert len(stored) == len(set(stored))
            # Which of two equal or repeated reviews stays hangs on who comes first.
            assert len(set(stored) ^ set(everything)) <= len(everything) // 20
    finally:
        for location in (together, alone):
            with closing(ElasticEngine(location, create=True)) as engine:
                engine.drop()


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    """A server that may be killed."""
    with OwnServer.started() as made:
        yield made


def wait_until_up(location: str) -> None:
    for _ in range(600):
        try:
            with closing(ElasticEngine(location, read_only=True)) as engine:
                engine.probe()
                return
        except StoreError:
            time.sleep(0.2)
    pytest.fail("the server did not come back")


def test_what_was_acknowledged_outlives_the_server(own_server: OwnServer, tmp_path: Path) -> None:
    """The ledger is kept here: every acknowledged id is there once, by id and by search."""
    rng = random.Random(SEED)
    location = f"{own_server.url}/killed"
    ledger: list[str] = []
    stop = threading.Event()

    def load() -> None:
        with closing(ElasticEngine(location, create=True, settings=PATIENT)) as engine:
            number = 0
            while not stop.is_set():
                batch = [
                    Review(f"r{n}", f"p{n % 50}", f"Review{n} of a battery. " * 3)
                    for n in range(number, number + 50)
                ]
                engine.write(batch)
                ledger.extend(review.id for review in batch)
                number += 50

    worker = threading.Thread(target=load)
    worker.start()
    for _ in range(KILLS):
        before = len(ledger)
        while len(ledger) < before + 100 and worker.is_alive():
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 0.5))
        own_server.run("kill", "1")
        own_server.run("resume", "1")
        wait_until_up(location)
    stop.set()
    worker.join()
    with closing(ElasticEngine(location)) as engine:
        engine.sync(compact=False)
        assert engine.check() == []
        assert len(engine.reviews(ledger)) == len(ledger) == len(set(ledger))
        assert engine.info().reviews == len(ledger)
        for name in rng.sample(ledger, 20):
            hits = engine.search_bm25(f"Review{name[1:]}", k=5)
            assert [hit.passage.review_id for hit in hits] == [name]


def test_a_frozen_server_costs_errors_and_no_wrong_answer(own_server: OwnServer) -> None:
    location = f"{own_server.url}/frozen"
    quick = ElasticSettings(timeout=3.0)
    with closing(ElasticEngine(location, create=True)) as engine:
        engine.write([Review(f"r{n}", "p", f"Battery {n}.") for n in range(9)])
        engine.sync()
        expected = engine.search_bm25("battery", k=9)
    stop, wrong, counts = threading.Event(), [], {"answers": 0, "errors": 0}

    def ask(reader: ElasticEngine) -> None:
        while not stop.is_set():
            try:
                if reader.search_bm25("battery", k=9) != expected:
                    wrong.append("another answer")
                counts["answers"] += 1
            except StoreUnavailable:
                counts["errors"] += 1
            except Exception as error:
                wrong.append(repr(error))

    readers = [ElasticEngine(location, read_only=True, settings=quick) for _ in range(16)]
    threads = [threading.Thread(target=ask, args=[reader]) for reader in readers]
    for thread in threads:
        thread.start()
    node = int(own_server.run("pid", "1"))
    until(lambda: counts["answers"] > 20)
    os.kill(node, signal.SIGSTOP)
    until(lambda: counts["errors"] > 20)
    os.kill(node, signal.SIGCONT)
    after = counts["answers"]
    until(lambda: counts["answers"] > after + 50)
    stop.set()
    for thread, reader in zip(threads, readers, strict=True):
        thread.join()
        reader.close()
    assert wrong == []


def until(condition: object) -> None:
    deadline = time.monotonic() + 120
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
