"""Between our records and Haystack's documents."""

from __future__ import annotations

from haystack import Document

from indexing.records import Hit, Passage


def hit_of(document: Document) -> Hit:
    """The hit that a retrieved document stands for."""
    meta = document.meta
    passage = Passage(
        id=document.id,
        review_id=meta["review_id"],
        product_id=meta["product_id"],
        ordinal=meta.get("ordinal", 0),
        start=meta["start"],
        end=meta["end"],
        text=document.content or "",
    )
    return Hit(passage, document.score or 0.0)
