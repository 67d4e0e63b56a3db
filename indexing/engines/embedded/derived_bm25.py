"""Keeps the BM25 index in step with the truth: opens, catches up, rebuilds, gives up gracefully."""

from __future__ import annotations

import os
import uuid
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

from indexing.engines.derived import manifest
from indexing.engines.derived.checksums import checksums
from indexing.engines.derived.index import Derived, IndexUnusable
from indexing.engines.derived.lock import WriterLock
from indexing.engines.embedded import analyzer, corpus
from indexing.engines.embedded.bm25_index import Bm25Index
from indexing.engines.embedded.database import Database
from indexing.engines.embedded.manifest import Manifest, load

FOLDER_NAME = "bm25"
EXACT_UP_TO = 50_000
COMPACTED_UP_TO = 2_000_000
LARGEST_DEAD_SHARE = 0.05
"""Removed passages are never found, but weigh in tantivy's term statistics until a rebuild.

Stores of up to ``EXACT_UP_TO`` passages are rebuilt after every removal; those of up to
``COMPACTED_UP_TO`` at the end of an ingest (some 20 seconds a million passages); any store when
this share of it is dead. Until then scores differ by the removed passages' small part.
"""


class DerivedBm25(Derived[Bm25Index, Manifest]):
    """The BM25 index of one store; see :class:`Derived`."""

    def __init__(self, store: Path, database: Database, lock: WriterLock) -> None:
        super().__init__(store / FOLDER_NAME, lock, writable=os.access(store, os.W_OK))
        self._database = database

    def sync(self, *, compact: bool) -> None:
        """Catch up now; with ``compact`` leave no trace of removed passages in the statistics.

        The caller holds the writer lock.
        """
        with self._mutex:
            self._look_at_disk()
            self._catch_up(COMPACTED_UP_TO if compact else EXACT_UP_TO)

    def rebuild(self) -> None:
        """Build a new index beside the old one and switch over. The caller holds the lock."""
        with self._mutex, self._database.reading() as connection:
            state = corpus.state(connection)
            name = f"{state.revision}-{uuid.uuid4().hex[:8]}"
            folder = self._folder / name
            folder.mkdir(parents=True)
            index = Bm25Index(folder)
            index.update(corpus.indexable(connection, 0), [])
            self._adopt(index, Manifest(state.store_id, name, state.revision, analyzer.FINGERPRINT))
            self._remove_other_folders([name])

    @property
    def index_folder(self) -> Path | None:
        return self._folder / self._manifest.folder if self._manifest else None

    def _target(self) -> int:
        with self._database.reading() as connection:
            return corpus.revision(connection)

    def _covers(self, known: Manifest, target: Hashable) -> bool:
        return known.revision == target

    def _empty(self) -> Bm25Index:
        return Bm25Index(None)

    def _load(self) -> Manifest | None:
        return load(self._folder)

    def _follow(self) -> None:
        self._catch_up(EXACT_UP_TO)

    def _open(self, found: Manifest) -> None:
        if self._index is not None and self._manifest and self._manifest.folder == found.folder:
            self._index.reload()
        else:
            folder = self._folder / found.folder
            if not Bm25Index.exists(folder) or _cut_short(folder, found):
                raise IndexUnusable(f"{folder} is incomplete")
            self._index = Bm25Index(folder)
        self._manifest = found

    def _fits(self, found: Manifest) -> bool:
        with self._database.reading() as connection:
            state = corpus.state(connection)
        return (
            found.store_id == state.store_id
            and found.analyzer == analyzer.FINGERPRINT
            and found.revision <= state.revision
        )

    def _catch_up(self, exact_up_to: int) -> None:
        if self._index is None or self._manifest is None:
            self.rebuild()
            return
        try:
            self._apply_changes(self._index, self._manifest, exact_up_to)
        except IndexUnusable:
            self.rebuild()

    def _apply_changes(self, index: Bm25Index, known: Manifest, exact_up_to: int) -> None:
        with self._database.reading() as connection:
            state = corpus.state(connection)
            highest = index.highest_key()
            gone = corpus.removed_since(connection, known.revision)
            removed = [key for key in gone if key <= highest]
            dead = known.dead + len(removed)
            live = corpus.counts(connection)[1]
            if dead and (live <= exact_up_to or dead > LARGEST_DEAD_SHARE * live):
                self.rebuild()
                return
            if state.revision == known.revision:
                return
            index.update(corpus.indexable(connection, highest), removed)
            self._adopt(index, replace(known, revision=state.revision, dead=dead))

    def _adopt(self, index: Bm25Index, made: Manifest) -> None:
        folder = self._folder / made.folder
        made = replace(made, passages=index.count, files=checksums(folder, made.files))
        manifest.save(self._folder, made)
        self._index, self._manifest = index, made
        self._stamp = manifest.stamp(self._folder)

    def _build_in_memory(self) -> None:
        with self._database.reading() as connection:
            state = corpus.state(connection)
            index = Bm25Index(None)
            index.update(corpus.indexable(connection, 0), [])
        self._index = index
        self._manifest = Manifest(state.store_id, "", state.revision, analyzer.FINGERPRINT)


def _cut_short(folder: Path, found: Manifest) -> bool:
    """Whether a file is not as long as it was written; lists (``*.json``) do change."""
    for name, (size, _) in found.files.items():
        path = folder / name
        if path.suffix != ".json" and path.exists() and path.stat().st_size != size:
            return True
    return False
