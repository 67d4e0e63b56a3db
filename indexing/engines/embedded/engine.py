"""The embedded engine: SQLite holds the truth, tantivy finds passages in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from indexing.engines import arguments
from indexing.engines.arguments import Matrix, encodable
from indexing.engines.base import Labels, Problem, StoreInfo, VectorSpace, WriteReport
from indexing.engines.derived.index import IndexUnusable
from indexing.engines.derived.lock import WriterLock
from indexing.engines.derived.vector_index import DerivedVectors
from indexing.engines.embedded import (
    check,
    checkpoints,
    corpus,
    search,
    splitting,
    vector_search,
    vectors,
)
from indexing.engines.embedded.batch import BatchWriter
from indexing.engines.embedded.database import FILE_NAME, Database
from indexing.engines.embedded.derived_bm25 import DerivedBm25
from indexing.engines.embedded.documents import Documents
from indexing.engines.embedded.labels import StoredLabels
from indexing.engines.embedded.removal import record_removal
from indexing.engines.embedded.rows import select_in
from indexing.engines.embedded.vector_truth import SqliteTruth
from indexing.engines.prepared import Prepared, prepare
from indexing.errors import NoVectors, StoreCorrupt, StoreError, StoreNotFound
from indexing.records import Hit, Passage, ProductSummary, Review
from indexing.splitter import SplitterSettings

LOCK_NAME, VECTORS_NAME = "writer.lock", "vectors"
_WRITE_WAIT_SECONDS = 5.0


class EmbeddedEngine:
    """A store in a folder. Safe for threads; one process writes, any number read meanwhile."""

    def __init__(
        self,
        folder: str | Path,
        *,
        read_only: bool = False,
        create: bool = False,
        splitter: SplitterSettings | None = None,
    ) -> None:
        """``splitter`` is for new stores; one that exists keeps the settings it was made with.

        Raises :class:`StoreNotFound`, :class:`StoreMismatch` or :class:`StoreCorrupt`.
        """
        self._folder = Path(folder)
        self._read_only = read_only
        self._find(create and not read_only)
        self._lock = WriterLock(self._folder / LOCK_NAME)
        self._database = Database(self._folder, read_only=read_only)
        self._prepare(splitter)
        self._bm25 = DerivedBm25(self._folder, self._database, self._lock)
        self.documents = Documents(self._database, self._transaction)
        self._labels = StoredLabels(self._database, self._transaction)
        self._vectors = vectors.StoredVectors(self._database, self._transaction)
        self._vector_index = DerivedVectors(
            self._folder / VECTORS_NAME,
            SqliteTruth(self._database),
            self._lock,
            writable=os.access(self._folder, os.W_OK),
        )

    @property
    def name(self) -> str:
        return "embedded"

    @property
    def location(self) -> str:
        return str(self._folder)

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def shares_writing(self) -> bool:
        return False

    @property
    def labels(self) -> Labels:
        return self._labels

    @contextmanager
    def exclusive(self, timeout: float = 0.0) -> Iterator[None]:
        """Keep other writers out for the whole block; raises :class:`StoreBusy`."""
        self._refuse_read_only()
        with self._lock.holding(timeout):
            yield

    def write(self, reviews: Sequence[Review]) -> WriteReport:
        return self.write_prepared([prepare(review) for review in reviews])

    def write_checkpointed(
        self,
        reviews: Sequence[Review],
        name: str,
        make_state: Callable[[WriteReport], Mapping[str, Any]],
    ) -> WriteReport:
        """Like :meth:`write`; the state made from its report is stored in the same transaction."""
        return self.write_prepared([prepare(review) for review in reviews], (name, make_state))

    def restore(self, reviews: Sequence[Review]) -> WriteReport:
        return self.write_prepared([prepare(review) for review in reviews], keep_duplicates=True)

    def review_pages(self) -> Iterator[list[Review]]:
        after = 0
        while True:
            with self._database.reading() as connection:
                page, after = corpus.review_page(connection, after)
            if not page:
                return
            yield page

    def write_prepared(
        self,
        batch: Sequence[Prepared],
        checkpoint: tuple[str, Callable[[WriteReport], Mapping[str, Any]]] | None = None,
        *,
        keep_duplicates: bool = False,
    ) -> WriteReport:
        """:meth:`write` for what :func:`prepare` has made, perhaps with spans of its own."""
        with self._transaction() as connection:
            state = corpus.state(connection)
            settings = splitting.settings_for_writing(state.splitter, self.location)
            writer = BatchWriter(connection, state, settings, keep_duplicates=keep_duplicates)
            report = writer.write(batch)
            writer.finish(state)
            if checkpoint:
                name, make_state = checkpoint
                checkpoints.save(connection, name, make_state(report))
            return report

    def delete(self, review_ids: Sequence[str]) -> int:
        return self._delete(review_ids, None)

    def delete_checkpointed(
        self, review_ids: Sequence[str], name: str, make_state: Callable[[int], Mapping[str, Any]]
    ) -> int:
        """Like :meth:`delete`; the state is stored in the same transaction."""
        return self._delete(review_ids, (name, make_state))

    def load_checkpoint(self, name: str) -> dict[str, Any] | None:
        with self._database.reading() as connection:
            return checkpoints.load(connection, name)

    def clear_checkpoint(self, name: str) -> None:
        with self._transaction() as connection:
            checkpoints.clear(connection, name)

    def review(self, review_id: str) -> Review | None:
        return self.reviews([review_id]).get(review_id)

    def reviews(self, review_ids: Sequence[str]) -> dict[str, Review]:
        with self._database.reading() as connection:
            return corpus.reviews(connection, encodable(review_ids))

    def product(self, product_id: str) -> ProductSummary | None:
        with self._database.reading() as connection:
            found = [corpus.product(connection, name) for name in encodable([product_id])]
            return found[0] if found else None

    def products(
        self, query: str | None = None, *, limit: int = 20, offset: int = 0
    ) -> list[ProductSummary]:
        if query is not None and not encodable([query]):
            return []
        with self._database.reading() as connection:
            return corpus.products(
                connection, query, min(max(limit, 0), 1 << 62), min(max(offset, 0), 1 << 62)
            )

    def passages(self, product_id: str) -> Iterator[Passage]:
        after: str | None = None
        for name in encodable([product_id]):
            while True:
                with self._database.reading() as connection:
                    page, after = corpus.product_page(connection, name, after)
                yield from (passage for _, passage in page)
                if after is None:
                    return

    def search_bm25(
        self, query: str, *, k: int, product_id: str | None = None, phrase_boost: float = 0.0
    ) -> list[Hit]:
        """As the contract says; raises :class:`IndexingError` for ``k`` or boost."""
        arguments.require_positive(k)
        arguments.require_boost(phrase_boost)
        if product_id is not None and not encodable([product_id]):
            return []
        try:
            return self._search(query, k, product_id, phrase_boost)
        except IndexUnusable:
            self._bm25.distrust()
        try:
            return self._search(query, k, product_id, phrase_boost)
        except IndexUnusable as error:
            raise StoreCorrupt(
                f"the BM25 index of {self.location} cannot be read ({error}); "
                f"run `reviewqa store rebuild --store {self.location}`"
            ) from error

    def vector_space(self) -> VectorSpace | None:
        return self._vectors.space()

    def put_vectors(self, space: VectorSpace, passage_ids: Sequence[str], rows: Any) -> int:
        return self._vectors.put(space, passage_ids, rows)

    def vectors_of(self, passage_ids: Sequence[str]) -> dict[str, Matrix]:
        return self._vectors.of(encodable(passage_ids))

    def clear_vectors(self) -> None:
        self._vectors.clear()

    def passages_without_vectors(self) -> Iterator[list[Passage]]:
        return self._vectors.without()

    def count_without_vectors(self) -> int:
        return self._vectors.count_without()

    def search_vectors(
        self, vector: Any, *, k: int, product_id: str | None = None, encoder: str | None = None
    ) -> list[Hit]:
        """As the contract says; raises :class:`IndexingError` for ``k < 1``."""
        arguments.require_positive(k)
        space = self.vector_space()
        if space is None:
            raise NoVectors(
                f"{self.location} has no vectors to search; make them with "
                f"`reviewqa store embed --store {self.location}`"
            )
        arguments.refuse_other(space, encoder, len(vector), self.location)
        (query,) = arguments.checked_rows([vector], 1, space.dimension)
        if product_id is not None and not encodable([product_id]):
            return []
        segments = self._vector_index.current()
        with self._database.reading() as connection:
            return vector_search.by_vector(connection, segments, query, k, product_id)

    def info(self) -> StoreInfo:
        with self._database.reading() as connection:
            state = corpus.state(connection)
            reviews, passages, products = corpus.counts(connection)
            known, embedded = vectors.recorded(connection), vectors.count(connection)
        return StoreInfo(
            engine=self.name,
            location=self.location,
            reviews=reviews,
            passages=passages,
            products=products,
            revision=state.revision,
            fingerprint=f"{state.fingerprint:016x}",
            bytes_on_disk=_size(self._folder),
            vectors=embedded,
            encoder=f"{known.space.name} ({known.space.encoder})" if known else "",
        )

    def fingerprint(self) -> str:
        with self._database.reading() as connection:
            return f"{corpus.state(connection).fingerprint:016x}"

    def probe(self) -> None:
        self.fingerprint()

    def check(self) -> list[Problem]:
        try:
            self._bm25.current()
        except IndexUnusable:
            self._bm25.distrust()
        self._vector_index.current()
        with self._database.reading() as connection:
            return check.problems(connection, self._bm25, self._vector_index, self.location)

    def sync(self, *, compact: bool = True) -> None:
        """Bring the derived indexes up to the truth now instead of before the next search."""
        with self.exclusive(_WRITE_WAIT_SECONDS):
            self._bm25.sync(compact=compact)
            self._vector_index.sync()

    def rebuild(self) -> None:
        """Make the indexes anew; where the splitter's rules have changed, cut all reviews anew."""
        with self.exclusive(_WRITE_WAIT_SECONDS):
            with self._database.writing() as connection:
                splitting.resplit_if_outdated(connection)
            self._bm25.rebuild()
            self._vector_index.rebuild()

    def close(self) -> None:
        self._database.close()

    def _search(self, query: str, k: int, product_id: str | None, phrase_boost: float) -> list[Hit]:
        index = self._bm25.current()
        with self._database.reading() as connection:
            return search.bm25(connection, index, query, k, product_id, phrase_boost)

    def _delete(
        self,
        review_ids: Sequence[str],
        checkpoint: tuple[str, Callable[[int], Mapping[str, Any]]] | None,
    ) -> int:
        with self._transaction() as connection:
            sql = "SELECT key FROM reviews WHERE id IN ({marks})"
            ids = dict.fromkeys(encodable(review_ids))
            keys = [row[0] for row in select_in(connection, sql, ids)]
            record_removal(connection, reviews=keys)
            if checkpoint:
                name, make_state = checkpoint
                checkpoints.save(connection, name, make_state(len(keys)))
            return len(keys)

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self.exclusive(_WRITE_WAIT_SECONDS), self._database.writing() as connection:
            yield connection

    def _find(self, create: bool) -> None:
        if (self._folder / FILE_NAME).is_file():
            return
        if not create:
            raise StoreNotFound(
                f"there is no store at {self._folder}; "
                f"make one with `reviewqa index SOURCE --store {self._folder}`"
            )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the store {self._folder}: {error}") from error

    def _prepare(self, splitter: SplitterSettings | None) -> None:
        if self._database.is_ready():
            return
        if self._read_only:
            self._database.refuse_unready()
        with self._lock.holding(_WRITE_WAIT_SECONDS):
            self._database.prepare()
            with self._database.writing() as connection:
                splitting.adopt(connection, splitter)

    def _refuse_read_only(self) -> None:
        if self._read_only:
            raise StoreError(f"{self.location} was opened read-only; open it for writing")


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total
