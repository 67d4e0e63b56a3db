"""The vector index of the embedded engine: segments, forms, damage, crashes, other processes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexing.engines.base import VectorSpace
from indexing.engines.derived import manifest, vector_forms, vector_index
from indexing.engines.embedded.engine import VECTORS_NAME, EmbeddedEngine
from indexing.records import Hit, Review
from tests.conformance.vector_suite import SPACE, VectorSuite, embed, found, ranked
from tests.indexing.test_embedded_conformance import TestEmbeddedEngine as _Embedded

SIZE = 24
WIDE = VectorSpace("wide", SIZE)


class TestManySegments(VectorSuite):
    """Stores that are too large to be written anew for every batch, in miniature."""

    make_engine = _Embedded.make_engine

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(vector_index, "ALWAYS_WHOLE_UP_TO", 0)
        monkeypatch.setattr(vector_index, "MOST_SEGMENTS", 3)
        monkeypatch.setattr(vector_index, "LARGEST_LOOSE_SHARE", 0.7)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(tmp_path / "store", create=True)) as opened:
        yield opened


def fill(store: EmbeddedEngine, start: int = 0, size: int = 40) -> None:
    numbers = range(start, start + size)
    store.write([Review(f"r{n:04d}", f"p{n % 3}", f"Number {n} is good.") for n in numbers])


def answers(store: EmbeddedEngine) -> list[list[Hit]]:
    queries = np.random.default_rng(0).standard_normal((5, SPACE.dimension))
    return [store.search_vectors(q, k=9, product_id=p) for q in queries for p in (None, "p1")]


def segment_of(store: EmbeddedEngine) -> Path:
    root = Path(store.location) / VECTORS_NAME
    tree = json.loads((root / manifest.FILE_NAME).read_text("utf-8"))
    return root / tree["segments"][0]["folder"]


def remove_index(store: EmbeddedEngine) -> None:
    shutil.rmtree(Path(store.location) / VECTORS_NAME)


def remove_segment(store: EmbeddedEngine) -> None:
    shutil.rmtree(segment_of(store))


def cut_rows(store: EmbeddedEngine) -> None:
    path = segment_of(store) / "rows.f32"
    os.truncate(path, path.stat().st_size // 2)


def garble_manifest(store: EmbeddedEngine) -> None:
    (segment_of(store).parent / manifest.FILE_NAME).write_text('{"format": 1, "segments": [{}]}')


def claim_another_generation(store: EmbeddedEngine) -> None:
    _edit(store, generation="0" * 32)


def claim_the_future(store: EmbeddedEngine) -> None:
    _edit(store, reached=[10**6])


def take_another_stores_manifest(store: EmbeddedEngine) -> None:
    _edit(store, store_id="0" * 32)


def _edit(store: EmbeddedEngine, **values: object) -> None:
    path = segment_of(store).parent / manifest.FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values))


@pytest.mark.parametrize(
    "damage",
    [
        remove_index,
        remove_segment,
        cut_rows,
        garble_manifest,
        claim_another_generation,
        claim_the_future,
        take_another_stores_manifest,
    ],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_a_damaged_index_is_made_again(
    store: EmbeddedEngine, damage: Callable[[EmbeddedEngine], None], read_only: bool
) -> None:
    fill(store)
    embed(store)
    expected = answers(store)
    damage(store)
    with closing(EmbeddedEngine(store.location, read_only=read_only)) as again:
        assert answers(again) == expected
        assert again.check() == []


def test_a_changed_file_is_found_and_rebuilt(store: EmbeddedEngine) -> None:
    fill(store)
    embed(store)
    expected = answers(store)
    path = segment_of(store) / "rows.f32"
    path.write_bytes(bytes(path.stat().st_size))
    (problem,) = store.check()
    assert "rows.f32 of the vector index" in problem.what
    assert "reviewqa store rebuild" in problem.remedy
    store.rebuild()
    assert answers(store) == expected
    assert store.check() == []


def test_a_crash_before_the_manifest_loses_nothing(
    store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    embed(store)
    before = answers(store)
    fill(store, 40)
    embed(store)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(vector_index.manifest, "save", crash)
        with pytest.raises(KeyboardInterrupt):
            answers(store)
    with closing(EmbeddedEngine(store.location)) as again:
        assert answers(again) != before
        assert answers(again) == answers(store)
        assert again.check() == []
    folders = [p for p in (Path(store.location) / "vectors").iterdir() if p.is_dir()]
    assert folders == [segment_of(store)]


def test_a_reader_follows_another_process(store: EmbeddedEngine) -> None:
    fill(store)
    embed(store)
    with closing(EmbeddedEngine(store.location, read_only=True)) as reader:
        assert answers(reader) == answers(store)
        store.delete(["r0001"])
        fill(store, 40, 7)
        embed(store)
        store.rebuild()
        assert answers(reader) == answers(store)
        store.clear_vectors()
        embed(store, VectorSpace("another", SPACE.dimension + 1))
        assert len(reader.search_vectors(np.ones(SPACE.dimension + 1), k=3)) == 3


def test_a_store_that_cannot_be_written_is_searched(
    store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    embed(store)
    expected = answers(store)
    remove_index(store)
    store.close()  # what it wrote is in the file itself then
    monkeypatch.setattr(os, "access", lambda *_: False)
    with closing(EmbeddedEngine(store.location, read_only=True)) as frozen:
        assert answers(frozen) == expected
    assert not (Path(store.location) / "vectors").exists()


def test_the_fingerprint_of_the_content_is_blind_to_vectors(store: EmbeddedEngine) -> None:
    fill(store)
    before = store.info()
    embed(store)
    after = store.info()
    assert (after.fingerprint, after.revision) == (before.fingerprint, before.revision)
    assert (before.vectors, before.encoder) == (0, "")
    assert (after.vectors, after.encoder) == (40, f"{SPACE.name} ({SPACE.encoder})")


def clustered(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((40, SIZE))
    rows = centres[rng.integers(0, 40, count)] + 0.6 * rng.standard_normal((count, SIZE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("form", [vector_forms.LISTS, vector_forms.PRODUCTS])
def test_large_stores_are_searched_by_lists_and_products_exactly(
    store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(vector_forms, "FLAT_UP_TO", 1000)
    if form == vector_forms.PRODUCTS:
        monkeypatch.setattr(vector_forms, "LISTS_UP_TO", 1001)
    fill(store, 0, 4000)
    rows = dict(zip((f"r{n:04d}#0000" for n in range(4000)), clustered(4000), strict=True))
    for page in store.passages_without_vectors():
        ids = [passage.id for passage in page]
        store.put_vectors(WIDE, ids, np.stack([rows[name] for name in ids]))
    store.sync()
    assert (segment_of(store) / vector_forms.FILE).is_file()
    gone = [f"r{n:04d}" for n in range(0, 4000, 5)]
    store.delete(gone)
    alive = [name for name in rows if name[:5] not in set(gone)]
    shared = 0
    for query in clustered(50, seed=1):
        scores = {n: round(float(rows[n].astype(float) @ query.astype(float)), 6) for n in alive}
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        hits = found(store.search_vectors(query, k=10))
        assert len(hits) == 10
        assert all(scores[name] == score for name, score in hits)
        shared += len({name for name, _ in hits} & {name for name, _ in best[:10]})
        own = [one for one in best if int(one[0][1:5]) % 3 == 1]
        assert found(store.search_vectors(query, k=25, product_id="p1")) == own[:25]
    assert shared >= 0.9 * 500
    assert len(store.search_vectors(query, k=10**6)) == len(alive)


@pytest.mark.parametrize("wanted", [1, 10, 100, 600, 5000])
def test_flat_search_proposes_all_that_tie_at_the_cut(wanted: int) -> None:
    rng = np.random.default_rng(wanted)
    rows = rng.integers(-1, 2, (3000, 6)).astype(np.float32)
    query = rng.integers(-1, 2, 6).astype(np.float32)
    scores = rows @ query
    least = np.sort(scores)[::-1][min(wanted, 3000) - 1]
    needed = set(np.flatnonzero(scores >= least))
    assert needed <= set(vector_forms.flat(rows, query, wanted, 1e-6))


@pytest.mark.parametrize(
    ("count", "form"),
    [(0, "flat"), (100_000, "flat"), (100_001, "ivf-sq8"), (10**9, "ivf-pq")],
)
def test_the_form_goes_by_size(count: int, form: str) -> None:
    assert vector_forms.form_for(count) == form


def test_ranked_is_worked_out_by_hand() -> None:
    """The oracle itself: order by score, then by id."""
    ids = ["b", "a"]
    (first, high), (second, low) = ranked(ids, np.array([1.0, 0, 0, 0]))
    assert high >= low
    assert {first, second} == {"a", "b"}
