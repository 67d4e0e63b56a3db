"""Damage and other versions: the truth stays, what is derived is made again."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from indexing.engines.embedded import derived_bm25, migrations, splitting
from indexing.engines.embedded.bm25_index import Bm25Index
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.engines.registry import open_engine
from indexing.errors import (
    StoreCorrupt,
    StoreError,
    StoreMismatch,
    StoreNotFound,
)
from indexing.records import Label, Review
from indexing.splitter import SplitterSettings
from tests.conformance.vector_suite import embed
from tests.indexing.filled import answers, fill


def index_folder(store: EmbeddedEngine) -> Path:
    root = Path(store.location) / "bm25"
    return root / json.loads((root / "manifest.json").read_text("utf-8"))["folder"]


def remove_index(store: EmbeddedEngine) -> None:
    shutil.rmtree(Path(store.location) / "bm25")


def remove_manifest(store: EmbeddedEngine) -> None:
    (Path(store.location) / "bm25/manifest.json").unlink()


def garble_manifest(store: EmbeddedEngine) -> None:
    (Path(store.location) / "bm25/manifest.json").write_text('{"format": 1, "files": [')


def take_another_stores_manifest(store: EmbeddedEngine) -> None:
    _edit_manifest(store, store_id="0" * 32)


def take_another_analyzer(store: EmbeddedEngine) -> None:
    _edit_manifest(store, analyzer="of an older version")


def take_another_format(store: EmbeddedEngine) -> None:
    _edit_manifest(store, format=1)


def claim_the_future(store: EmbeddedEngine) -> None:
    _edit_manifest(store, revision=10**6)


def cut_files(store: EmbeddedEngine) -> None:
    for path in index_folder(store).glob("*.idx"):
        os.truncate(path, path.stat().st_size // 2)


def lose_meta(store: EmbeddedEngine) -> None:
    (index_folder(store) / "meta.json").unlink()


def garble_meta(store: EmbeddedEngine) -> None:
    (index_folder(store) / "meta.json").write_text("{}")


def lose_a_segment(store: EmbeddedEngine) -> None:
    next(index_folder(store).glob("*.store")).unlink()


def _edit_manifest(store: EmbeddedEngine, **values: object) -> None:
    path = Path(store.location) / "bm25/manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values))


DAMAGE: list[Callable[[EmbeddedEngine], None]] = [
    remove_index,
    remove_manifest,
    garble_manifest,
    take_another_stores_manifest,
    take_another_analyzer,
    take_another_format,
    claim_the_future,
    cut_files,
    lose_meta,
    garble_meta,
    lose_a_segment,
]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("read_only", [True, False])
def test_a_damaged_index_is_made_again(
    store: EmbeddedEngine, damage: Callable[[EmbeddedEngine], None], read_only: bool
) -> None:
    fill(store)
    expected = answers(store)
    damage(store)
    with closing(EmbeddedEngine(store.location, read_only=read_only)) as again:
        assert answers(again) == expected
        assert again.check() == []


def test_an_index_that_lags_catches_up(store: EmbeddedEngine) -> None:
    fill(store)
    answers(store)
    fill(store, 40)
    store.delete(["r001"])
    store.write([Review(id="r002", product_id="p2", text="the battery is replaced")])
    with closing(EmbeddedEngine(store.location, read_only=True)) as again:
        expected = answers(again)
    assert answers(store) == expected
    store.rebuild()
    assert answers(store) == expected


def test_removals_reach_an_index_that_is_not_rebuilt(
    store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large stores are rebuilt only when many passages are dead; the dead are never found."""
    monkeypatch.setattr(derived_bm25, "EXACT_UP_TO", 0)
    monkeypatch.setattr(derived_bm25, "LARGEST_DEAD_SHARE", 0.5)
    fill(store)
    store.sync()
    before = index_folder(store)
    store.delete([f"r{n:03d}" for n in range(0, 40, 4)])
    store.write([Review(id="r001", product_id="p1", text="a zebra instead")])
    assert store.search_bm25("battery", k=99) == []
    assert len(store.search_bm25("screen", k=99)) == 9
    assert store.search_bm25("zebra", k=9)[0].passage.review_id == "r001"
    assert store.check() == []
    assert index_folder(store) == before
    store.sync(compact=False)
    assert index_folder(store) == before
    inexact = answers(store)
    store.sync()
    assert index_folder(store) != before
    exact = answers(store)
    assert exact != inexact
    store.rebuild()
    assert answers(store) == exact
    assert store.check() == []


