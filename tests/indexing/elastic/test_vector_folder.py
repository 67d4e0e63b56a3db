"""A store on Elasticsearch with its vectors in a FAISS folder beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexing.copying import copy
from indexing.engines.base import Engine, VectorSpace
from indexing.engines.derived.lock import WriterLock
from indexing.engines.elastic import search, vector_folder
from indexing.engines.elastic.address import parse
from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.elastic.settings import ElasticSettings
from indexing.engines.elastic.vector_folder import LOCK_NAME
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import StoreError, StoreMismatch
from indexing.records import Review
from tests.conformance.vector_suite import (
    SPACE,
    MakeVectorEngine,
    VectorSuite,
    embed,
    found,
    ranked,
    review,
)
from tests.elasticsearch_server import EXAMPLES, new_location, stores, with_examples

SEGMENTS = "indexing.engines.derived.vector_index"
OTHER = VectorSpace("fedcba9876543210", 4, "other")
QUERY = np.array([0.3, -1.0, 0.5, 2.0], np.float32)

pytestmark = pytest.mark.elasticsearch


@pytest.fixture
def no_server_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is found, the folder has found it."""

    def never(*_: object) -> None:
        raise AssertionError("the server was asked to compare vectors")

    monkeypatch.setattr(search, "by_vector", never)


@with_examples(VectorSuite, EXAMPLES)
@pytest.mark.usefixtures("no_server_search")
class TestVectorFolder(VectorSuite):
    @pytest.fixture
    def make_engine(self, tmp_path: Path) -> Iterator[MakeVectorEngine]:
        with stores(tmp_path) as make:
            yield make


class TestManySegments(TestVectorFolder):
    """Segments are added for every batch, as in a store that is too large to be fetched anew."""

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(vector_folder, "ALWAYS_WHOLE_UP_TO", 0)
        monkeypatch.setattr(f"{SEGMENTS}.MOST_SEGMENTS", 3)
        monkeypatch.setattr(f"{SEGMENTS}.LARGEST_LOOSE_SHARE", 0.7)


class TestManyShards(TestManySegments):
    """Every shard numbers its own changes."""

    @pytest.fixture
    def make_engine(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[MakeVectorEngine]:
        monkeypatch.setenv("REVIEWQA_ES_SHARDS", "3")
        with stores(tmp_path) as make:
            yield make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ElasticEngine]:
    """Reviews of two products with vectors, and their folder."""
    with stores(tmp_path / "folders") as make:
        engine = make()
        engine.write([review(n, "ab"[n % 2]) for n in range(40)])
        embed(engine)
        engine.sync()
        yield engine


def folder_of(engine: ElasticEngine) -> Path:
    beside = parse(engine.location).vectors
    assert beside is not None
    return Path(beside)


def bare(engine: ElasticEngine) -> str:
    """The address without the folder."""
    return engine.location.partition("?")[0]


def assert_exact(engine: ElasticEngine) -> None:
    """What it finds is what brute force finds, within products and over all."""
    stored = {name: [p.id for p in engine.passages(name)] for name in "ab"}
    for name, ids in stored.items():
        hits = engine.search_vectors(QUERY, k=9, product_id=name)
        assert found(hits) == ranked(ids, QUERY)[:9]
    every = [one for ids in stored.values() for one in ids]
    assert found(engine.search_vectors(QUERY, k=9)) == ranked(every, QUERY)[:9]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}


CHANGE = """
import sys
from indexing.engines.registry import open_engine
from tests.conformance.vector_suite import embed, review
engine = open_engine(sys.argv[1])
engine.write([review(n, "ab"[n % 2]) for n in range(40, 60)])  # added
engine.write([review(n, "ab"[n % 2], words=40) for n in range(5)])  # replaced
engine.write([review(n, "ba"[n % 2]) for n in range(5, 9)])  # moved to the other product
engine.delete([f"r{n:03d}" for n in range(10, 20)])
embed(engine)
engine.sync(compact=False)
"""


def change(engine: ElasticEngine) -> None:
    """Another process, without the folder, adds, replaces, moves and deletes reviews."""
    command = [sys.executable, "-c", CHANGE, bare(engine)]
    subprocess.run(command, env=environment(), check=True)


