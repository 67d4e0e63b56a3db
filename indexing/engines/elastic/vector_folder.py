"""An index of a store's vectors in a folder on this machine, beside the server that has the truth.

The server keeps the vectors and says which are still there; the folder finds them. It holds
segments as the embedded engine does, with the same manifest, and is brought up before a search.
Where it cannot be, within a product the server answers, so that those searches are always exact.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from indexing.engines.base import Problem
from indexing.engines.derived import manifest
from indexing.engines.derived.lock import WriterLock
from indexing.engines.derived.vector_forms import Rows
from indexing.engines.derived.vector_index import DerivedVectors, VectorManifest, load
from indexing.engines.derived.vector_ranking import rank
from indexing.engines.derived.vector_segment import Segment
from indexing.engines.elastic import documents, search
from indexing.engines.elastic.indices import Indices
from indexing.engines.elastic.state import States
from indexing.engines.elastic.template import WINDOW
from indexing.engines.elastic.vector_truth import ElasticTruth, index_of, passage_key
from indexing.errors import StoreError, StoreForbidden, StoreMismatch, StoreNotFound
from indexing.records import Hit, Passage

LOCK_NAME = "vectors.lock"
"""No other folder has a file of this name: what else is in one is never touched."""
ALWAYS_WHOLE_UP_TO = 2_000
"""Vectors that are fetched anew whenever there are more."""

Held = tuple[VectorManifest, tuple[Segment, ...]]


class VectorFolder:
    """The vectors of one store in one folder. Safe for threads; one process at a time writes."""

    def __init__(self, path: Path, indices: Indices, states: States) -> None:
        self.path = path
        self._indices = indices
        self._truth = ElasticTruth(indices, states)
        self._lock = WriterLock(path / LOCK_NAME)
        self._opened: _FolderIndex | None = None
        self._held: Held | None = None
        self._following = threading.Lock()
        self._looked: tuple[tuple[int, int] | None, VectorManifest | None] = (None, None)

    def require_ours(self) -> None:
        """Raises :class:`StoreMismatch` for a folder of something else than this store."""
        if reason := self._foreign():
            where = self._indices.location
            raise StoreMismatch(
                f"{self.path} {reason}; run `reviewqa store rebuild --store {where}` to make it "
                "anew, or name another folder"
            )

    def search(self, query: Rows, k: int, product_id: str | None) -> list[Hit] | None:
        """See :class:`indexing.engines.base.VectorEngine`; None where the server has to answer."""
        try:
            return self._search(query, k, product_id)
        except StoreNotFound:  # the passages were made anew a moment ago
            self._truth.latest()
            return self._search(query, k, product_id)

    def sync(self) -> None:
        """Catch up now; raises :class:`StoreBusy` while another process does for long."""
        self.require_ours()
        with self._writing() as index:
            index.sync()

    def rebuild(self) -> None:
        """Make it anew, whatever was in it before."""
        with self._writing() as index:
            index.rebuild()

    def problems(self) -> list[Problem]:
        """What is wrong with it."""
        remedy = f"reviewqa store rebuild --store {self._indices.location}"
        if reason := self._foreign():
            return [Problem(f"{self.path} {reason}", remedy)]
        self._followed()
        found = self._opened.problems() if self._opened else iter(())
        return [Problem(f"{self.path}: {what}", remedy) for what in found]

    def _search(self, query: Rows, k: int, product_id: str | None) -> list[Hit] | None:
        self.require_ours()
        self._indices.refresh(self._indices.passages)
        held = self._followed()
        here = self._truth.moment()
        if held is None or here is None or held[0].generation != here.generation:
            return None
        if product_id is not None and not held[0].covers(here):
            return None
        return self._ranked(held, query, k, product_id)

    def _foreign(self) -> str:
        """Why the folder is not this store's; empty if it is."""
        found = self._manifest()
        if found is None:
            return ""
        here = self._truth.moment()
        if here is not None and found.encoder != here.encoder:
            here = self._truth.latest()  # another process may have changed both just now
        if found.store_id != self._truth.store_id:
            return f"holds the vectors of another store than {self._indices.location}"
        if here is not None and found.encoder != here.encoder:
            return f"holds vectors of encoder {found.encoder}, the store's are of {here.encoder}"
        return ""

    def _manifest(self) -> VectorManifest | None:
        stamp = manifest.stamp(self.path)
        if stamp is None:
            return None
        if self._looked[0] != stamp:
            self._looked = (stamp, load(self.path))
        return self._looked[1]

    def _followed(self) -> Held | None:
        """The index, brought up unless another thread or process is at it."""
        if self._following.acquire(blocking=False):
            try:
                index = self._index()
                index.current()
                self._held = index.held()
            except StoreForbidden:  # a reader that may refresh nothing takes what there is
                self._held = self._opened.held() if self._opened else None
            finally:
                self._following.release()
        return self._held

    @contextmanager
    def _writing(self) -> Iterator[_FolderIndex]:
        with self._following:
            index = self._index()
            try:
                with self._lock.holding(self._indices.server.settings.write_patience):
                    yield index
            except OSError as error:
                raise StoreError(f"{self.path} cannot be written: {error}") from error
            self._held = index.held()

    def _index(self) -> _FolderIndex:
        if self._opened is None:
            self._make_folder()
            writable = os.access(self.path, os.W_OK)
            self._opened = _FolderIndex(self.path, self._truth, self._lock, writable=writable)
        return self._opened

    def _make_folder(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            names = {path.name for path in self.path.iterdir()}
        except OSError as error:
            raise StoreError(f"{self.path} is no folder for vectors: {error}") from error
        if names and LOCK_NAME not in names:
            raise StoreError(
                f"{self.path} holds something else than vectors ({min(names)}, for one); name a "
                "folder that is empty or not there yet"
            )

    def _ranked(self, held: Held, query: Rows, k: int, product_id: str | None) -> list[Hit]:
        known, segments = held
        passages: dict[int, Passage] = {}

        def live(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
            found = self._found(known, pairs)
            passages.update({key: passage for (_, key), passage in found.items()})
            return {pair: passage.id for pair, passage in found.items()}

        ranked = rank(segments, query, k, product_id, live)
        hits = [Hit(passages[one.passage], one.score) for one in ranked]
        if product_id is not None and len(hits) < k:
            hits.extend(self._others(product_id, hits, k))
        return hits

    def _found(
        self, known: VectorManifest, pairs: Sequence[tuple[int, int]]
    ) -> Mapping[tuple[int, int], Passage]:
        """The passages whose documents still have these numbers, by number and key."""
        found = {}
        at_once = WINDOW // len(known.reached)  # any shard may have a document of a number
        for begin in range(0, len(pairs), at_once):
            some = set(pairs[begin : begin + at_once])
            for hit in self._hits(index_of(known.generation), {number for number, _ in some}):
                passage = documents.passage_from(hit["_source"])
                pair = (hit["_seq_no"], passage_key(passage.id))
                if pair in some:
                    found[pair] = passage
        return found

    def _hits(self, index: str, numbers: set[int]) -> list[Mapping[str, Any]]:
        answer = self._indices.search(
            index,
            query={"bool": {"filter": [{"terms": {"_seq_no": sorted(numbers)}}]}},
            size=WINDOW,
            source_includes=list(documents.PASSAGE_FIELDS),
            seq_no_primary_term=True,
            track_total_hits=False,
        )
        hits: list[Mapping[str, Any]] = answer["hits"]["hits"]
        return hits

    def _others(self, product_id: str, hits: Sequence[Hit], k: int) -> Iterator[Hit]:
        """The product's passages without a vector, all with the last score."""
        least = min((hit.score for hit in hits), default=0.0)
        seen, wanted = {hit.passage.id for hit in hits}, k - len(hits)
        for passage in search.passages_of(self._indices, product_id):
            if wanted <= 0:
                return
            if passage.id not in seen:
                wanted -= 1
                yield Hit(passage, least)


class _FolderIndex(DerivedVectors):
    """What cannot be written is used as it is: the server answers for the rest."""

    def held(self) -> Held | None:
        """The index and its manifest, without a look at the truth."""
        with self._mutex:
            if self._manifest is None or self._index is None:
                return None
            return self._manifest, self._index

    def _always_whole_up_to(self) -> int:
        return ALWAYS_WHOLE_UP_TO

    def _build_in_memory(self) -> None:
        pass
