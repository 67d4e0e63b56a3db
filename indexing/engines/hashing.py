"""What makes two reviews the same: content, text and store identities."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b

from indexing.records import Review

FINGERPRINT_MODULUS = 1 << 64


def extra_json(review: Review) -> str | None:
    """The review's ``extra`` in one canonical form; ``None`` when there is none."""
    if not review.extra:
        return None
    return json.dumps(dict(review.extra), ensure_ascii=False, sort_keys=True, allow_nan=False)


def content_hash(review: Review, extra: str | None) -> bytes:
    """16 bytes over every field: equal hashes mean there is nothing to replace.

    Raises ``UnicodeEncodeError`` for lone surrogates, which no store can hold.
    """
    fields = (
        review.product_id,
        review.text,
        review.title,
        review.rating,
        review.date,
        review.author,
        review.verified,
        review.url,
        review.product_title,
        extra,
    )
    return blake2b(json.dumps(fields, ensure_ascii=False).encode(), digest_size=16).digest()


def text_hash(review: Review) -> bytes:
    """16 bytes over product and text, blind to case and to the amount of white space."""
    normalised = " ".join(review.text.casefold().split())
    return blake2b(f"{review.product_id}\0{normalised}".encode(), digest_size=16).digest()


def contribution(review_id: str, content: bytes, passage_ids: Iterable[str]) -> int:
    """What a review adds to the store's fingerprint, which is the sum modulo 2**64.

    A sum is independent of the order in which reviews were written.
    """
    total = _hash64(b"review\0" + review_id.encode() + b"\0" + content)
    for passage_id in passage_ids:
        total += passage_contribution(passage_id)
    return total % FINGERPRINT_MODULUS


def passage_contribution(passage_id: str) -> int:
    return _hash64(b"passage\0" + passage_id.encode())


def _hash64(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")
