"""BM25 over a review store, as a Haystack component."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from haystack import Document, component

from indexing.document_store import ReviewDocumentStore
from qa.components.engine_bound import EngineBoundRetriever
from qa.components.origin import BM25, documents_of


@component
class BM25PassageRetriever(EngineBoundRetriever):
    """Retrieves the passages of one product, or of all, that BM25 ranks best."""

    def __init__(self, document_store: ReviewDocumentStore, top_k: int = 10) -> None:
        """
        Args:
            document_store: where the reviews are.
            top_k: passages to return when a run does not say.
        """
        # Haystack makes the class anew, so that super() would look for the wrong one.
        EngineBoundRetriever.__init__(self, document_store, top_k)

    @component.output_types(documents=list[Document], milliseconds=float)
    def run(
        self, query: str, product_id: str | None = None, top_k: int | None = None
    ) -> dict[str, Any]:
        """Passages as documents with scores, best first; never another product's."""
        started = perf_counter()
        limit = self.top_k if top_k is None else top_k
        hits = self.engine.search_bm25(query, k=limit, product_id=product_id)
        documents = documents_of(self.engine, hits, BM25)
        return {"documents": documents, "milliseconds": 1000 * (perf_counter() - started)}
