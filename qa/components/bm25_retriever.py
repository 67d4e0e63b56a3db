"""BM25 over a review store, as a Haystack component."""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any

from haystack import Document, component

from indexing.document_store import ReviewDocumentStore
from qa.components.engine_bound import EngineBoundRetriever
from qa.components.origin import BM25, documents_of
from qa.rewriting import without_question_words
from qa.spelling import corrected, corrections, english


@component
class BM25PassageRetriever(EngineBoundRetriever):
    """Retrieves the passages of one product, or of all, that BM25 ranks best."""

    def __init__(
        self,
        document_store: ReviewDocumentStore,
        top_k: int = 10,
        phrase_boost: float = 0.0,
        rewrite: bool = False,
        spelling: bool = False,
    ) -> None:
        """
        Args:
            document_store: where the reviews are.
            top_k: passages to return when a run does not say.
            phrase_boost: what neighbouring words of the query weigh as phrases beside the words
                themselves; 0 is BM25 as textbooks have it.
            rewrite: search without question words.
            spelling: within a product, search for its own words in place of misspelt ones.
        """
        if not (math.isfinite(phrase_boost) and phrase_boost >= 0):
            raise ValueError(f"phrase_boost is {phrase_boost}, it must be a number of 0 or more")
        # Haystack makes the class anew, so that super() would look for the wrong one.
        EngineBoundRetriever.__init__(self, document_store, top_k)
        self.phrase_boost = phrase_boost
        self.rewrite = rewrite
        self.spelling = spelling

    def warm_up(self) -> None:
        """Load the words that need no look-up; raises :class:`qa.errors.ModelError`."""
        if self.spelling:
            english()

    @component.output_types(
        documents=list[Document], corrections=dict[str, str], milliseconds=float
    )
    def run(
        self, query: str, product_id: str | None = None, top_k: int | None = None
    ) -> dict[str, Any]:
        """Passages as documents with scores, best first; never another product's.

        ``corrections`` says which words gave way to which, in lower case.
        """
        started = perf_counter()
        limit = self.top_k if top_k is None else top_k
        replaced = self._corrections(query, product_id)
        searched = corrected(query, replaced)
        searched = without_question_words(searched) if self.rewrite else searched
        hits = self.engine.search_bm25(
            searched, k=limit, product_id=product_id, phrase_boost=self.phrase_boost
        )
        documents = documents_of(self.engine, hits, BM25, query=searched)
        return {
            "documents": documents,
            "corrections": replaced,
            "milliseconds": 1000 * (perf_counter() - started),
        }

    def _corrections(self, query: str, product_id: str | None) -> dict[str, str]:
        if not self.spelling or product_id is None:
            return {}
        return corrections(self.engine, query, product_id)

    def _settings(self) -> dict[str, Any]:
        return {
            "phrase_boost": self.phrase_boost,
            "rewrite": self.rewrite,
            "spelling": self.spelling,
        }
