"""Backed up, wiped and restored, by a copy and by a snapshot: the same documents and answers."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from indexing.copying import copy
from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.ingest import IngestOptions, ingest
from indexing.records import Hit, Label
from indexing.sample import reviews_path
from tests.conformance.vector_suite import embed, vector_of
from tests.elasticsearch_server import OwnServer

pytestmark = pytest.mark.elasticsearch
QUERIES = ("how long does the battery last", "is it comfortable", "does it leak", "too loud")
PRODUCTS = (None, "wireless-earbuds", "office-chair")


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    with OwnServer.started() as made:
        yield made


@pytest.fixture(scope="module")
def client(own_server: OwnServer) -> Iterator[Elasticsearch]:
    with closing(Elasticsearch(own_server.url, request_timeout=120)) as made:
        yield made


@pytest.fixture(scope="module")
def repository(own_server: OwnServer, client: Elasticsearch) -> str:
    """A folder that the server may keep snapshots in, which its configuration has to name."""
    (about,) = client.nodes.info(metric="settings")["nodes"].values()
    node = Path(about["settings"]["path"]["logs"]).parent
    (node / "snapshots").mkdir()
    with (node / "config" / "elasticsearch.yml").open("a") as file:
        file.write(f'path.repo: ["{node / "snapshots"}"]\n')
    pid = int(own_server.run("pid", "1"))
    os.kill(pid, signal.SIGTERM)
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.1)
    own_server.run("resume", "1")
    own_server.wait_ready()
    settings = {"location": str(node / "snapshots")}
    client.snapshot.create_repository(
        name="backup", repository={"type": "fs", "settings": settings}
    )
    return "backup"


def filled(location: str, folder: Path) -> ElasticEngine:
    engine = ElasticEngine(location, create=True)
    ingest(engine, [str(reviews_path())], IngestOptions(rejects=folder / "rejects.jsonl"))
    embed(engine)
    (review, *_) = next(engine.review_pages())
    engine.labels.write([Label("q", "why?", review.id, review.text, (((0, 4),),), {"by": "me"})])
    engine.sync()
    return engine


def documents(client: Elasticsearch, location: str) -> dict[str, bytes]:
    """Reviews, labels and passages as the server has them, by id."""
    name = location.rsplit("/", 1)[1]
    wanted = {"terms": {"kind": ["review", "label"]}}
    found: dict[str, bytes] = {}
    for index, query in ((name, wanted), (f"{name}-passages", {"match_all": {}})):
        for hit in scan(client, index=index, query={"query": query}):
            found[hit["_id"]] = json.dumps(hit["_source"], sort_keys=True).encode()
    return found


def answers(engine: ElasticEngine) -> list[list[Hit]]:
    bm25 = [engine.search_bm25(q, k=10, product_id=p) for q in QUERIES for p in PRODUCTS]
    return bm25 + [
        engine.search_vectors(vector_of(q), k=10, product_id=p) for q in QUERIES for p in PRODUCTS
    ]


def state(client: Elasticsearch, engine: ElasticEngine) -> dict[str, Any]:
    names = [passage.id for passage in engine.passages("office-chair")]
    vectors = engine.vectors_of(names)
    return {
        "documents": documents(client, engine.location),
        "answers": answers(engine),
        "vectors": {name: row.tobytes() for name, row in vectors.items()},
        "fingerprint": engine.fingerprint(),
        "labels": list(engine.labels.all()),
        "problems": engine.check(),
    }


def test_a_copy_brings_everything_back(
    own_server: OwnServer, client: Elasticsearch, tmp_path: Path
) -> None:
    with closing(filled(f"{own_server.url}/copied", tmp_path)) as engine:
        expected = state(client, engine)
        assert len(expected["documents"]) > 720
        assert all(expected["answers"])
        with closing(EmbeddedEngine(tmp_path / "backup", create=True)) as backup:
            copy(engine, backup)
            engine.drop()
            assert not client.indices.exists(index="copied*", allow_no_indices=False)
            with closing(ElasticEngine(engine.location, create=True)) as restored:
                copy(backup, restored)
                assert state(client, restored) == expected


def test_a_snapshot_brings_everything_back(
    own_server: OwnServer, client: Elasticsearch, repository: str, tmp_path: Path
) -> None:
    ours = {"indices": "kept,kept-passages*"}
    with closing(filled(f"{own_server.url}/kept", tmp_path)) as engine:
        expected = state(client, engine)
        made = client.snapshot.create(
            repository=repository,
            snapshot="kept-1",
            wait_for_completion=True,
            include_global_state=False,
            **ours,
        )
        assert made["snapshot"]["state"] == "SUCCESS"
        engine.drop()
        client.snapshot.restore(
            repository=repository, snapshot="kept-1", wait_for_completion=True, **ours
        )
    with closing(ElasticEngine(f"{own_server.url}/kept")) as restored:
        assert state(client, restored) == expected
