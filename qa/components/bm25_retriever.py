"""BM25 over a review store, as a Haystack component."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict

from indexing.document_store import ReviewDocumentStore, document_from
from indexing.engines.base import Engine


@component
class BM25PassageRetriever:
    """Retrieves the passages of one product, or of all, that BM25 ranks best."""

    def __init__(self, document_store: ReviewDocumentStore, top_k: int = 10) -> None:
        """
        Args:
            document_store: where the reviews are.
            top_k: passages to return when a run does not say.
        """
        if top_k < 1:
            raise ValueError(f"top_k is {top_k}, it must be at least 1")
        self.document_store = document_store
        self.top_k = top_k
        self._bound: Engine | None = None

    def bind(self, engine: Engine) -> None:
        """Search an engine that is open already instead of the document store's own."""
        self._bound = engine

    @property
    def engine(self) -> Engine:
        """The engine that is searched."""
        return self._bound or self.document_store.engine

    def to_dict(self) -> dict[str, Any]:
        """For Haystack's serialisation."""
        result: dict[str, Any] = default_to_dict(
            self, document_store=self.document_store.to_dict(), top_k=self.top_k
        )
        return result

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> BM25PassageRetriever:
        """For Haystack's serialisation."""
        parameters = data["init_parameters"]
        store = ReviewDocumentStore.from_dict(parameters["document_store"])
        parameters = parameters | {"document_store": store}
        result: BM25PassageRetriever = default_from_dict(
            cls, data | {"init_parameters": parameters}
        )
        return result

    @component.output_types(documents=list[Document], milliseconds=float)
    def run(
        self, query: str, product_id: str | None = None, top_k: int | None = None
    ) -> dict[str, Any]:
        """Passages as documents with scores, best first; never another product's."""
        started = perf_counter()
        limit = self.top_k if top_k is None else top_k
        hits = self.engine.search_bm25(query, k=limit, product_id=product_id)
        reviews = self.engine.reviews([hit.passage.review_id for hit in hits])
        documents = [
            document_from(hit.passage, reviews.get(hit.passage.review_id), hit.score)
            for hit in hits
        ]
        return {"documents": documents, "milliseconds": 1000 * (perf_counter() - started)}
