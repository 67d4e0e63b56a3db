"""What the conformance suites do not ask of a store on Elasticsearch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from indexing.engines.base import VectorSpace
from indexing.engines.elastic import search
from indexing.engines.elastic.breaker import CircuitBreaker
from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.elastic.settings import ElasticSettings
from indexing.errors import StoreError, StoreMismatch
from indexing.records import Review
from indexing.splitter import SplitterSettings
from tests.elasticsearch_server import new_location, server, stores

WORDS = ("battery", "screen", "great", "bad", "cable", "loud", "cheap", "fits", "broke", "love")


def reviews(number: int) -> list[Review]:
    rng = np.random.default_rng(5)
    return [
        Review(f"r{n:04d}", f"p{n % 9}", " ".join(rng.choice(WORDS, rng.integers(2, 12))))
        for n in range(number)
    ]


@pytest.fixture
def store() -> Iterator[ElasticEngine]:
    with stores() as make:
        yield make()


def test_an_open_breaker_lets_one_probe_through_at_a_time() -> None:
    now = [0.0]
    breaker = CircuitBreaker(limit=2, pause=1.0, clock=lambda: now[0])
    breaker.failed()
    assert breaker.admits()
    assert not breaker.is_open
    breaker.failed()
    assert breaker.is_open
    assert [breaker.admits() for _ in range(3)] == [False] * 3
    now[0] = 1.0
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    breaker.failed()
    now[0] = 1.5
    assert not breaker.admits()
    now[0] = 2.0
    assert breaker.admits()
    breaker.succeeded()
    assert [breaker.admits() for _ in range(3)] == [True] * 3


@pytest.mark.elasticsearch
def test_haystacks_own_store_reads_the_passages(store: ElasticEngine) -> None:
    from haystack_integrations.document_stores.elasticsearch import ElasticsearchDocumentStore

    store.write([Review("r1", "p1", "The battery lasts."), Review("r2", "p2", "Loud.")])
    store.sync()
    index = f"{store.location.rsplit('/', 1)[1]}-passages"
    theirs = ElasticsearchDocumentStore(hosts=server(), index=index)
    try:
        assert theirs.count_documents() == 2
        only = {"field": "product_id", "operator": "==", "value": "p1"}
        (found,) = theirs.filter_documents(only)
        assert (found.id, found.content) == ("r1#0000", "The battery lasts.")
        assert found.meta["review_id"] == "r1"
    finally:
        theirs.close()


@pytest.mark.elasticsearch
def test_large_stores_are_searched_by_proposals_and_scored_exactly(
    store: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(reviews(400))
    rng = np.random.default_rng(1)
    vectors = {}
    for page in store.passages_without_vectors():
        rows = rng.standard_normal((len(page), 16)).astype(np.float32)
        store.put_vectors(VectorSpace("e", 16), [p.id for p in page], rows)
        vectors.update({p.id: row for p, row in zip(page, rows, strict=True)})
    queries = rng.standard_normal((10, 16)).astype(np.float32)
    exact = [store.search_vectors(query, k=10) for query in queries]
    monkeypatch.setattr(search, "EXACT_UP_TO", 100)
    shared = 0
    for query, wanted in zip(queries, exact, strict=True):
        found = store.search_vectors(query, k=10)
        for hit in found:
            score = float(vectors[hit.passage.id].astype(float) @ query.astype(float))
            assert hit.score == pytest.approx(score, abs=1e-6)
        shared += len({h.passage.id for h in found} & {h.passage.id for h in wanted})
    assert shared >= 98


@pytest.mark.elasticsearch
def test_other_processes_see_what_was_written_after_the_refresh(store: ElasticEngine) -> None:
    store.write([Review("r1", "p1", "The battery lasts.")])
    with closing(ElasticEngine(store.location, read_only=True)) as reader:
        assert reader.review("r1") is not None, "by id at once"
        deadline = time.monotonic() + 60
        while not reader.search_bm25("battery", k=1):
            assert time.monotonic() < deadline
        with pytest.raises(StoreError, match="opened read-only"):
            reader.write([Review("r2", "p1", "No.")])
        assert len(store.search_bm25("battery", k=1)) == 1
        store.write([Review("r2", "p1", "Another battery.")])
        store.sync(compact=False)
        assert len(reader.search_bm25("battery", k=9)) == 2, "after a sync at once"


@pytest.mark.elasticsearch
def test_removed_passages_of_large_stores_are_left_to_the_server(
    store: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexing.engines.elastic.engine.COMPACTED_UP_TO", 10)
    store.write(reviews(30))
    store.delete([f"r{n:04d}" for n in range(5)])
    (before,) = store._indices.concrete_passages()
    store.sync()
    assert store._indices.concrete_passages() == [before]
    store.rebuild()
    assert store._indices.concrete_passages() != [before]
    assert store._indices.counted() == (store.info().passages, 0)
    assert store.check() == []


@pytest.mark.elasticsearch
def test_a_vector_of_zeros_is_a_vector(
    store: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that compared by cosine would refuse it; inner products are defined for it."""
    store.write(reviews(3))
    names = [passage.id for page in store.passages_without_vectors() for passage in page]
    space, rows = VectorSpace("e", 2), [[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]
    assert store.put_vectors(space, names, rows) == 3
    for exact_up_to in (100, 1):
        monkeypatch.setattr(search, "EXACT_UP_TO", exact_up_to)
        found = store.search_vectors([2.0, 0.0], k=3)
        assert [(hit.passage.id, hit.score) for hit in found] == [
            (names[1], 2.0), (names[0], 0.0), (names[2], -2.0)
        ]  # fmt: skip
        assert {hit.score for hit in store.search_vectors([0.0, 0.0], k=3)} == {0.0}


@pytest.mark.elasticsearch
def test_who_wrote_finds_it_at_once_and_others_after_a_sync(store: ElasticEngine) -> None:
    with store.exclusive(), closing(ElasticEngine(store.location, read_only=True)) as other:
        store.write([Review("r1", "p", "A zebra.")])
        assert other.review("r1") is not None, "by id it is there without a refresh"
        assert other.search_bm25("zebra", k=1) == []
        assert len(store.search_bm25("zebra", k=1)) == 1
        store.write([Review("r2", "p", "A giraffe.")])
        assert other.search_bm25("giraffe", k=1) == []
        store.sync(compact=False)
        assert len(other.search_bm25("giraffe", k=1)) == 1


@pytest.mark.elasticsearch
def test_shards_change_no_score() -> None:
    whole, parted = new_location(), new_location()
    settings = ElasticSettings(shards=3)
    with (
        closing(ElasticEngine(whole, create=True)) as one,
        closing(ElasticEngine(parted, create=True, settings=settings)) as three,
    ):
        try:
            for engine in (one, three):
                engine.write(reviews(300))
                engine.sync()
            for query in ("battery", "loud cable", "love"):
                for product in (None, "p3"):
                    wanted = one.search_bm25(query, k=20, product_id=product, phrase_boost=0.3)
                    found = three.search_bm25(query, k=20, product_id=product, phrase_boost=0.3)
                    assert found == wanted
            assert three.products(limit=3) == one.products(limit=3)
            assert three.fingerprint() == one.fingerprint()
            assert three.check() == []
        finally:
            one.drop()
            three.drop()


@pytest.mark.elasticsearch
def test_reviews_are_cut_anew_when_the_rules_have_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    location = new_location()
    long = " ".join(f"Sentence number {n} is about the screen." for n in range(60))
    settings = SplitterSettings(target=200, maximum=300)
    with closing(ElasticEngine(location, create=True, splitter=settings)) as engine:
        try:
            engine.write([Review("r1", "p1", long), Review("r2", "p1", "Short.")])
            before = engine.info()
            assert max(len(p.text) for p in engine.passages("p1")) <= 300
            monkeypatch.setattr("indexing.splitter.RULES_VERSION", 99)
            with closing(ElasticEngine(location)) as newer:
                with pytest.raises(StoreMismatch, match="reviewqa store rebuild"):
                    newer.write([Review("r3", "p1", "More.")])
                newer.rebuild()
                assert newer.write([Review("r3", "p1", "More.")]).stored == 1
                assert newer.check() == []
                assert newer.info().passages == before.passages + 1
        finally:
            engine.drop()
