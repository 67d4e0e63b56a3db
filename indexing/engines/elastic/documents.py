"""Between records and the documents that hold them. Ids are computed, so writes can be repeated."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from indexing.engines.arguments import encodable
from indexing.engines.decisions import Known
from indexing.engines.elastic.template import PRINT_PARTS
from indexing.engines.prepared import Prepared, contribution
from indexing.records import Passage, Review

REVIEW, LABEL, CHECKPOINT, STORE, LOCK = "review", "label", "checkpoint", "store", "lock"
_LONGEST_ID = 480
_LONGEST_TERM = 32_766
_FIELDS = ("title", "rating", "date", "author", "verified", "url", "product_title")
REVIEW_FIELDS = ("id", "product_id", "text", "extra", *_FIELDS)
DECIDING_FIELDS = ("content_hash", "text_hash", "product_id", "simhash", "passages")
PASSAGE_FIELDS = ("id", "review_id", "product_id", "ordinal", "start", "end", "content")


def document_id(kind: str, identifier: str) -> str:
    """Elasticsearch takes ids of up to 512 bytes; longer ones are digested."""
    raw = identifier.encode()
    if len(raw) > _LONGEST_ID:
        return f"{kind}#{blake2b(raw, digest_size=32).hexdigest()}"
    return f"{kind}:{identifier}"


def findable(names: Iterable[str]) -> list[str]:
    """Without those that no store can hold: lone surrogates, more bytes than a term has."""
    return [name for name in encodable(names) if len(name.encode()) <= _LONGEST_TERM]


def passage_document_id(passage_id: str) -> str:
    return document_id("passage", passage_id)


def review_document(item: Prepared) -> dict[str, Any]:
    """The truth about a review; the passages are where its spans say."""
    review = item.review
    spans = item.spans or []
    return {
        "kind": REVIEW,
        "id": review.id,
        "product_id": review.product_id,
        "folded": f"{review.product_id}\n{review.product_title or ''}".casefold(),
        "text": review.text,
        **{name: getattr(review, name) for name in _FIELDS if getattr(review, name) is not None},
        **({"extra": item.extra} if item.extra else {}),
        "content_hash": item.content.hex(),
        **({"text_hash": item.text_hash.hex()} if item.text_hash else {}),
        **({"simhash": item.simhash} if item.simhash is not None else {}),
        "passages": len(spans),
        "spans": spans,
        "print": parts_of(contribution(item)),
    }


def review_from(source: Mapping[str, Any]) -> Review:
    """The inverse of :func:`review_document`."""
    return Review(
        id=source["id"],
        product_id=source["product_id"],
        text=source["text"],
        extra=json.loads(source["extra"]) if source.get("extra") else {},
        **{name: source.get(name) for name in _FIELDS},
    )


def known_from(source: Mapping[str, Any]) -> Known:
    text = source.get("text_hash")
    return Known(
        bytes.fromhex(source["content_hash"]),
        bytes.fromhex(text) if text else None,
        source["product_id"],
        source.get("simhash"),
    )


def passages_of(
    review_id: str, product_id: str, text: str, passage_ids: list[str], spans: list[Any]
) -> list[Passage]:
    """A review's passages from its spans."""
    return [
        Passage(name, review_id, product_id, ordinal, start, end, text[start:end])
        for ordinal, (name, (start, end)) in enumerate(zip(passage_ids, spans, strict=True))
    ]


def passage_document(passage: Passage) -> dict[str, Any]:
    return {
        "id": passage.id,
        "review_id": passage.review_id,
        "product_id": passage.product_id,
        "ordinal": passage.ordinal,
        "start": passage.start,
        "end": passage.end,
        "content": passage.text,
    }


def passage_from(source: Mapping[str, Any]) -> Passage:
    """The inverse of :func:`passage_document`."""
    return Passage(*(source[name] for name in PASSAGE_FIELDS))


def parts_of(value: int) -> dict[str, int]:
    """64 bits as four numbers of 16, the lowest first."""
    return {name: value >> 16 * n & 0xFFFF for n, name in enumerate(PRINT_PARTS)}


def whole_of(sums: Mapping[str, float]) -> int:
    """The sum modulo 2**64 of numbers whose :func:`parts_of` were summed up one by one."""
    return sum(int(sums[name]) << 16 * n for n, name in enumerate(PRINT_PARTS)) % (1 << 64)
