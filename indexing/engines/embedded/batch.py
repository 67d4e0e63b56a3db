"""Writes one batch of reviews: decides for each what it is, then changes the truth in bulk."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from indexing.engines import hashing
from indexing.engines.base import WriteReport
from indexing.engines.decisions import Decisions, Known
from indexing.engines.embedded.corpus import State, save_state
from indexing.engines.embedded.removal import Removal
from indexing.engines.embedded.rows import select_in
from indexing.engines.near_duplicates import SimhashGroup
from indexing.engines.prepared import Prepared, contribution
from indexing.records import Review
from indexing.splitter import SplitterSettings


class BatchWriter:
    """Applies prepared reviews to an open write transaction, one after the other in meaning.

    The outcome is the same however the reviews are cut into batches.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        state: State,
        splitter: SplitterSettings,
        *,
        keep_duplicates: bool = False,
    ) -> None:
        self._keep_duplicates = keep_duplicates
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
        return WriteReport.of(self._tally)

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
        decisions = Decisions(
            {name: Known(*rest) for name, (_, *rest) in existing.items()},
            self._text_counts(group, existing),
            self._simhash_groups(group),
            self._splitter,
            keep_duplicates=self._keep_duplicates,
        )
        fresh = [item for item in group if decisions.take(item)]
        self._tally += decisions.tally
        self._fingerprint += sum(contribution(item) for item in fresh)
        self._removal.reviews(
            [existing[item.review.id][0] for item in fresh if item.review.id in existing]
        )
        self._insert(fresh)
        self._grow_products()

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
