"""Writes one batch of reviews: decides for each what it is, then changes the truth in bulk."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from indexing.engines.base import WriteReport
from indexing.engines.embedded import hashing
from indexing.engines.embedded.corpus import State, save_state
from indexing.engines.embedded.near_duplicates import SimhashGroup, simhash
from indexing.engines.embedded.removal import Removal
from indexing.engines.embedded.rows import select_in
from indexing.errors import StoreError
from indexing.records import Review
from indexing.splitter import Span, SplitterSettings, split


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


def passage_id(review_id: str, ordinal: int) -> str:
    """Sorts like the passages of a review stand in it."""
    return f"{review_id}#{ordinal:04d}"


class BatchWriter:
    """Applies prepared reviews to an open write transaction, one after the other in meaning.

    The outcome is the same however the reviews are cut into batches.
    """

    def __init__(
        self, connection: sqlite3.Connection, state: State, splitter: SplitterSettings
    ) -> None:
        self._connection = connection
        self._splitter = splitter
        self._next_review = state.next_review
        self._next_passage = state.next_passage
        self._removal = Removal(connection, state.revision + 1)
        self._fingerprint = 0
        self._tally: Counter[str] = Counter()
        self._sizes: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._titles: dict[str, str | None] = {}

    def write(self, batch: Sequence[Prepared]) -> WriteReport:
        for group in _without_repeated_ids(batch):
            self._write_group(group)
        self._removal.drop_empty_products()
        return WriteReport(**self._tally)

    def finish(self, state: State) -> None:
        """Record the new revision, counters and fingerprint; nothing if nothing changed."""
        if not (self._tally["stored"] or self._tally["replaced"]):
            return
        fingerprint = state.fingerprint + self._fingerprint + self._removal.fingerprint
        save_state(
            self._connection,
            revision=state.revision + 1,
            fingerprint=fingerprint % hashing.FINGERPRINT_MODULUS,
            next_review=self._next_review,
            next_passage=self._next_passage,
        )

    def _write_group(self, group: Sequence[Prepared]) -> None:
        existing = self._existing(group)
        texts = self._text_counts(group, existing)
        near = self._simhash_groups(group)
        fresh: list[Prepared] = []
        replaced: list[int] = []
        for item in group:
            known = existing.get(item.review.id)
            if known and known[1] == item.content:
                self._tally["unchanged"] += 1
            elif not known and item.text_hash and texts[item.text_hash]:
                self._tally["duplicate"] += 1
            else:
                if known:
                    replaced.append(known[0])
                    _forget(known, texts, near)
                self._accept(item, texts, near)
                self._tally["replaced" if known else "stored"] += 1
                fresh.append(item)
        self._removal.reviews(replaced)
        self._insert(fresh)
        self._grow_products()

    def _accept(self, item: Prepared, texts: Counter[bytes], near: dict[str, SimhashGroup]) -> None:
        review = item.review
        if item.text_hash:
            texts[item.text_hash] += 1
            item.simhash = simhash(review.text)
        if item.simhash is not None:
            group = near.setdefault(review.product_id, SimhashGroup())
            self._tally["near_duplicate"] += group.has_near(item.simhash)
            group.add(item.simhash)
        if item.spans is None:
            item.spans = split(review.text, self._splitter)
            item.passage_ids = [passage_id(review.id, n) for n in range(len(item.spans))]
        self._fingerprint += hashing.contribution(review.id, item.content, item.passage_ids)

    def _existing(self, group: Sequence[Prepared]) -> dict[str, tuple[Any, ...]]:
        """``(key, content hash, text hash, product, simhash)`` of the ids that are stored."""
        sql = (
            "SELECT id, key, content_hash, text_hash, product_id, simhash FROM reviews "
            "WHERE id IN ({marks})"
        )
        ids = [item.review.id for item in group]
        return {row[0]: row[1:] for row in select_in(self._connection, sql, ids)}

    def _text_counts(
        self, group: Sequence[Prepared], existing: dict[str, tuple[Any, ...]]
    ) -> Counter[bytes]:
        """How many stored reviews have each of the texts that this group brings or replaces."""
        wanted = {item.text_hash for item in group if item.text_hash}
        wanted.update(row[2] for row in existing.values() if row[2])
        sql = "SELECT text_hash FROM reviews WHERE text_hash IN ({marks})"
        return Counter(row[0] for row in select_in(self._connection, sql, wanted))

    def _simhash_groups(self, group: Sequence[Prepared]) -> dict[str, SimhashGroup]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        sql = (
            "SELECT product_id, simhash FROM reviews "
            "WHERE product_id IN ({marks}) AND simhash IS NOT NULL"
        )
        names = {item.review.product_id for item in group}
        for product_id, value in select_in(self._connection, sql, names):
            found[product_id].append(value)
        return {name: SimhashGroup(values) for name, values in found.items()}

    def _insert(self, fresh: Sequence[Prepared]) -> None:
        reviews, passages = [], []
        for item in fresh:
            spans = item.spans or []
            reviews.append(_review_row(self._next_review, item))
            for ordinal, (start, end) in enumerate(spans):
                identifier = item.passage_ids[ordinal]
                passages.append(
                    (self._next_passage, identifier, self._next_review, ordinal, start, end)
                )
                self._next_passage += 1
            self._next_review += 1
            self._count_product(item.review, len(spans))
        insert = self._connection.executemany
        insert(f"INSERT INTO reviews VALUES ({','.join('?' * 16)})", reviews)  # noqa: S608
        insert("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)", passages)

    def _count_product(self, review: Review, passages: int) -> None:
        size = self._sizes[review.product_id]
        size[0] += 1
        size[1] += passages
        if self._titles.get(review.product_id) is None:
            self._titles[review.product_id] = review.product_title

    def _grow_products(self) -> None:
        rows = [
            (name, self._titles[name], f"{name}\n{self._titles[name] or ''}".casefold(), *size)
            for name, size in self._sizes.items()
        ]
        self._connection.executemany(
            "INSERT INTO products VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "folded = iif(title IS NULL, excluded.folded, folded), "
            "title = coalesce(title, excluded.title), "
            "reviews = reviews + excluded.reviews, passages = passages + excluded.passages",
            rows,
        )
        self._sizes.clear()
        self._titles.clear()


def _forget(known: tuple[Any, ...], texts: Counter[bytes], near: dict[str, SimhashGroup]) -> None:
    _, _, text, product_id, value = known
    if text:
        texts[text] -= 1
    if value is not None and product_id in near:
        near[product_id].remove(value)


def _review_row(key: int, item: Prepared) -> tuple[Any, ...]:
    review = item.review
    return (
        key,
        review.id,
        review.product_id,
        review.text,
        review.title,
        review.rating,
        review.date,
        review.author,
        review.verified,
        review.url,
        review.product_title,
        item.extra,
        item.content,
        item.text_hash,
        item.simhash,
        item.document,
    )


def _without_repeated_ids(batch: Sequence[Prepared]) -> Iterator[list[Prepared]]:
    """Runs in which every id stands once: each can be compared with the store as a whole."""
    group: list[Prepared] = []
    seen: set[str] = set()
    for item in batch:
        if item.review.id in seen:
            yield group
            group, seen = [], set()
        group.append(item)
        seen.add(item.review.id)
    if group:
        yield group
