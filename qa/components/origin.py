"""Where a passage came from and why, carried in a document's metadata from component to component.

``meta["origin"]`` maps what found or ranked it (``bm25``, ``dense``, ``fused``, ``evidence``,
``cross_encoder``) to its rank there, from 1, its score, and for ``bm25`` the ``query`` that was
searched for. ``meta["review_length"]`` is the whole review's length in code points.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from haystack import Document

from indexing.document_store import document_from
from indexing.engines.base import Engine
from indexing.records import Hit

ORIGIN = "origin"
REVIEW_LENGTH = "review_length"
BM25, DENSE, FUSED = "bm25", "dense", "fused"
EVIDENCE, CROSS_ENCODER = "evidence", "cross_encoder"


def documents_of(engine: Engine, hits: Sequence[Hit], source: str, **about: Any) -> list[Document]:
    """Hits with their reviews' metadata, as ``source`` found them, and what else to say of it."""
    reviews = engine.reviews([hit.passage.review_id for hit in hits])
    made = []
    for rank, hit in enumerate(hits, 1):
        review = reviews.get(hit.passage.review_id)
        document = document_from(hit.passage, review, hit.score)
        if review is not None:
            document.meta[REVIEW_LENGTH] = len(review.text)
        made.append(with_origin(document, source, rank, hit.score, **about))
    return made


def with_origin(document: Document, source: str, rank: int, score: float, **about: Any) -> Document:
    """The document with one more origin, and that score."""
    origin = {**origin_of(document), source: {"rank": rank, "score": score, **about}}
    return replace(document, meta={**document.meta, ORIGIN: origin}, score=score)


def origin_of(document: Document) -> dict[str, Any]:
    """What is known of where it came from."""
    return dict(document.meta.get(ORIGIN) or {})


def merged(documents: Iterable[Document]) -> dict[str, Document]:
    """Each document once, by id, with the origins of all its copies."""
    found: dict[str, Document] = {}
    for document in documents:
        first = found.get(document.id)
        if first is None:
            found[document.id] = document
            continue
        origin = {**origin_of(first), **origin_of(document)}
        found[document.id] = replace(first, meta={**first.meta, ORIGIN: origin})
    return found
