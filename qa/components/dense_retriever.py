"""Search by vectors over a review store, as a Haystack component."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from haystack import Document, component

from indexing.document_store import ReviewDocumentStore
from indexing.engines.base import VectorEngine
from qa.components.engine_bound import EngineBoundRetriever
from qa.components.origin import DENSE, documents_of
from qa.errors import PipelineError


@component
class DensePassageRetriever(EngineBoundRetriever):
    """Retrieves the passages of one product, or of all, whose vectors are nearest a query's."""

    def __init__(self, document_store: ReviewDocumentStore, top_k: int = 10) -> None:
        """
        Args:
            document_store: where the reviews and their vectors are.
            top_k: passages to return when a run does not say.
        """
        # Haystack makes the class anew, so that super() would look for the wrong one.
        EngineBoundRetriever.__init__(self, document_store, top_k)

    @component.output_types(documents=list[Document], milliseconds=float)
    def run(
        self,
        query_embedding: list[float],
        product_id: str | None = None,
        top_k: int | None = None,
        encoder: str | None = None,
    ) -> dict[str, Any]:
        """Passages as documents with inner products, best first; never another product's.

        Args:
            encoder: fingerprint of what made the embedding; unchecked if None.

        Raises:
            indexing.errors.NoVectors: the store was not embedded.
            indexing.errors.VectorMismatch: it was, with another encoder.
            PipelineError: the engine keeps no vectors.
        """
        started = perf_counter()
        engine = self.engine
        if not isinstance(engine, VectorEngine):
            raise PipelineError(f"the {engine.name} engine keeps no vectors to search")
        hits = engine.search_vectors(
            query_embedding,
            k=self.top_k if top_k is None else top_k,
            product_id=product_id,
            encoder=encoder,
        )
        documents = documents_of(engine, hits, DENSE)
        return {"documents": documents, "milliseconds": 1000 * (perf_counter() - started)}
