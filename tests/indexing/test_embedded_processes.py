"""Other processes at the same store: one writes at a time, readers see what was written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import StoreBusy
from tests.indexing.filled import answers, fill


@contextmanager
def another_process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Runs ``code``, which says a line when it is ready and ends when it is told anything."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


HOLD = """
import sys
from indexing.engines.embedded.engine import EmbeddedEngine
engine = EmbeddedEngine(sys.argv[1])
with engine.exclusive():
    print("ready", flush=True)
    sys.stdin.readline()
"""
WRITE = """
import sys
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.records import Review
engine = EmbeddedEngine(sys.argv[1])
engine.write([Review(id="new", product_id="p1", text="an unheard of zebra")])
engine.delete(["r001"])
engine.close()
print("ready", flush=True)
sys.stdin.readline()
"""


def test_one_writer_at_a_time_and_its_lock_dies_with_it(store: EmbeddedEngine) -> None:
    fill(store)
    store.sync()
    with another_process(HOLD, store.location) as other:
        with pytest.raises(StoreBusy, match=f"written by process {other.pid}"), store.exclusive():
            pass
        assert len(answers(store)[0]) == 9
        other.kill()
        other.wait()
        with store.exclusive():
            fill(store, 40)


def test_a_reader_sees_what_another_process_wrote(store: EmbeddedEngine) -> None:
    fill(store)
    with closing(EmbeddedEngine(store.location, read_only=True)) as reader:
        assert reader.search_bm25("zebra", k=1) == []
        with another_process(WRITE, store.location) as other:
            assert reader.search_bm25("zebra", k=1)[0].passage.review_id == "new"
            assert reader.search_bm25("zebra", k=1, product_id="p1")[0].score > 0
            assert "r001" not in {p.review_id for p in reader.passages("p1")}
            other.kill()


def test_a_lagging_reader_still_returns_k_of_the_product(store: EmbeddedEngine) -> None:
    """While another process holds the lock the index cannot catch up; the truth fills in."""
    fill(store)
    with closing(EmbeddedEngine(store.location, read_only=True)) as reader:
        answers(reader)
        fill(store, 40, 20)
        with another_process(HOLD, store.location) as other:
            hits = reader.search_bm25("battery 44", k=99, product_id="p2")
            there = [passage.id for passage in reader.passages("p2")]
            assert sorted(hit.passage.id for hit in hits) == there
            assert hits[0].score > 0
            other.kill()
            other.wait()
            again = reader.search_bm25("battery 44", k=99, product_id="p2")
            assert again[0].passage.review_id == "r044"