def test_a_commit_that_its_manifest_missed_is_not_indexed_twice(store: EmbeddedEngine) -> None:
    """As after a kill between tantivy's commit and the manifest."""
    fill(store)
    store.sync()
    manifest = Path(store.location) / "bm25/manifest.json"
    before = manifest.read_bytes()
    fill(store, 40)
    store.sync()
    expected = answers(store)
    manifest.write_bytes(before)
    with closing(EmbeddedEngine(store.location)) as again:
        assert answers(again) == expected
        assert again.check() == []
    keys = Bm25Index(index_folder(store)).keys()
    assert sorted(keys) == list(range(1, 81))


def test_a_flipped_bit_is_found_and_mended(store: EmbeddedEngine) -> None:
    fill(store)
    store.sync()
    path = next(index_folder(store).glob("*.idx"))
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.write_bytes(data)
    with closing(EmbeddedEngine(store.location)) as again:
        (problem, *_) = again.check()
        assert path.name in problem.what
        assert problem.remedy == f"reviewqa store rebuild --store {store.location}"
        again.rebuild()
        assert again.check() == []


def test_check_tells_what_is_wrong_with_the_truth(store: EmbeddedEngine) -> None:
    fill(store)
    store.sync()
    with closing(sqlite3.connect(Path(store.location) / "reviews.sqlite")) as direct, direct:
        direct.execute("UPDATE passages SET end = 10000 WHERE key = 3")
        direct.execute("UPDATE products SET reviews = 99 WHERE id = 'p1'")
        direct.execute("DELETE FROM passages WHERE key = 7")
    told = " | ".join(problem.what for problem in store.check())
    for part in ("'r002#0000'", "'p1' counts 99", "fingerprint", "1 that do not exist"):
        assert part in told


def test_a_broken_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "reviews.sqlite").write_bytes(b"not a database at all, but long enough" * 100)
    with pytest.raises(StoreCorrupt, match="restore it from a backup"):
        open_engine(tmp_path)


def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    for read_only in (True, False):
        with pytest.raises(StoreNotFound) as refused:
            open_engine(tmp_path / "none", read_only=read_only)
        assert f"reviewqa index SOURCE --store {tmp_path / 'none'}" in str(refused.value)
    assert not (tmp_path / "none").exists()
    with pytest.raises(StoreError, match="no address of a store"):
        open_engine("https://example.org:9200")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot make the store"):
        open_engine(tmp_path / "file", create=True)


def test_a_newer_schema_is_refused(store: EmbeddedEngine) -> None:
    with closing(sqlite3.connect(Path(store.location) / "reviews.sqlite")) as direct, direct:
        direct.execute("PRAGMA user_version = 99")
    for read_only in (True, False):
        with pytest.raises(StoreMismatch, match=r"schema 99.*upgrade reviewqa"):
            EmbeddedEngine(store.location, read_only=read_only)


