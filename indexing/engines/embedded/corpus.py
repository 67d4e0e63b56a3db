"""Reads the truth: reviews, passages, products and the store's own state.

Every function takes a connection inside a transaction (see ``Database.reading``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from indexing.engines.embedded.rows import (
    REVIEW_COLUMNS,
    passage_from,
    review_from_row,
    select_in,
)
from indexing.records import Passage, ProductSummary, Review

_REVIEWS_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class State:
    """The store's identity at one moment."""

    store_id: str
    revision: int
    fingerprint: int
    next_review: int
    next_passage: int
    splitter: str


def state(connection: sqlite3.Connection) -> State:
    rows = dict(connection.execute("SELECT key, value FROM meta"))
    return State(
        store_id=rows["store_id"],
        revision=int(rows["revision"]),
        fingerprint=int(rows["fingerprint"]),
        next_review=int(rows["next_review"]),
        next_passage=int(rows["next_passage"]),
        splitter=rows.get("splitter", ""),
    )


def revision(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM meta WHERE key = 'revision'").fetchone()
    return int(row[0])


def save_state(connection: sqlite3.Connection, **values: int | str) -> None:
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [(key, str(value)) for key, value in values.items()],
    )


def counts(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Numbers of reviews, passages and products."""
    row = connection.execute(
        "SELECT coalesce(sum(reviews), 0), coalesce(sum(passages), 0), coalesce(sum(id <> ''), 0) "
        "FROM products"
    ).fetchone()
    return int(row[0]), int(row[1]), int(row[2])


def reviews(connection: sqlite3.Connection, ids: Collection[str]) -> dict[str, Review]:
    sql = f"SELECT {REVIEW_COLUMNS} FROM reviews r WHERE r.id IN ({{marks}})"  # noqa: S608
    return {row[0]: review_from_row(row) for row in select_in(connection, sql, ids)}


def review_page(connection: sqlite3.Connection, after: int) -> tuple[list[Review], int]:
    """The next reviews in the order they were written, and the last one's key.

    Documents that belong to no review are none.
    """
    rows = connection.execute(
        f"SELECT {REVIEW_COLUMNS}, r.key FROM reviews r "  # noqa: S608
        "WHERE r.key > ? AND r.document IS NULL ORDER BY r.key LIMIT ?",
        (after, _REVIEWS_PER_PAGE),
    ).fetchall()
    return [review_from_row(row) for row in rows], (rows[-1][-1] if rows else after)


def product(connection: sqlite3.Connection, product_id: str) -> ProductSummary | None:
    found = connection.execute(
        "SELECT id, title, reviews, passages FROM products WHERE id = ?", (product_id,)
    ).fetchone()
    return _summary(connection, found) if found else None


def products(
    connection: sqlite3.Connection, query: str | None, limit: int, offset: int
) -> list[ProductSummary]:
    found = connection.execute(
        "SELECT id, title, reviews, passages FROM products WHERE id <> '' AND instr(folded, ?) "
        "ORDER BY reviews DESC, id LIMIT ? OFFSET ?",
        ((query or "").casefold(), limit, offset),
    ).fetchall()
    return [_summary(connection, row) for row in found]


def _summary(connection: sqlite3.Connection, row: Sequence[Any]) -> ProductSummary:
    mean = connection.execute(
        "SELECT avg(rating) FROM reviews WHERE product_id = ?", (row[0],)
    ).fetchone()[0]
    return ProductSummary(row[0], row[1], row[2], row[3], mean)


def product_page(
    connection: sqlite3.Connection, product_id: str, after: str | None
) -> tuple[list[tuple[int, Passage]], str | None]:
    """The next passages of a product, by review id and ordinal, with their keys.

    ``after`` is the last review id of the page before; the second value is the next ``after``,
    ``None`` when there are no more. Pages hold whole reviews, so no text is fetched twice.
    """
    found = connection.execute(
        "SELECT key, id, text FROM reviews WHERE product_id = ? AND id > ? ORDER BY id LIMIT ?",
        (product_id, after or "", _REVIEWS_PER_PAGE),
    ).fetchall()
    passages = _passages_of(connection, product_id, found)
    return passages, (found[-1][1] if len(found) >= _REVIEWS_PER_PAGE else None)


def _passages_of(
    connection: sqlite3.Connection, product_id: str, found: Sequence[Any]
) -> list[tuple[int, Passage]]:
    grouped: dict[int, list[Any]] = {row[0]: [] for row in found}
    sql = (
        "SELECT review, key, id, ordinal, start, end FROM passages "
        "WHERE review IN ({marks}) ORDER BY review, ordinal"
    )
    for row in select_in(connection, sql, list(grouped)):
        grouped[row[0]].append(row)
    return [
        (row[1], passage_from(review_id, product_id, text, row[2:]))
        for key, review_id, text in found
        for row in grouped[key]
    ]


def passage_keys(
    connection: sqlite3.Connection, product_id: str | None, after: int, limit: int
) -> list[int]:
    """Keys of all passages, or of one product's, in the order they were written."""
    if product_id is None:
        sql = "SELECT key FROM passages WHERE key > ?1 ORDER BY key LIMIT ?2"
        rows = connection.execute(sql, (after, limit))
    else:
        # The cross join keeps SQLite from walking all passages in order of key.
        sql = (
            "SELECT p.key FROM reviews r CROSS JOIN passages p ON p.review = r.key "
            "WHERE r.product_id = ? AND p.key > ? ORDER BY p.key LIMIT ?"
        )
        rows = connection.execute(sql, (product_id, after, limit))
    return [row[0] for row in rows]


def passage_ids(
    connection: sqlite3.Connection, keys: Collection[int], product_id: str | None
) -> dict[int, str]:
    """Ids of those passages that are still there, and the product's if one is given, by key."""
    sql = (
        "SELECT p.key, p.id FROM passages p JOIN reviews r ON r.key = p.review "
        "WHERE (?1 IS NULL OR r.product_id = ?1) AND p.key IN ({marks})"
    )
    return {row[0]: row[1] for row in select_in(connection, sql, keys, [product_id])}


def passages_by_key(connection: sqlite3.Connection, keys: Collection[int]) -> dict[int, Passage]:
    """Passages that are still there, by key; a review's text is fetched once."""
    return _gather(connection, "key", keys)


def passages_by_id(connection: sqlite3.Connection, ids: Collection[str]) -> dict[int, Passage]:
    """Like :func:`passages_by_key`, for passage ids."""
    return _gather(connection, "id", ids)


def _gather(
    connection: sqlite3.Connection, column: str, values: Collection[Any]
) -> dict[int, Passage]:
    sql = (
        "SELECT review, key, id, ordinal, start, end FROM passages "  # noqa: S608
        f"WHERE {column} IN ({{marks}})"
    )
    rows = list(select_in(connection, sql, values))
    texts = {
        key: rest
        for key, *rest in select_in(
            connection,
            "SELECT key, id, product_id, text FROM reviews WHERE key IN ({marks})",
            {row[0] for row in rows},
        )
    }
    found = {}
    for review, key, *rest in rows:
        review_id, product_id, text = texts[review]
        found[key] = passage_from(review_id, product_id, text, rest)
    return found


def indexable(connection: sqlite3.Connection, after: int) -> Iterator[tuple[int, str, str]]:
    """``(key, product_id, text)`` of every passage whose key is greater, by key."""
    review, text, product_id = -1, "", ""
    cursor = connection.execute(
        "SELECT p.key, p.review, p.start, p.end FROM passages p WHERE p.key > ? ORDER BY p.key",
        (after,),
    )
    for key, owner, start, end in cursor:
        if owner != review:
            review = owner
            product_id, text = connection.execute(
                "SELECT product_id, text FROM reviews WHERE key = ?", (owner,)
            ).fetchone()
        yield key, product_id, text[start:end]


def removed_since(connection: sqlite3.Connection, since: int) -> list[int]:
    """Keys of passages removed by a later revision than ``since``."""
    rows = connection.execute("SELECT passage FROM tombstones WHERE revision > ?", (since,))
    return [row[0] for row in rows]
