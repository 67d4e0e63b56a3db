"""Fusion of BM25's and the encoder's rankings, as a Haystack component."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from haystack import Document, component

from qa.components.origin import FUSED, merged, with_origin
from qa.fusion import RANK_CONSTANT, reciprocal_rank_fusion, weighted_fusion

WEIGHTED, RECIPROCAL = "weighted", "reciprocal_rank"
METHODS = (WEIGHTED, RECIPROCAL)


@component
class HybridJoiner:
    """Joins two rankings into one; documents remember their place in both."""

    def __init__(
        self,
        method: str = WEIGHTED,
        weight: float = 0.5,
        rank_constant: float = RANK_CONSTANT,
        top_k: int = 10,
    ) -> None:
        """
        Args:
            method: ``weighted`` sums scores that were stretched to [0, 1] per question;
                ``reciprocal_rank`` looks at ranks only.
            weight: the encoder's share in [0, 1]; BM25 has the rest.
            rank_constant: of reciprocal rank fusion; the greater, the flatter.
            top_k: documents to return when a run does not say.
        """
        if method not in METHODS:
            raise ValueError(f"method is {method!r}, it must be one of {', '.join(METHODS)}")
        if not 0 <= weight <= 1:
            raise ValueError(f"weight is {weight}, it must be between 0 and 1")
        if rank_constant < 0:
            raise ValueError(f"rank_constant is {rank_constant}, it must be at least 0")
        if top_k < 1:
            raise ValueError(f"top_k is {top_k}, it must be at least 1")
        self.method = method
        self.weight = weight
        self.rank_constant = rank_constant
        self.top_k = top_k

    @component.output_types(documents=list[Document], milliseconds=float)
    def run(
        self,
        bm25_documents: list[Document],
        dense_documents: list[Document],
        top_k: int | None = None,
    ) -> dict[str, Any]:
        """The joint ranking, best first."""
        started = perf_counter()
        limit = self.top_k if top_k is None else top_k
        rankings = [{d.id: d.score or 0.0 for d in g} for g in (bm25_documents, dense_documents)]
        weights = (1 - self.weight, self.weight)
        if self.method == WEIGHTED:
            fused = weighted_fusion(rankings, weights)
        else:
            fused = reciprocal_rank_fusion(rankings, weights, self.rank_constant)
        known = merged([*bm25_documents, *dense_documents])
        documents = [
            with_origin(known[name], FUSED, rank, score)
            for rank, (name, score) in enumerate(list(fused.items())[:limit], 1)
        ]
        return {"documents": documents, "milliseconds": 1000 * (perf_counter() - started)}