@pytest.mark.usefixtures("no_server_search")
@pytest.mark.parametrize("whole_up_to", [0, 2000])
def test_it_catches_up_with_what_another_process_did(
    store: ElasticEngine, monkeypatch: pytest.MonkeyPatch, whole_up_to: int
) -> None:
    monkeypatch.setattr(vector_folder, "ALWAYS_WHOLE_UP_TO", whole_up_to)
    assert_exact(store)
    change(store)
    with closing(ElasticEngine(store.location, read_only=True)) as reader:
        assert_exact(reader)
        assert reader.check() == []
    deadline = time.monotonic() + 60  # one that was open all the time sees it within seconds
    while len(store.search_vectors(QUERY, k=100)) < store.info().vectors:
        assert time.monotonic() < deadline
    assert_exact(store)


@pytest.mark.usefixtures("no_server_search")
def test_passages_made_anew_are_followed(store: ElasticEngine) -> None:
    with closing(ElasticEngine(bare(store))) as other:
        other.delete(["r001"])
        other.rebuild()
    with closing(ElasticEngine(store.location, read_only=True)) as reader:
        assert_exact(reader)
    deadline = time.monotonic() + 60
    while "r001#0000" in {hit.passage.id for hit in store.search_vectors(QUERY, k=100)}:
        assert time.monotonic() < deadline
    assert_exact(store)


HANG = """
import sys, time
from indexing.engines.derived import manifest
from indexing.engines.registry import open_engine
def hang(*_):
    print("in the middle", flush=True)
    time.sleep(600)
manifest.save = hang
engine = open_engine(sys.argv[1])
engine.sync()
"""


@pytest.mark.usefixtures("no_server_search")
def test_a_writer_killed_while_it_catches_up_leaves_nothing_behind(store: ElasticEngine) -> None:
    change(store)
    command = [sys.executable, "-c", HANG, store.location]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "in the middle\n"
            halves = {path for path in folder_of(store).iterdir() if path.is_dir()}
        finally:
            writer.send_signal(signal.SIGKILL)
    assert len(halves) == 2, "the old segment, and one that no manifest knows"
    with closing(ElasticEngine(store.location)) as again:
        again.sync()
        assert_exact(again)
        assert again.check() == []
    left = {path for path in folder_of(store).iterdir() if path.is_dir()}
    assert len(left) == 1
    assert not left & halves


def test_while_another_process_holds_the_folder_products_are_searched_exactly(
    store: ElasticEngine,
) -> None:
    lock = WriterLock(folder_of(store) / LOCK_NAME)
    with closing(ElasticEngine(store.location)) as other, lock.holding():
        other.write([review(70, "a")])
        embed(other)
        ids = [p.id for p in other.passages("a")]
        assert found(other.search_vectors(QUERY, k=30, product_id="a")) == ranked(ids, QUERY)[:30]
        assert len(other.search_vectors(QUERY, k=100)) == 40, "over all it lags"
    with closing(ElasticEngine(store.location, read_only=True)) as reader:
        assert_exact(reader)


def test_a_folder_of_another_store_is_refused_and_left_alone(
    store: ElasticEngine, tmp_path: Path
) -> None:
    before = sorted(folder_of(store).rglob("*"))
    location = f"{new_location()}?vectors={folder_of(store)}"
    with closing(ElasticEngine(location, create=True)) as other:
        try:
            other.write([review(1)])
            rebuild = f"reviewqa store rebuild --store {location}"
            for refused in (
                lambda: embed(other) or other.sync(),
                lambda: other.exclusive().__enter__(),
                lambda: other.search_vectors(QUERY, k=1),
                other.probe,
            ):
                with pytest.raises(StoreMismatch, match="vectors of another store") as told:
                    refused()
                assert rebuild in str(told.value)
            (problem,) = other.check()
            assert "another store" in problem.what
            assert problem.remedy == rebuild
            assert sorted(folder_of(store).rglob("*")) == before
            other.rebuild()
            assert found(other.search_vectors(QUERY, k=2)) == ranked(["r001#0000"], QUERY)
            assert other.check() == []
        finally:
            other.drop()


def test_a_folder_of_another_encoder_is_refused(store: ElasticEngine) -> None:
    with closing(ElasticEngine(bare(store))) as other:
        other.clear_vectors()
        embed(other, OTHER)
    with closing(ElasticEngine(store.location)) as again:
        with pytest.raises(StoreMismatch, match=f"{SPACE.encoder}, the store's.*{OTHER.encoder}"):
            again.search_vectors(QUERY, k=1)
        again.rebuild()
        assert_exact(again)


