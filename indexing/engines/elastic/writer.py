"""Writes batches of reviews: first the passages, then the review, which makes them count.

Whatever moment a process or a server dies at, a review in the truth has all its passages: a
batch that was cut short is completed by writing it again, and nothing comes out twice, since
every id is computed from the review's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from indexing.engines.base import Refused, WriteReport
from indexing.engines.decisions import Decisions, Known
from indexing.engines.elastic import bulk, documents, lock
from indexing.engines.elastic.bulk import Action
from indexing.engines.elastic.documents import REVIEW
from indexing.engines.elastic.indices import Indices
from indexing.engines.elastic.lock import RebuildLock
from indexing.engines.elastic.near_cache import NearCache
from indexing.engines.elastic.state import States
from indexing.engines.elastic.template import WINDOW
from indexing.engines.prepared import Prepared, passage_id, prepare
from indexing.records import Review

Checkpoint = tuple[str, Callable[[Any], Mapping[str, Any]]]


class Writer:
    """Changes the truth and the passages of one store."""

    def __init__(self, indices: Indices, states: States, rebuild_lock: RebuildLock) -> None:
        self._indices = indices
        self._states = states
        self._lock = rebuild_lock
        self._near = NearCache(self._simhashes)

    def write(
        self,
        reviews: Sequence[Review],
        checkpoint: Checkpoint | None,
        *,
        keep_duplicates: bool = False,
    ) -> WriteReport:
        """See :meth:`indexing.engines.base.IngestEngine.write_checkpointed`."""
        batch = [prepare(review) for review in reviews]
        self._indices.require_fit()
        stored, rebuilds = self._stored([item.review.id for item in batch])
        known = {name: documents.known_from(source) for name, source in stored.items()}
        fresh = [item for item in batch if not _is_unchanged(item, known)]
        near = self._near.take(_products(fresh, known))
        decisions = Decisions(
            known,
            self._text_counts(fresh, known),
            {name: lent.group for name, lent in near.items()},
            self._states.for_writing().settings,
            keep_duplicates=keep_duplicates,
        )
        final = {item.review.id: item for item in batch if decisions.take(item)}
        report = WriteReport.of(decisions.tally)
        # Asked before anything is written, so that one that fails leaves nothing.
        state = checkpoint[1](report) if checkpoint else None
        refused = self._store(final, stored)
        if refused:
            report = _without(report, refused, stored)
            state = checkpoint[1](report) if checkpoint else None
        else:
            self._near.give_back(near)
        if final and self._lock.wait() != rebuilds:
            self._restore(_sizes(final, stored))
        if checkpoint and state is not None:
            self._states.save_checkpoint(checkpoint[0], state)
        return report

    def delete(self, review_ids: Sequence[str], checkpoint: Checkpoint | None) -> int:
        """See :meth:`indexing.engines.base.IngestEngine.delete_checkpointed`."""
        self._indices.require_fit()
        self._near.clear()
        stored, rebuilds = self._stored(review_ids)
        state = checkpoint[1](len(stored)) if checkpoint else None
        counts = {name: source["passages"] for name, source in stored.items()}
        self._run(
            Action("delete", self._indices.passages, documents.passage_document_id(passage))
            for name, count in counts.items()
            for passage in _ids(name, 0, count)
        )
        self._run(
            Action("delete", self._indices.truth, documents.document_id(REVIEW, name))
            for name in stored
        )
        if stored and self._lock.wait() != rebuilds:
            self._restore(counts)
        if checkpoint and state is not None:
            self._states.save_checkpoint(checkpoint[0], state)
        return len(stored)

    def _stored(self, ids: Collection[str]) -> tuple[dict[str, dict[str, Any]], int]:
        """What decides about the reviews that are there, by id, and the count of rebuilds.

        Raises :class:`StoreBusy`.
        """
        keys = {documents.document_id(REVIEW, name): name for name in ids}
        fields = [*documents.DECIDING_FIELDS, *lock.FIELDS]
        found = self._indices.get(self._indices.truth, [lock.ID, *keys], fields)
        held = found.pop(lock.ID, None)
        rebuilds = self._lock.wait_after(held)
        return {keys[key]: source for key, source in found.items()}, rebuilds

    def _text_counts(self, batch: Sequence[Prepared], known: Mapping[str, Known]) -> Counter[bytes]:
        """How many stored reviews have each of the texts that this batch brings or replaces."""
        wanted = {item.text_hash for item in batch if item.text_hash}
        wanted.update(one.text for one in known.values() if one.text)
        found = self._columns("text_hash", sorted(text.hex() for text in wanted), ["text_hash"])
        return Counter(bytes.fromhex(text) for (text,) in found)

    def _simhashes(self, products: Sequence[str]) -> Iterator[tuple[str, int]]:
        """Product and SimHash of the products' reviews, those too short for one left out."""
        found = self._columns("product_id", documents.findable(products), ["product_id", "simhash"])
        return ((row[0], row[1]) for row in found if len(row) == 2)

    def _columns(
        self, field: str, values: Sequence[str], columns: Sequence[str]
    ) -> Iterator[list[Any]]:
        """Columns of all reviews with one of the values; of a lacking one there is none."""
        for at in range(0, len(values), WINDOW):
            some = {"terms": {field: list(values[at : at + WINDOW])}}
            query = {"bool": {"filter": [{"term": {"kind": REVIEW}}, some]}}
            for hits in self._indices.scan(
                self._indices.truth,
                query,
                size=WINDOW,
                source=False,
                docvalue_fields=list(columns),
                filter_path="hits.hits.fields,hits.hits.sort",
            ):
                for hit in hits:
                    fields = hit["fields"]
                    yield [fields[name][0] for name in columns if name in fields]

    def _store(
        self, final: Mapping[str, Prepared], stored: Mapping[str, dict[str, Any]]
    ) -> list[Refused]:
        """Returns the reviews that the server would not take, which are as they were before."""
        reasons = self._store_passages(final, stored)
        good = {name: item for name, item in final.items() if name not in reasons}
        report = self._run(
            Action("index", self._indices.truth, key, documents.review_document(item))
            for key, item in _keyed(good)
        )
        for key, item in _keyed(good):
            if key in report.refused:
                reasons[item.review.id] = report.refused[key]
        if reasons:
            self._restore({name: len(final[name].passage_ids) for name in reasons})
        return [Refused(name, reason) for name, reason in reasons.items()]

    def _store_passages(
        self, final: Mapping[str, Prepared], stored: Mapping[str, dict[str, Any]]
    ) -> dict[str, str]:
        """Reasons by review id."""
        owners: dict[str, str] = {}

        def actions() -> Iterator[Action]:
            for name, item in final.items():
                review, spans = item.review, item.spans or []
                before = stored[name]["passages"] if name in stored else 0
                for gone in _ids(name, len(spans), before):
                    key = documents.passage_document_id(gone)
                    yield Action("delete", self._indices.passages, key)
                for passage in documents.passages_of(
                    name, review.product_id, review.text, item.passage_ids, spans
                ):
                    key = documents.passage_document_id(passage.id)
                    owners[key] = name
                    body = documents.passage_document(passage)
                    yield Action("index", self._indices.passages, key, body)

        report = self._run(actions())
        return {owners[key]: reason for key, reason in report.refused.items() if key in owners}

    def _restore(self, written: Mapping[str, int]) -> None:
        """Give reviews the passages that the truth says they have, of so many as they may have."""
        keys = {documents.document_id(REVIEW, name): name for name in written}
        fields = [*documents.REVIEW_FIELDS, "spans"]
        found = self._indices.get(self._indices.truth, list(keys), fields)
        sources = {keys[key]: source for key, source in found.items()}
        self._run(self._restoring(sources, written))

    def _restoring(
        self, sources: Mapping[str, Any], written: Mapping[str, int]
    ) -> Iterator[Action]:
        for name in written:
            source = sources.get(name)
            spans = source["spans"] if source else []
            for gone in _ids(name, len(spans), written[name]):
                key = documents.passage_document_id(gone)
                yield Action("delete", self._indices.passages, key)
            if source:
                yield from restored(self._indices.passages, source)

    def _run(self, actions: Iterable[Action]) -> bulk.BulkReport:
        try:
            return bulk.run(self._indices.server, actions)
        finally:
            self._indices.written(self._indices.truth, self._indices.passages)


