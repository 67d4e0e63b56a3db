"""A review with everything about it that can be computed without looking into a store."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexing.engines import hashing
from indexing.errors import StoreError
from indexing.records import Review
from indexing.splitter import Span


@dataclass(slots=True)
class Prepared:
    """A review with everything that can be computed without looking into the store."""

    review: Review
    extra: str | None
    content: bytes
    text_hash: bytes | None
    simhash: int | None = None
    spans: list[Span] | None = None
    passage_ids: list[str] = field(default_factory=list)
    document: str | None = None


def prepare(review: Review) -> Prepared:
    """Raises :class:`StoreError` for text that no store can hold (lone surrogates, NaN)."""
    try:
        review.id.encode()
        extra = hashing.extra_json(review)
        return Prepared(
            review, extra, hashing.content_hash(review, extra), hashing.text_hash(review)
        )
    except (UnicodeEncodeError, ValueError, TypeError) as error:
        raise StoreError(f"review {review.id!r} cannot be stored: {error}") from error


def contribution(item: Prepared) -> int:
    """What the review, cut into passages, adds to a store's fingerprint."""
    return hashing.contribution(item.review.id, item.content, item.passage_ids)


def passage_id(review_id: str, ordinal: int) -> str:
    """Sorts like the passages of a review stand in it."""
    return f"{review_id}#{ordinal:04d}"
