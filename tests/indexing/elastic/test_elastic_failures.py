"""Whatever a server does: a search is right or says that it cannot be, writes lose nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.elastic.settings import ElasticSettings
from indexing.engines.registry import open_engine
from indexing.errors import (
    StoreError,
    StoreForbidden,
    StoreMismatch,
    StoreReadOnly,
    StoreUnavailable,
)
from indexing.ingest import IngestOptions, ingest
from indexing.records import Review
from indexing.tracing import current_request
from tests.elasticsearch_server import new_location, stores
from tests.faulty_server import FaultyServer, faulty_server

pytestmark = pytest.mark.elasticsearch
QUICK = ElasticSettings(timeout=2.0, write_patience=30.0)


@pytest.fixture
def store() -> Iterator[ElasticEngine]:
    with stores() as make:
        engine = make()
        engine.write([Review(f"r{n}", "p", f"Battery number {n}.") for n in range(5)])
        engine.sync()
        yield engine


@pytest.fixture
def proxy() -> Iterator[FaultyServer]:
    with faulty_server() as made:
        yield made


@pytest.fixture
def behind(store: ElasticEngine, proxy: FaultyServer) -> Iterator[ElasticEngine]:
    """The store, reached through the proxy."""
    name = store.location.rsplit("/", 1)[1]
    engine = ElasticEngine(f"{proxy.url}/{name}", settings=QUICK)
    yield engine
    engine.close()


def found(engine: ElasticEngine) -> list[str]:
    return [hit.passage.review_id for hit in engine.search_bm25("battery", k=9)]


EVERY = [f"r{n}" for n in range(5)]


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_search_is_repeated_a_few_times(
    behind: ElasticEngine, proxy: FaultyServer, status: int
) -> None:
    proxy.answer(status, "es_rejected_execution_exception", times=2)
    assert found(behind) == EVERY
    proxy.answer(status, "es_rejected_execution_exception")
    before = len(proxy.seen)
    with pytest.raises(StoreUnavailable, match="try again later"):
        found(behind)
    assert len(proxy.seen) - before <= 3
    proxy.heal()
    behind.probe()


def test_a_server_that_hangs_up_is_left_alone_for_a_while(
    behind: ElasticEngine, proxy: FaultyServer
) -> None:
    proxy.hang_up()
    for _ in range(4):
        with pytest.raises(StoreUnavailable):
            found(behind)
    before = len(proxy.seen)
    for _ in range(20):
        with pytest.raises(StoreUnavailable):
            behind.probe()
    assert len(proxy.seen) - before < 20
    proxy.heal()
    for _ in range(200):
        try:
            assert found(behind) == EVERY
            return
        except StoreUnavailable:
            threading.Event().wait(0.05)
    pytest.fail("it never recovered")


def test_a_slow_server_costs_no_more_than_the_deadline(
    behind: ElasticEngine, proxy: FaultyServer
) -> None:
    proxy.delay(3.0)
    before = len(proxy.seen)
    with pytest.raises(StoreUnavailable, match="did not answer in time"):
        found(behind)
    assert len(proxy.seen) - before == 1, "the deadline left no time for another try"
    proxy.heal()
    assert found(behind) == EVERY


def test_writes_wait_for_a_busy_server_and_lose_nothing(
    behind: ElasticEngine, proxy: FaultyServer
) -> None:
    items = iter(range(3))

    def busy(method: str, path: str) -> tuple[int, object] | None:
        if "_bulk" not in path or next(items, None) is None:
            return None
        actions = [json.loads(line) for line in proxy.bodies[-1].splitlines()[::2]]
        error = {"type": "es_rejected_execution_exception", "reason": "queue is full"}
        rejected = [
            {verb: {"_id": about["_id"], "status": 429, "error": error}}
            for action in actions
            for verb, about in action.items()
        ]
        return 200, {"errors": True, "items": rejected, "took": 1}

    proxy.fault = busy
    assert behind.write([Review("new", "p", "A battery, again.")]).stored == 1
    assert behind.check() == []
    assert found(behind) == ["new", *EVERY] or set(found(behind)) == {"new", *EVERY}


def test_documents_that_cannot_be_read_for_a_while_are_asked_for_again(
    behind: ElasticEngine, proxy: FaultyServer
) -> None:
    """One answer to a request for many documents can be 200 and lack those of a shard."""
    error = {"type": "no_shard_available_action_exception", "reason": "as told"}
    lacking = {"docs": [{"_index": "i", "_id": "review:r1", "error": error}]}
    left = iter(range(2))

    def fault(method: str, path: str) -> tuple[int, object] | None:
        return (200, lacking) if "_mget" in path and next(left, None) is not None else None

    proxy.fault = fault
    assert behind.review("r1") is not None
    proxy.fault = lambda method, path: (200, lacking) if "_mget" in path else None
    with pytest.raises(StoreUnavailable, match="try again later"):
        behind.review("r1")


def test_a_refused_key_is_named(behind: ElasticEngine, proxy: FaultyServer) -> None:
    for status in (401, 403):
        proxy.answer(status, "security_exception")
        with pytest.raises(StoreForbidden, match="REVIEWQA_ES_API_KEY"):
            found(behind)


def test_another_version_or_another_server_is_refused(proxy: FaultyServer) -> None:
    proxy.fault = lambda method, path: (200, {"version": {"number": "7.17.0"}, "tagline": ""})
    with pytest.raises(StoreMismatch, match=r"is Elasticsearch 7.17.0; reviewqa needs 8.17"):
        ElasticEngine(f"{proxy.url}/store", create=True, settings=QUICK)


def test_requests_carry_the_name_of_the_question(
    behind: ElasticEngine, proxy: FaultyServer
) -> None:
    token = current_request.set("question-17")
    try:
        found(behind)
    finally:
        current_request.reset(token)
    headers = {name.lower(): value for name, value in proxy.seen[-1][2].items()}
    assert headers["x-opaque-id"] == "question-17"
    assert "_search" in proxy.seen[-1][1]


def test_one_question_is_one_request(behind: ElasticEngine, proxy: FaultyServer) -> None:
    behind.put_vectors(*_vectors())
    behind.sync(compact=False)
    searches = (
        lambda: behind.search_bm25("battery number", k=3, product_id="p", phrase_boost=0.3),
        lambda: behind.search_vectors([1.0, 2.0], k=3, product_id="p"),
    )
    for search in searches:
        search()
        before = len(proxy.seen)
        assert len(search()) == 3
        assert len(proxy.seen) - before == 1


def _vectors() -> tuple[object, list[str], list[list[float]]]:
    from indexing.engines.base import VectorSpace

    return VectorSpace("e", 2), ["r0#0000"], [[0.0, 0.0]]


def test_a_blocked_index_takes_no_writes_and_is_read(store: ElasticEngine) -> None:
    name = store.location.rsplit("/", 1)[1]
    client = store._server._client
    for block in ("index.blocks.write", "index.blocks.read_only_allow_delete"):
        client.indices.put_settings(index=f"{name}*", settings={block: True})
        with pytest.raises(StoreReadOnly, match="free disk space or lift the index's block"):
            store.write([Review("new", "p", f"More {block}.")])
        assert found(store) == EVERY
        client.indices.put_settings(index=f"{name}*", settings={block: None})
    assert store.write([Review("new", "p", "More.")]).stored == 1
    assert store.check() == []


def test_what_the_server_refuses_is_told_and_the_rest_is_stored(store: ElasticEngine) -> None:
    report = store.write(
        [
            Review("good", "p", "Good."),
            Review("bad", "x" * 40_000, "Its product has too long a name."),
            Review("r1", "y" * 40_000, "This one was there before. " * 90),
        ]
    )
    assert (report.stored, report.replaced) == (1, 0)
    assert {one.review_id for one in report.refused} == {"bad", "r1"}
    assert all("immense term" in one.reason for one in report.refused)
    assert store.review("bad") is None
    before = store.review("r1")
    assert before is not None
    assert before.text == "Battery number 1."
    assert store.check() == []


def test_what_the_server_refuses_is_among_the_rejects(store: ElasticEngine, tmp_path: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    dump.write_text('{"id": "bad", "text": "Whose?"}\n{"id": "worse", "text": "Nobody\'s."}\n')
    rejects = tmp_path / "rejects.jsonl"
    report = ingest(store, [str(dump)], IngestOptions(product_id="x" * 40_000, rejects=rejects))
    assert (report.total("read"), report.total("stored"), report.total("rejected")) == (2, 0, 2)
    lines = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [line["raw"] for line in lines] == ["Whose?", "Nobody's."]
    assert "'bad' was refused" in lines[0]["reason"]


def test_an_index_of_somebody_else_is_left_alone(store: ElasticEngine) -> None:
    location = new_location()
    name = location.rsplit("/", 1)[1]
    client = store._server._client
    client.indices.create(index=name)
    try:
        with pytest.raises(StoreMismatch, match="that reviewqa has not made"):
            open_engine(location, create=True)
        assert client.count(index=name)["count"] == 0
    finally:
        client.indices.delete(index=name)


@pytest.mark.parametrize("derived", [False, True])
def test_a_layout_of_another_version_is_left_alone(store: ElasticEngine, derived: bool) -> None:
    """No earlier layout was ever released; a later one is neither read nor written."""
    name = store.location.rsplit("/", 1)[1]
    client = store._server._client
    index = store._indices.concrete_passages()[0] if derived else name
    meta = client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]
    meta["reviewqa"]["format"] = 99
    client.indices.put_mapping(index=index, meta=meta)
    for how in ({"read_only": True}, {"create": True}):
        with pytest.raises(StoreMismatch, match=r"has format .*99, .* reads 1; .*store copy"):
            open_engine(store.location, **how)


def test_a_store_of_other_rules_asks_for_a_rebuild_and_gets_it(store: ElasticEngine) -> None:
    name = store.location.rsplit("/", 1)[1]
    client = store._server._client
    (index,) = store._indices.concrete_passages()
    meta = client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]
    meta["reviewqa"]["analyzer"] = "another"
    client.indices.put_mapping(index=index, meta=meta)
    other = open_engine(store.location)
    try:
        for refused in (lambda: other.search_bm25("battery", k=1), other.probe):
            with pytest.raises(StoreMismatch, match="reviewqa store rebuild --store"):
                refused()
        assert [problem.remedy.split()[2] for problem in other.check()] == ["rebuild"]
        with closing(open_engine(store.location, read_only=True)) as reader:
            with pytest.raises(StoreMismatch):
                reader.probe()
            other.rebuild()
            reader.probe()
        assert [hit.passage.review_id for hit in other.search_bm25("battery", k=9)] == EVERY
        assert other.check() == []
    finally:
        other.close()
    client.indices.delete_alias(index=f"{name}-passages-*", name=f"{name}-passages")
    other = open_engine(store.location)
    try:
        other.rebuild()
        assert other.check() == []
    finally:
        other.close()


def test_a_rebuild_is_never_seen_half_done(store: ElasticEngine) -> None:
    store.write([Review(f"m{n}", f"p{n % 7}", f"Battery and cable {n}.") for n in range(600)])
    store.sync()
    expected = store.search_bm25("battery cable", k=50)
    stop, wrong, seen = threading.Event(), [], []

    def search() -> None:
        reader = ElasticEngine(store.location, read_only=True)
        try:
            while not stop.is_set():
                hits = reader.search_bm25("battery cable", k=50)
                seen.append(1)
                if hits != expected:
                    wrong.append(hits)
        except Exception as error:
            wrong.append(error)
        finally:
            reader.close()

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        store.rebuild()
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert seen
    assert len(store._indices.passages_names()) == 1


def test_what_is_written_during_a_rebuild_is_in_what_comes_of_it(store: ElasticEngine) -> None:
    stop = threading.Event()

    def write() -> None:
        with closing(ElasticEngine(store.location)) as writer:
            for number in range(1000):
                if stop.is_set():
                    return
                writer.write([Review(f"w{number}", "p", f"Written meanwhile, {number}. " * 60)])
                writer.write([Review(f"w{number}", "p", f"Shorter, {number}.")])
                writer.delete([f"w{number - 2}"])

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(4):
        store.rebuild()
    stop.set()
    thread.join()
    assert store.check() == []


def test_a_rebuild_that_breaks_leaves_the_old_index(
    behind: ElasticEngine, proxy: FaultyServer
) -> None:
    def refuse(method: str, path: str) -> tuple[int, object] | None:
        if "_bulk" not in path:
            return None
        return 400, {"error": {"type": "illegal_argument_exception", "reason": "no"}}

    proxy.fault = refuse
    with pytest.raises(StoreError):
        behind.rebuild()
    proxy.heal()
    assert found(behind) == EVERY
    assert len(behind._indices.passages_names()) == 1
    assert behind.write([Review("new", "p", "The lock is free again.")]).stored == 1