def restored(index: str, source: Mapping[str, Any]) -> Iterator[Action]:
    """Writes the passages of a review in the truth; the source has its text and its spans."""
    spans = source["spans"]
    names = list(_ids(source["id"], 0, len(spans)))
    for passage in documents.passages_of(
        source["id"], source["product_id"], source["text"], names, spans
    ):
        key = documents.passage_document_id(passage.id)
        yield Action("index", index, key, documents.passage_document(passage))


def _ids(review_id: str, start: int, stop: int) -> Iterator[str]:
    return (passage_id(review_id, ordinal) for ordinal in range(start, stop))


def _sizes(final: Mapping[str, Prepared], stored: Mapping[str, dict[str, Any]]) -> dict[str, int]:
    """The most passages that each review has, or had before."""
    return {
        name: max(len(item.passage_ids), stored[name]["passages"] if name in stored else 0)
        for name, item in final.items()
    }


def _keyed(items: Mapping[str, Prepared]) -> Iterator[tuple[str, Prepared]]:
    return ((documents.document_id(REVIEW, name), item) for name, item in items.items())


def _products(batch: Sequence[Prepared], known: Mapping[str, Known]) -> set[str]:
    """Those whose reviews the batch adds to or, replacing some, takes from."""
    left = {known[item.review.id].product_id for item in batch if item.review.id in known}
    return left | {item.review.product_id for item in batch}


def _is_unchanged(item: Prepared, known: Mapping[str, Known]) -> bool:
    before = known.get(item.review.id)
    return before is not None and before.content == item.content


def _without(
    report: WriteReport, refused: Sequence[Refused], stored: Mapping[str, Any]
) -> WriteReport:
    replaced = sum(one.review_id in stored for one in refused)
    return replace(
        report,
        stored=report.stored - (len(refused) - replaced),
        replaced=report.replaced - replaced,
        refused=tuple(refused),
    )