@pytest.mark.usefixtures("no_server_search")
def test_vectors_of_the_same_encoder_made_anew_are_caught_up(store: ElasticEngine) -> None:
    with closing(ElasticEngine(bare(store))) as other:
        other.clear_vectors()
        embed(other)
        other.sync()
    with closing(ElasticEngine(store.location, read_only=True)) as reader:
        assert_exact(reader)


def test_a_folder_with_something_else_in_it_is_refused(
    store: ElasticEngine, tmp_path: Path
) -> None:
    embedded = tmp_path / "store"
    EmbeddedEngine(embedded, create=True).close()
    (tmp_path / "file").write_text("no folder")
    for taken in (embedded, tmp_path / "file", tmp_path / "file" / "below"):
        with (
            closing(ElasticEngine(f"{bare(store)}?vectors={taken}")) as engine,
            pytest.raises(StoreError, match=str(taken)),
        ):
            engine.search_vectors(QUERY, k=1)
    EmbeddedEngine(embedded).close()


@pytest.mark.parametrize("damage", ["rows.f32", "keys.npy", "manifest.json"])
def test_a_damaged_folder_is_made_again(store: ElasticEngine, damage: str) -> None:
    (path,) = folder_of(store).rglob(damage)
    os.truncate(path, path.stat().st_size // 2)
    with closing(ElasticEngine(store.location, read_only=True)) as again:
        assert_exact(again)
        assert again.check() == []


@pytest.mark.usefixtures("no_server_search")
def test_a_changed_file_is_found_and_rebuilt(store: ElasticEngine) -> None:
    (path,) = folder_of(store).rglob("rows.f32")
    path.write_bytes(bytes(path.stat().st_size))
    with closing(ElasticEngine(store.location)) as again:
        (problem,) = again.check()
        assert "rows.f32 of the vector index" in problem.what
        assert "reviewqa store rebuild" in problem.remedy
        again.rebuild()
        assert again.check() == []
        assert_exact(again)


def test_the_server_keeps_no_graph_of_them_and_still_answers_alone(
    store: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "EXACT_UP_TO", 1)
    with closing(ElasticEngine(bare(store))) as alone:
        assert_exact(alone)
    about = store._indices.server.search(
        lambda client: client.indices.get_mapping(index=store._indices.passages).body
    )
    (mapping,) = about.values()
    (field,) = mapping["mappings"]["properties"]["vectors"]["properties"].values()
    assert field["index"] is False


def test_it_is_copied_with_its_vectors(store: ElasticEngine, tmp_path: Path) -> None:
    with closing(EmbeddedEngine(tmp_path / "copy", create=True)) as there:
        copy(store, there)
        assert there.search_vectors(QUERY, k=9) == store.search_vectors(QUERY, k=9)
        with stores(tmp_path / "back") as make:
            back = make()
            copy(there, back)
            assert_exact(back)
            assert list(folder_of(back).rglob("rows.f32"))


def test_a_reader_that_may_refresh_nothing_takes_what_the_writer_made(
    store: ElasticEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on a folder that cannot be written: the server answers for what is not in it yet."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    settings = ElasticSettings()
    with closing(ElasticEngine(store.location, read_only=True, settings=settings)) as reader:
        assert_exact(reader)
        with closing(ElasticEngine(bare(store))) as other:
            other.write([review(70, "a")])
            embed(other)
            other.sync(compact=False)
        deadline = time.monotonic() + 60
        ids = [p.id for p in reader.passages("a")]
        while found(reader.search_vectors(QUERY, k=30, product_id="a")) != ranked(ids, QUERY)[:30]:
            assert time.monotonic() < deadline
        assert len(reader.search_vectors(QUERY, k=100)) == 40


def test_engines_with_and_without_a_folder_agree(store: ElasticEngine) -> None:
    reviews = [Review(f"x{n}", f"p{n % 3}", f"Number {n} is good.") for n in range(30)]
    store.write(reviews)
    embed(store)
    rng = np.random.default_rng(3)
    with closing(ElasticEngine(bare(store), read_only=True)) as alone:
        store.sync()
        for query in rng.standard_normal((10, 4)):
            for product in (None, "a", "p1"):
                engines: list[Engine] = [store, alone]
                one, other = (e.search_vectors(query, k=12, product_id=product) for e in engines)  # type: ignore[attr-defined]
                assert one == other
