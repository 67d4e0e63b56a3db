"""Three nodes, one copy of every shard: any one may die during writes."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import httpx
import pytest

from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.elastic.settings import ElasticSettings
from indexing.records import Review
from tests.elasticsearch_server import OwnServer

pytestmark = pytest.mark.elasticsearch
NODES = 3
SETTINGS = ElasticSettings(timeout=10.0, write_patience=300.0, shards=2, replicas="1")


@pytest.fixture(scope="module")
def cluster() -> Iterator[OwnServer]:
    with OwnServer.started(NODES) as made:
        yield made


def test_no_node_takes_an_acknowledged_write_with_it(cluster: OwnServer) -> None:
    location = f"{cluster.url.replace(',http://', ',')}/copies"
    ledger: list[str] = []
    stop = threading.Event()

    def load() -> None:
        with closing(ElasticEngine(location, create=True, settings=SETTINGS)) as engine:
            for number in count(step=20):
                if stop.is_set():
                    return
                names = [f"r{n}" for n in range(number, number + 20)]
                engine.write([Review(name, f"p{name[-1]}", f"Word{name} here.") for name in names])
                ledger.extend(names)

    worker = threading.Thread(target=load)
    worker.start()
    try:
        for node in range(1, NODES + 1):
            until_more(ledger, worker)
            cluster.run("kill", str(node))
            until_more(ledger, worker)  # the other two go on
            cluster.run("resume", str(node))
            cluster.wait_ready("green", node=node)
    finally:
        stop.set()
        worker.join()
    with closing(ElasticEngine(location, settings=SETTINGS)) as engine:
        engine.sync(compact=False)
        assert engine.check() == []
        assert engine.info().reviews == len(ledger) == len(set(ledger))
        assert set(engine.reviews(ledger)) == set(ledger)
        for name in ledger[::50]:
            hits = engine.search_bm25(f"Word{name}", k=3)
            assert [hit.passage.review_id for hit in hits] == [name]
    for shard, copies in documents_by_copy(cluster).items():
        assert len(copies) == 2, shard
        assert copies["p"] == copies["r"], shard


def until_more(ledger: list[str], worker: threading.Thread) -> None:
    """Wait until some more batches were acknowledged."""
    before, deadline = len(ledger), time.monotonic() + 300
    while len(ledger) < before + 100:
        assert worker.is_alive(), "the load has failed"
        assert time.monotonic() < deadline, "nothing more was written"
        time.sleep(0.05)


def documents_by_copy(cluster: OwnServer) -> dict[tuple[str, str], dict[str, str]]:
    """Counts of the primary, ``p``, and of its replica, ``r``, by index and shard."""
    url = cluster.url.split(",")[0]
    rows = httpx.get(f"{url}/_cat/shards/copies*?format=json", timeout=60).json()
    found: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in rows:
        found[row["index"], row["shard"]][row["prirep"]] = row["docs"]
    return found
