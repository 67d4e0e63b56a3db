"""The elasticsearch engine: many machines ask and write one store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from indexing.engines import arguments
from indexing.engines.arguments import Matrix, encodable
from indexing.engines.base import Labels, Problem, StoreInfo, VectorSpace, WriteReport
from indexing.engines.elastic import check, search
from indexing.engines.elastic.address import parse
from indexing.engines.elastic.documents import findable
from indexing.engines.elastic.indices import Indices
from indexing.engines.elastic.labels import StoredLabels
from indexing.engines.elastic.lock import RebuildLock
from indexing.engines.elastic.rebuild import rebuild
from indexing.engines.elastic.reviews import Reviews
from indexing.engines.elastic.server import Server
from indexing.engines.elastic.settings import (
    LOADING_REFRESH,
    ElasticSettings,
    from_environment,
)
from indexing.engines.elastic.state import States
from indexing.engines.elastic.template import LONGEST_TITLE
from indexing.engines.elastic.vector_folder import VectorFolder
from indexing.engines.elastic.vectors import Vectors
from indexing.engines.elastic.writer import Checkpoint, Writer
from indexing.errors import StoreError
from indexing.records import Hit, Passage, ProductSummary, Review
from indexing.splitter import SplitterSettings

COMPACTED_UP_TO = 20_000
"""Removed passages are never found, but weigh in the server's term statistics until it merges
them away, which it does by and by. The end of an ingest makes an index of up to so many passages
anew; for a larger one the server is asked to merge."""


class ElasticEngine:
    """A store on an Elasticsearch server. Safe for threads; any number of processes may write."""

    def __init__(
        self,
        location: str,
        *,
        read_only: bool = False,
        create: bool = False,
        splitter: SplitterSettings | None = None,
        settings: ElasticSettings | None = None,
    ) -> None:
        """``splitter`` is for new stores; one that exists keeps the settings it was made with.

        Raises :class:`StoreError` or one of its kinds.
        """
        address = parse(location)
        self._read_only = read_only
        self._settings = settings or from_environment()
        self._server = Server(address, self._settings)
        self._indices = Indices(self._server, address)
        self._states = States(self._indices)
        self._reviews = Reviews(self._indices)
        self._labels = StoredLabels(self._indices, self._reviews)
        self._beside = (
            VectorFolder(Path(address.vectors), self._indices, self._states)
            if address.vectors
            else None
        )
        self._vectors = Vectors(self._indices, self._states, self._beside)
        self._lock = RebuildLock(self._indices)
        self._writer = Writer(self._indices, self._states, self._lock)
        try:
            self._open(create and not read_only, splitter)
        except BaseException:
            self._server.close()
            raise

    @property
    def name(self) -> str:
        return "elasticsearch"

    @property
    def location(self) -> str:
        return self._indices.location

    @property
    def folder(self) -> Path:
        """The working directory: a server takes no files."""
        return Path()

    @property
    def shares_writing(self) -> bool:
        return True

    @property
    def labels(self) -> Labels:
        return self._labels

    @contextmanager
    def exclusive(self, timeout: float = 0.0) -> Iterator[None]:
        """Loads go on side by side here; this one spares the server its refreshes meanwhile."""
        self._refuse_read_only()
        if self._beside is not None:
            self._beside.require_ours()
        self._indices.settings({"refresh_interval": LOADING_REFRESH})
        try:
            yield
        finally:
            self._indices.settings({"refresh_interval": self._settings.refresh})

    def write(self, reviews: Sequence[Review]) -> WriteReport:
        return self._write(reviews, None)

    def write_checkpointed(
        self,
        reviews: Sequence[Review],
        name: str,
        make_state: Callable[[WriteReport], Mapping[str, Any]],
    ) -> WriteReport:
        return self._write(reviews, (name, make_state))

    def restore(self, reviews: Sequence[Review]) -> WriteReport:
        return self._write(reviews, None, keep_duplicates=True)

    def review_pages(self) -> Iterator[list[Review]]:
        return self._reviews.pages()

    def delete(self, review_ids: Sequence[str]) -> int:
        return self._delete(review_ids, None)

    def delete_checkpointed(
        self, review_ids: Sequence[str], name: str, make_state: Callable[[int], Mapping[str, Any]]
    ) -> int:
        return self._delete(review_ids, (name, make_state))

    def load_checkpoint(self, name: str) -> dict[str, Any] | None:
        with self._server.patiently():
            return self._states.load_checkpoint(name)

    def clear_checkpoint(self, name: str) -> None:
        self._refuse_read_only()
        self._states.clear_checkpoint(name)

    def review(self, review_id: str) -> Review | None:
        return self.reviews([review_id]).get(review_id)

    def reviews(self, review_ids: Sequence[str]) -> dict[str, Review]:
        return self._reviews.get(encodable(review_ids))

    def product(self, product_id: str) -> ProductSummary | None:
        found = [self._reviews.product(name) for name in findable([product_id])]
        return found[0] if found else None

    def products(
        self, query: str | None = None, *, limit: int = 20, offset: int = 0
    ) -> list[ProductSummary]:
        if query is not None and (not encodable([query]) or len(query) > LONGEST_TITLE):
            return []
        return self._reviews.products(query, limit, max(offset, 0))

    def passages(self, product_id: str) -> Iterator[Passage]:
        for name in findable([product_id]):
            yield from search.passages_of(self._indices, name)

    def search_bm25(
        self, query: str, *, k: int, product_id: str | None = None, phrase_boost: float = 0.0
    ) -> list[Hit]:
        arguments.require_positive(k)
        arguments.require_boost(phrase_boost)
        self._indices.require_fit()
        if product_id is not None and not findable([product_id]):
            return []
        whole = self._settings.shards > 1
        return search.bm25(self._indices, query, k, product_id, phrase_boost, whole)

    def vector_space(self) -> VectorSpace | None:
        return self._states.current().space

    def put_vectors(self, space: VectorSpace, passage_ids: Sequence[str], rows: Any) -> int:
        self._indices.require_fit()
        with self._writing():
            rebuilds = self._lock.wait()
            stored = self._vectors.put(space, passage_ids, rows)
            if self._lock.wait() != rebuilds:  # those that went to the old index are put again
                stored = self._vectors.put(space, passage_ids, rows)
            return stored

    def vectors_of(self, passage_ids: Sequence[str]) -> dict[str, Matrix]:
        return self._vectors.of(encodable(passage_ids))

    def clear_vectors(self) -> None:
        with self._writing():
            self._vectors.clear()
            self._follow()

    def passages_without_vectors(self) -> Iterator[list[Passage]]:
        return self._vectors.missing()

    def count_without_vectors(self) -> int:
        return self._vectors.count_missing()

    def search_vectors(
        self, vector: Any, *, k: int, product_id: str | None = None, encoder: str | None = None
    ) -> list[Hit]:
        arguments.require_positive(k)
        self._indices.require_fit()
        if product_id is not None and not findable([product_id]):
            return []
        return self._vectors.search(vector, k, product_id, encoder)

    def info(self) -> StoreInfo:
        totals, state = self._reviews.totals(), self._states.read()
        revision, size = self._indices.measured()
        space = state.space
        return StoreInfo(
            engine=self.name,
            location=self.location,
            reviews=totals.reviews,
            passages=totals.passages,
            products=totals.products,
            revision=revision,
            fingerprint=f"{totals.fingerprint:016x}",
            bytes_on_disk=size,
            vectors=self._vectors.count(state),
            encoder=f"{space.name} ({space.encoder})" if space else "",
        )

    def fingerprint(self) -> str:
        return f"{self._reviews.fingerprint():016x}"

    def probe(self) -> None:
        self._indices.require_fit()
        self._indices.probe()
        if self._beside is not None:
            self._beside.require_ours()

    def check(self) -> list[Problem]:
        found = check.problems(self._indices)
        if self._beside is not None and not self._indices.unfit:
            found += self._beside.problems()
        return found

    def sync(self, *, compact: bool = True) -> None:
        with self._writing():
            self._indices.force_refresh(self._indices.truth, self._indices.passages)
            if compact:
                self._compact()
            self._follow()

    def rebuild(self) -> None:
        with self._writing():
            rebuild(self._indices, self._states, self._lock)
            if self._beside is not None:
                self._beside.rebuild()

    def drop(self) -> None:
        """Delete the store and all that is in it."""
        self._refuse_read_only()
        self._indices.drop()

    def close(self) -> None:
        self._server.close()

    def _compact(self) -> None:
        live, dead = self._indices.counted()
        if dead and live <= COMPACTED_UP_TO:
            rebuild(self._indices, self._states, self._lock)
        elif dead:
            self._indices.purge()

    def _follow(self) -> None:
        if self._beside is not None:
            self._beside.sync()

    def _delete(self, review_ids: Sequence[str], checkpoint: Checkpoint | None) -> int:
        with self._writing():
            return self._writer.delete(encodable(dict.fromkeys(review_ids)), checkpoint)

    def _write(
        self,
        reviews: Sequence[Review],
        checkpoint: Checkpoint | None,
        *,
        keep_duplicates: bool = False,
    ) -> WriteReport:
        with self._writing():
            return self._writer.write(reviews, checkpoint, keep_duplicates=keep_duplicates)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._refuse_read_only()
        with self._server.patiently():
            yield

    def _open(self, create: bool, splitter: SplitterSettings | None) -> None:
        self._server.require_version()
        self._indices.open(create=create)
        if not self._read_only:
            self._states.adopt(splitter)
        self._indices.mend(writing=not self._read_only)

    def _refuse_read_only(self) -> None:
        if self._read_only:
            raise StoreError(f"{self.location} was opened read-only; open it for writing")
