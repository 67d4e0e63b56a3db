"""SIGKILL of Elasticsearch while ``reviewqa index`` reads a dump: 0 lost, 0 doubled.

``REVIEWQA_KILLS=20`` is the long form, ``--log-cli-level=INFO`` tells what was cut off. Needs the
script that ``ELASTICSEARCH_SERVE`` names.
"""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from elasticsearch import Elasticsearch

from indexing.engines.elastic.engine import ElasticEngine
from tests.api.conftest import environment, wait_for
from tests.elasticsearch_server import OwnServer

pytestmark = pytest.mark.elasticsearch
log = logging.getLogger(__name__)
KILLS = int(os.environ.get("REVIEWQA_KILLS", "2"))
SEED = int(os.environ.get("REVIEWQA_SEED", "20"))
DUMP = 3000
IMPATIENT, PATIENT = "6", "240"


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    with OwnServer.started() as made:
        yield made


@dataclass
class Ledger:
    """What the dumps so far held: each review has a word that no other has."""

    location: str
    folder: Path
    rng: random.Random
    ids: list[str] = field(default_factory=list)

    def new_dump(self, size: int = DUMP) -> Path:
        first = len(self.ids)
        names = [f"r{n}" for n in range(first, first + size)]
        path = self.folder / f"dump{first}.jsonl"
        path.write_text("".join(f"{json.dumps(self._row(name))}\n" for name in names))
        self.ids += names
        return path

    def _row(self, name: str) -> dict[str, str]:
        words = " ".join(self.rng.choices(("battery", "screen", "loud", "cable", "fits"), k=30))
        text = f"The only{name}word review. {words.capitalize()}."
        return {"id": name, "product_id": f"p{self.rng.randrange(200)}", "text": text}

    def require_all(self) -> None:
        """Every id is there once: by id, by count of documents, and by search."""
        with closing(ElasticEngine(self.location)) as engine:
            assert engine.check() == []
            info = engine.info()
            assert info.reviews == info.passages == len(self.ids)
            assert set(engine.reviews(self.ids)) == set(self.ids)
            stored = [review.id for page in engine.review_pages() for review in page]
            assert sorted(stored) == sorted(self.ids)
            for name in self.rng.sample(self.ids, 100):
                hits = engine.search_bm25(f"only{name}word", k=3)
                assert [hit.passage.review_id for hit in hits] == [name]

    def require_acknowledged(self, before: int) -> int:
        """Returns how many records an unfinished run's checkpoint says are stored: they must be."""
        host, name = self.location.rsplit("/", 1)
        with closing(Elasticsearch(host)) as client:
            if not client.indices.exists(index=name):
                return 0
            client.indices.refresh(index=name)
            found = client.search(index=name, query={"term": {"kind": "checkpoint"}})
        states = [json.loads(hit["_source"]["state"]) for hit in found["hits"]["hits"]]
        done = sum(source["read"] for state in states for source in state["sources"])
        acknowledged = self.ids[: before + done]
        with closing(ElasticEngine(self.location, read_only=True)) as engine:
            assert set(engine.reviews(acknowledged)) == set(acknowledged)
        return done


def loading(location: str, dump: Path, patience: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "api.cli.main", "index", str(dump), "--no-embed", "--json"]
    command += ["--store", location, "--rejects", str(dump.with_suffix(".rejects"))]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(REVIEWQA_ES_WRITE_PATIENCE=patience),
    )


def loaded(location: str, dump: Path) -> float:
    """Load without kills; returns the seconds from the first document on."""
    process = loading(location, dump, PATIENT)
    began = begun(location, process)
    _, complaint = process.communicate()
    assert process.returncode == 0, complaint
    return time.monotonic() - began


def begun(location: str, process: subprocess.Popen[str], documents: int = 1) -> float:
    """The moment at which the load had written so many documents, or ended."""
    before = written(location)
    wait_for(lambda: process.poll() is not None or written(location) >= before + documents)
    return time.monotonic()


def written(location: str) -> int:
    """Documents that the server wrote to the truth since it started; needs no refresh."""
    answer = httpx.get(f"{location}/_stats/indexing", timeout=60)
    if answer.status_code != 200:
        return 0
    # A server that has just started answers before a shard does; then there is no ``indexing``.
    shards = answer.json()["_all"]["primaries"]
    return int(shards.get("indexing", {}).get("index_total", 0))


def test_a_dump_is_there_once_however_often_its_server_dies(
    own_server: OwnServer, tmp_path: Path
) -> None:
    ledger = Ledger(f"{own_server.url}/dumps", tmp_path, random.Random(SEED))
    whole = loaded(ledger.location, ledger.new_dump())
    for number in range(KILLS):
        before, dump = len(ledger.ids), ledger.new_dump()
        patience = ledger.rng.choice((IMPATIENT, PATIENT))
        process = loading(ledger.location, dump, patience)
        # The first checkpoint that counts anything comes after the first batch of 1,000.
        begun(ledger.location, process, ledger.rng.choice((1, 1500)))
        moment = ledger.rng.uniform(0, whole)
        time.sleep(moment)
        was_running = process.poll() is None
        own_server.run("kill", "1")
        own_server.run("resume", "1")
        own_server.wait_ready()
        _, complaint = process.communicate()
        done = "all"
        if process.returncode:
            assert process.returncode == 1
            assert "Traceback" not in complaint
            assert "try again" in complaint or "run the command again" in complaint
            done = str(ledger.require_acknowledged(before))
            loaded(ledger.location, dump)
        log.info(
            "round %d: killed %.1f s into %.1f s of loading (%s), patience %s s, exit %d, "
            "%s acknowledged",
            number + 1, moment, whole, "under way" if was_running else "done", patience,
            process.returncode, done,
        )  # fmt: skip
        ledger.require_all()
