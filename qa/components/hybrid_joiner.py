"""Fusion of BM25's and the encoder's rankings, as a Haystack component."""

from __future__ import annotations

import math
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from haystack import Document, component

from qa.components.origin import FUSED, REVIEW_LENGTH, merged, with_origin
from qa.fusion import (
    RANK_CONSTANT,
    SIMILARITY_WEIGHT,
    Scores,
    lengths_beyond_one,
    linear_fusion,
    reciprocal_rank_fusion,
    weighted_fusion,
    within_one,
)

LINEAR, WEIGHTED, RECIPROCAL = "linear", "weighted", "reciprocal_rank"
METHODS = (LINEAR, WEIGHTED, RECIPROCAL)


@component
class HybridJoiner:
    """Joins two rankings into one; documents remember their place in both."""

    def __init__(
        self,
        method: str = WEIGHTED,
        weight: float = 0.5,
        rank_constant: float = RANK_CONSTANT,
        top_k: int = 10,
        similarity_weight: float = SIMILARITY_WEIGHT,
        product_similarity_weight: float | None = None,
        long_review_penalty: float = 0.0,
    ) -> None:
        """
        Args:
            method: ``linear`` sums BM25's score and the weighed similarity; ``weighted`` sums
                scores that were stretched to [0, 1] per question; ``reciprocal_rank`` looks at
                ranks only.
            weight: the encoder's share in [0, 1], BM25 has the rest; not of ``linear``.
            rank_constant: of reciprocal rank fusion; the greater, the flatter.
            top_k: documents to return when a run does not say.
            similarity_weight: of ``linear``: points of BM25 that a similarity of 1 is worth, to be
                fitted to the encoder (``python -m qa.experiments.fit_fusion``). Similarities of
                vectors that are not of unit length are divided by the question's greatest.
            product_similarity_weight: the same where a run searches one product; as
                ``similarity_weight`` if absent.
            long_review_penalty: of ``linear``: points of BM25 that a passage loses for each factor
                of e by which its review is longer than a passage
                (:func:`qa.fusion.lengths_beyond_one`).
        """
        if method not in METHODS:
            raise ValueError(f"method is {method!r}, it must be one of {', '.join(METHODS)}")
        if not 0 <= weight <= 1:
            raise ValueError(f"weight is {weight}, it must be between 0 and 1")
        if rank_constant < 0:
            raise ValueError(f"rank_constant is {rank_constant}, it must be at least 0")
        for name, value in (
            ("similarity_weight", similarity_weight),
            ("product_similarity_weight", product_similarity_weight),
            ("long_review_penalty", long_review_penalty),
        ):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value}, it must be a number of 0 or more")
        if top_k < 1:
            raise ValueError(f"top_k is {top_k}, it must be at least 1")
        self.method = method
        self.weight = weight
        self.rank_constant = rank_constant
        self.top_k = top_k
        self.similarity_weight = similarity_weight
        self.product_similarity_weight = product_similarity_weight
        self.long_review_penalty = long_review_penalty

    @component.output_types(documents=list[Document], milliseconds=float)
    def run(
        self,
        bm25_documents: list[Document],
        dense_documents: list[Document],
        top_k: int | None = None,
        product_id: str | None = None,
    ) -> dict[str, Any]:
        """The joint ranking, best first; ``product_id`` where one product was searched."""
        started = perf_counter()
        limit = self.top_k if top_k is None else top_k
        bm25, dense = (
            {d.id: d.score or 0.0 for d in group} for group in (bm25_documents, dense_documents)
        )
        known = merged([*bm25_documents, *dense_documents])
        fused = self._fused(bm25, dense, known, of_product=product_id is not None)
        documents = [
            with_origin(known[name], FUSED, rank, score)
            for rank, (name, score) in enumerate(list(fused.items())[:limit], 1)
        ]
        return {"documents": documents, "milliseconds": 1000 * (perf_counter() - started)}

    def _fused(
        self, bm25: Scores, dense: Scores, known: Mapping[str, Document], *, of_product: bool
    ) -> Scores:
        if self.method == LINEAR:
            lost = {name: self._penalty(document) for name, document in known.items()}
            return linear_fusion([bm25, within_one(dense)], (1, self._points(of_product)), lost)
        weights = (1 - self.weight, self.weight)
        if self.method == WEIGHTED:
            return weighted_fusion([bm25, dense], weights)
        return reciprocal_rank_fusion([bm25, dense], weights, self.rank_constant)

    def _penalty(self, document: Document) -> float:
        return self.long_review_penalty * lengths_beyond_one(document.meta.get(REVIEW_LENGTH, 0))

    def _points(self, of_product: bool) -> float:
        own = self.product_similarity_weight
        return self.similarity_weight if own is None or not of_product else own