def test_migrations_are_applied_once_and_in_full(
    store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    steps = (*migrations.MIGRATIONS, "CREATE TABLE added (x); CREATE TABLE broken (x,")
    for module in ("migrations", "database"):
        monkeypatch.setattr(f"indexing.engines.embedded.{module}.MIGRATIONS", steps)
    with pytest.raises(StoreMismatch, match="open it once for writing"):
        EmbeddedEngine(store.location, read_only=True)
    with pytest.raises(StoreError):
        EmbeddedEngine(store.location)
    steps = (*steps[:-1], "CREATE TABLE added (x)")
    for module in ("migrations", "database"):
        monkeypatch.setattr(f"indexing.engines.embedded.{module}.MIGRATIONS", steps)
    for _ in range(2):
        with closing(EmbeddedEngine(store.location)) as migrated:
            assert migrated.info().reviews == 40


@pytest.mark.parametrize("version", range(1, len(migrations.MIGRATIONS)))
def test_a_store_of_each_earlier_schema_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """The data is what the earlier schema's own steps made; nothing of it changes."""
    place = tmp_path / "old"
    with monkeypatch.context() as earlier:
        for module in ("migrations", "database"):
            steps = migrations.MIGRATIONS[:version]
            earlier.setattr(f"indexing.engines.embedded.{module}.MIGRATIONS", steps)
        with closing(EmbeddedEngine(place, create=True)) as old:
            fill(old)
            expected, reviews = answers(old), list(old.review_pages())
            fingerprint = old.fingerprint()
    with pytest.raises(StoreMismatch, match=rf"schema {version} of .*open it once for writing"):
        EmbeddedEngine(place, read_only=True)
    with closing(EmbeddedEngine(place)) as now:
        assert (answers(now), list(now.review_pages())) == (expected, reviews)
        assert now.fingerprint() == fingerprint
        embed(now)
        (review, *_) = reviews[0]
        now.labels.write([Label("q", "why?", review.id, review.text, (((0, 4),),), {})])
        assert now.check() == []
    with closing(EmbeddedEngine(place, read_only=True)) as reader:
        assert (reader.info().vectors, len(list(reader.labels.all()))) == (40, 1)


def test_a_store_of_other_splitter_rules_is_cut_anew(
    store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = Review(id="long", product_id="p", text="One sentence more. " * 100)
    store.write([long])
    before = store.info().passages
    monkeypatch.setattr("indexing.splitter.RULES_VERSION", 999)
    with pytest.raises(StoreMismatch, match="rebuild"):
        fill(store)
    monkeypatch.setattr(splitting, "split", lambda text, _: [(0, len(text))])
    store.rebuild()
    assert store.info().passages == 1 < before
    assert store.check() == []
    assert store.search_bm25("sentence", k=5)[0].passage.text == long.text
    fill(store)


def test_a_store_keeps_the_splitter_it_was_made_with(tmp_path: Path) -> None:
    with closing(
        EmbeddedEngine(tmp_path / "s", create=True, splitter=SplitterSettings(20, 30))
    ) as made:
        made.write([Review(id="a", product_id="p", text="One sentence. Another one. A third.")])
        assert made.info().passages == 3
    with closing(EmbeddedEngine(tmp_path / "s")) as again:
        again.write([Review(id="b", product_id="p", text="Uno sentence. Another two. A third.")])
        assert again.info().passages == 6


def test_read_only_means_read_only(store: EmbeddedEngine) -> None:
    fill(store)
    with closing(EmbeddedEngine(store.location, read_only=True)) as reader:
        for write in (
            lambda: fill(reader),
            lambda: reader.delete(["r001"]),
            reader.rebuild,
            lambda: reader.clear_checkpoint("x"),
        ):
            with pytest.raises(StoreError, match="read-only"):
                write()
        assert reader.check() == []


def test_a_store_on_a_read_only_medium_is_searched_in_memory(
    store: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    expected = answers(store)
    fill(store, 40, 1)
    store.close()
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))
    before = sorted(Path(store.location).rglob("*"))
    with closing(EmbeddedEngine(store.location, read_only=True)) as reader:
        assert answers(reader) != expected
        assert reader.search_bm25("40", k=1)[0].passage.review_id == "r040"
    assert sorted(Path(store.location).rglob("*")) == before
