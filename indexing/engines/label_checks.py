"""Whether labels can be stored, and fit the reviews that a store has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from indexing.errors import LabelMismatch, StoreError
from indexing.records import Label, Review


def require_fitting(labels: Sequence[Label], reviews: Mapping[str, Review], where: str) -> None:
    """Raises :class:`LabelMismatch` unless every label fits its review in the store ``where``."""
    faults = [
        f"question {label.id!r}: {fault}"
        for label in labels
        if (fault := _misfit(label, reviews.get(label.review_id), where))
    ]
    if faults:
        rest = f" (and {len(faults) - 1} more like it)" if len(faults) > 1 else ""
        raise LabelMismatch(faults[0] + rest)


def _misfit(label: Label, review: Review | None, where: str) -> str:
    name = repr(label.review_id)
    if review is None:
        return f"no review {name} in {where}: index it first, or correct the label's review_id"
    for start, end in (span for spans in label.annotations for span in spans):
        if not 0 <= start < end <= len(label.text):
            return f"review {name}: no characters {start} to {end} in it: correct the span"
    if review.text != label.text:
        at = _first_difference(review.text, label.text)
        return (
            f"review {name} has another text in {where} than was labelled, from character {at} "
            f"on ({review.text[at : at + 20]!r}, labelled {label.text[at : at + 20]!r}): "
            "index the labelled version of the review, or label it anew"
        )
    return ""


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def require_storable(label: Label) -> None:
    """Raises :class:`StoreError` for values that no store can hold."""
    try:
        json.dumps([label.id, label.question, dict(label.meta)], ensure_ascii=False).encode()
    except (UnicodeEncodeError, TypeError) as error:
        raise StoreError(f"question {label.id!r} cannot be stored: {error}") from error
    if not label.id or not label.annotations:
        raise StoreError(f"question {label.id!r}: a label needs an id and an annotation")
