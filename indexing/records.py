"""What a store holds and returns: reviews, their passages, hits and products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Review:
    """One review of one product, as its author wrote it.

    ``text`` is stored unchanged; every character offset in the system counts Unicode code
    points of this string. ``rating`` keeps the dump's own scale. ``date`` is an ISO 8601 day
    (``YYYY-MM-DD``). Fields without a home of their own go to ``extra`` (JSON values).
    """

    id: str
    product_id: str
    text: str
    title: str | None = None
    rating: float | None = None
    date: str | None = None
    author: str | None = None
    verified: bool | None = None
    url: str | None = None
    product_title: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of a review: ``review.text[start:end] == text``."""

    id: str
    review_id: str
    product_id: str
    ordinal: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage. Scores order the hits of one query; they are not probabilities."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Label:
    """A question about one review, with what people marked in it as answers.

    ``annotations`` holds for every annotator the ``(start, end)`` of each span in ``text``; an
    empty one says "no answer here". ``text`` is the review's as the annotators saw it. ``meta``
    is the caller's.
    """

    id: str
    question: str
    review_id: str
    text: str
    annotations: tuple[tuple[tuple[int, int], ...], ...]
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredLabel:
    """A label with its review's product, and whether the review is still what was labelled."""

    label: Label
    product_id: str
    state: Literal["current", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class ProductSummary:
    """A product as its reviews tell: counts, and the mean of the ratings that are given."""

    id: str
    title: str | None
    reviews: int
    passages: int
    mean_rating: float | None
