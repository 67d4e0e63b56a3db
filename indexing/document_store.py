"""A store as a Haystack ``DocumentStore``: every passage is a document under its passage id."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

# Haystack reads this when it is imported; a library that answers questions does not phone home.
os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")

from haystack import Document, default_from_dict, default_to_dict
from haystack.document_stores.errors import DocumentStoreError, DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.utils.filters import document_matches_filter

from indexing import document_metadata
from indexing.engines.base import Engine
from indexing.engines.embedded.documents import StoredDocument
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.engines.registry import open_engine
from indexing.errors import IndexingError, InvalidFilter, StoreError
from indexing.filters import pinned, validate
from indexing.records import Passage, Review

_REVIEW_META = ("title", "rating", "date", "author", "verified", "url", "product_title")


class ReviewDocumentStore:
    """Speaks Haystack's protocol for the store at ``location``, which is opened at first use.

    Passages of reviews come with ``review_id``, ``product_id``, ``start``, ``end`` and what is
    known of the review as metadata. They can be given other metadata and an embedding by writing
    them back; their text belongs to the review. Any other document is stored as it is.
    """

    def __init__(self, location: str, *, create: bool = False, read_only: bool = False) -> None:
        self.location = location
        self.create = create
        self.read_only = read_only
        self._opened: EmbeddedEngine | None = None
        self._borrowed = False
        self._mutex = threading.Lock()

    @classmethod
    def of(cls, engine: Engine) -> ReviewDocumentStore:
        """A store over an engine that is open already, and that its owner closes."""
        if not isinstance(engine, EmbeddedEngine):
            raise StoreError(f"the {engine.name} engine has no documents of Haystack's")
        store = cls(engine.location)
        store._opened, store._borrowed = engine, True
        return store

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = default_to_dict(
            self, location=self.location, create=self.create, read_only=self.read_only
        )
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ReviewDocumentStore:
        store: ReviewDocumentStore = default_from_dict(cls, data)
        return store

    @property
    def engine(self) -> Engine:
        """The engine below, for retrievers. Raises :class:`IndexingError`."""
        return self._engine()

    def close(self) -> None:
        """Release the store; the next use opens it again."""
        with self._mutex:
            if self._opened is not None and not self._borrowed:
                self._opened.close()
                self._opened = None

    def count_documents(self) -> int:
        return self._engine().documents.count()

    def filter_documents(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """Raises Haystack's ``FilterError`` for malformed filters."""
        return list(self._matching(filters))

    def bm25_retrieval(
        self, query: str, top_k: int = 10, product_id: str | None = None
    ) -> list[Document]:
        """The engine's BM25 hits as documents with scores, best first."""
        hits = self._engine().search_bm25(query, k=top_k, product_id=product_id)
        stored = self._engine().documents.get([hit.passage.id for hit in hits])
        return [
            replace(_document(stored[hit.passage.id]), score=hit.score)
            for hit in hits
            if hit.passage.id in stored
        ]

    def write_documents(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Returns how many were written; all of them or, when this raises, none.

        Without a policy duplicates fail. Raises ``DuplicateDocumentError``, ``DocumentStoreError``.
        """
        if not isinstance(documents, list) or any(not isinstance(d, Document) for d in documents):
            raise ValueError("write_documents needs a list of Haystack Documents")
        chosen = self._without_duplicates(documents, policy)
        try:
            self._engine().documents.write([_stored(document) for document in chosen])
        except IndexingError as error:
            raise DocumentStoreError(str(error)) from error
        return len(documents) if policy == DuplicatePolicy.OVERWRITE else len(chosen)

    def delete_documents(self, document_ids: list[str]) -> None:
        """Ids that do not exist are passed over."""
        self._engine().documents.delete(document_ids)

    def delete_all_documents(self) -> None:
        """The whole store, reviews included."""
        self._engine().documents.delete_all()

    def delete_by_filter(self, filters: dict[str, Any]) -> int:
        """Returns how many documents matched and are gone."""
        ids = [document.id for document in self._matching(filters)]
        return self._engine().documents.delete(ids)

    def update_by_filter(self, filters: dict[str, Any], meta: dict[str, Any]) -> int:
        """Merge ``meta`` into every matching document; returns how many there were."""
        changed = [
            replace(document, meta={**document.meta, **meta})
            for document in self._matching(filters)
        ]
        self._engine().documents.write([_stored(document) for document in changed])
        return len(changed)

    def count_documents_by_filter(self, filters: dict[str, Any]) -> int:
        return sum(1 for _ in self._matching(filters))

    def count_unique_metadata_by_filter(
        self, filters: dict[str, Any], metadata_fields: list[str]
    ) -> dict[str, int]:
        return document_metadata.count_unique(self._matching(filters), metadata_fields)

    def get_metadata_fields_info(self) -> dict[str, dict[str, str]]:
        return document_metadata.fields_info(self._matching(None))

    def get_metadata_field_min_max(self, metadata_field: str) -> dict[str, Any]:
        return document_metadata.min_max(self._matching(None), metadata_field)

    def get_metadata_field_unique_values(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: dict[str, Any] | None = None,
    ) -> tuple[list[Any], int]:
        """One page of the field's different values, and how many there are."""
        documents = self._matching(filters)
        return document_metadata.unique_values(documents, metadata_field, search_term, from_, size)

    def _engine(self) -> EmbeddedEngine:
        with self._mutex:
            if self._opened is None:
                engine = open_engine(self.location, read_only=self.read_only, create=self.create)
                assert isinstance(engine, EmbeddedEngine)
                self._opened = engine
            return self._opened

    def _matching(self, filters: dict[str, Any] | None) -> Iterator[Document]:
        if filters:
            try:
                validate(filters)
            except InvalidFilter as error:
                raise FilterError(str(error)) from error
        for stored in self._engine().documents.scan(pinned(filters, "product_id")):
            document = _document(stored)
            if not filters or document_matches_filter(filters, document):
                yield document

    def _without_duplicates(
        self, documents: list[Document], policy: DuplicatePolicy
    ) -> list[Document]:
        chosen = {document.id: document for document in documents}
        if policy == DuplicatePolicy.OVERWRITE:
            return list(chosen.values())
        known = self._engine().documents.get(list(chosen))
        if policy == DuplicatePolicy.SKIP:
            first = {document.id: document for document in reversed(documents)}
            return [first[name] for name in chosen if name not in known]
        if known or len(chosen) < len(documents):
            raise DuplicateDocumentError(
                f"document {next(iter(known), documents[0].id)!r} exists already; "
                "write with policy OVERWRITE or SKIP"
            )
        return documents


def document_from(passage: Passage, review: Review | None, score: float | None = None) -> Document:
    """The Haystack document of a passage; without its review the metadata is the passage's own."""
    meta: dict[str, Any] = {
        "review_id": passage.review_id,
        "product_id": passage.product_id,
        "ordinal": passage.ordinal,
        "start": passage.start,
        "end": passage.end,
    }
    for name in _REVIEW_META if review else ():
        value = getattr(review, name)
        if value is not None:
            meta[name] = value
    return Document(id=passage.id, content=passage.text, meta=meta, score=score)


def _document(stored: StoredDocument) -> Document:
    if stored.passage is not None:
        document = document_from(stored.passage, stored.review)
        return replace(
            document,
            meta=document.meta if stored.meta is None else stored.meta,
            embedding=list(stored.embedding) if stored.embedding is not None else None,
        )
    return Document.from_dict(
        {
            **stored.rest,
            "id": stored.id,
            "content": stored.content,
            "meta": stored.meta or {},
            "embedding": stored.embedding,
        }
    )


def _stored(document: Document) -> StoredDocument:
    values = document.to_dict(flatten=False)
    rest = {name: values[name] for name in ("blob", "score", "sparse_embedding") if values[name]}
    return StoredDocument(
        id=document.id,
        content=document.content,
        meta=document.meta,
        embedding=document.embedding,
        rest=rest,
    )
