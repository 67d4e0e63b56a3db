"""Between our records and Haystack's documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from haystack import Document

from indexing.matching import WordMatcher
from indexing.records import Passage
from qa.components.origin import BM25, CROSS_ENCODER, DENSE, EVIDENCE, FUSED, origin_of
from qa.records import FoundPassage, Origin, Place


def found_passages(question: str, documents: Iterable[Document]) -> tuple[FoundPassage, ...]:
    """The passages that retrieved documents stand for, with where they came from."""
    matcher_of = cache(WordMatcher)
    return tuple(
        FoundPassage(_passage(one), one.score or 0.0, _origin(one, question, matcher_of))
        for one in documents
    )


def _passage(document: Document) -> Passage:
    meta = document.meta
    return Passage(
        id=document.id,
        review_id=meta["review_id"],
        product_id=meta["product_id"],
        ordinal=meta.get("ordinal", 0),
        start=meta["start"],
        end=meta["end"],
        text=document.content or "",
    )


def _origin(document: Document, question: str, matcher_of: Callable[[str], WordMatcher]) -> Origin:
    known = origin_of(document)
    bm25 = known.get(BM25)
    return Origin(
        bm25=_place(bm25),
        terms=_terms(document, matcher_of(bm25.get("query", question))) if bm25 else (),
        dense=_place(known.get(DENSE)),
        fused=_place(known.get(FUSED)),
        evidence=_place(known.get(EVIDENCE)),
        cross_encoder=_place(known.get(CROSS_ENCODER)),
    )


def _terms(document: Document, matcher: WordMatcher) -> tuple[str, ...]:
    return matcher.words_in(document.content or "")


def _place(known: dict[str, Any] | None) -> Place | None:
    return Place(known["rank"], known["score"]) if known else None
