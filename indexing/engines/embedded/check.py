"""Looks for damage: in the file, between the tables, and between the truth and the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from indexing.engines import arguments, hashing
from indexing.engines.base import Problem
from indexing.engines.derived.checksums import checksums
from indexing.engines.derived.index import IndexUnusable
from indexing.engines.derived.vector_index import DerivedVectors
from indexing.engines.embedded import corpus, vectors
from indexing.engines.embedded.bm25_index import Bm25Index
from indexing.engines.embedded.derived_bm25 import DerivedBm25


def problems(
    connection: sqlite3.Connection, bm25: DerivedBm25, index: DerivedVectors, location: str
) -> list[Problem]:
    """Everything found wrong; nothing is changed. Reads the whole store."""
    restore = f"restore {location} from a backup, or index the dumps anew into another --store"
    rebuild = f"reviewqa store rebuild --store {location}"
    found = [Problem(what, restore) for what in _file(connection)]
    if not found:
        found = [Problem(what, restore) for what in _tables(connection)]
    derived = [*_index(connection, bm25), *index.problems()]
    return found + [Problem(what, rebuild) for what in derived]


def _file(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        for (line,) in connection.execute("PRAGMA integrity_check(20)"):
            if line != "ok":
                yield f"SQLite: {line}"
    except sqlite3.DatabaseError as error:
        yield f"SQLite: {error}"


def _tables(connection: sqlite3.Connection) -> Iterator[str]:
    for table, *_ in connection.execute("PRAGMA foreign_key_check"):
        yield f"a row of {table} belongs to nothing"
    yield from _product_counts(connection)
    yield from _vectors(connection)
    fingerprint = 0
    for review_id, text, content, rows in _by_review(connection):
        fingerprint += hashing.contribution(review_id, content, [row[0] for row in rows])
        yield from _offsets(review_id, text, rows)
    if fingerprint % hashing.FINGERPRINT_MODULUS != corpus.state(connection).fingerprint:
        yield "the fingerprint is not that of the reviews"


def _product_counts(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT p.id, p.reviews, p.passages, count(DISTINCT r.key), count(a.key) FROM products p "
        "LEFT JOIN reviews r ON r.product_id = p.id LEFT JOIN passages a ON a.review = r.key "
        "GROUP BY p.id"
    )
    total = 0
    for product_id, reviews, passages, real_reviews, real_passages in rows:
        total += real_reviews
        if (reviews, passages) != (real_reviews, real_passages):
            yield (
                f"product {product_id!r} counts {reviews} reviews and {passages} passages, "
                f"there are {real_reviews} and {real_passages}"
            )
    if total != connection.execute("SELECT count(*) FROM reviews").fetchone()[0]:
        yield "there are reviews of products that are not listed"


def _by_review(
    connection: sqlite3.Connection,
) -> Iterator[tuple[str, str, bytes, list[tuple[str, int, int]]]]:
    rows = connection.execute("SELECT key, id, text, content_hash FROM reviews ORDER BY key")
    for key, review_id, text, content in rows:
        spans = connection.execute(
            "SELECT id, start, end FROM passages WHERE review = ? ORDER BY ordinal", (key,)
        ).fetchall()
        yield review_id, text, content, spans


def _offsets(review_id: str, text: str, rows: list[tuple[str, int, int]]) -> Iterator[str]:
    before = 0
    for identifier, start, end in rows:
        if not before <= start <= end <= len(text):
            yield f"passage {identifier!r} of review {review_id!r} lies at {start}:{end}"
        before = end


def _index(connection: sqlite3.Connection, bm25: DerivedBm25) -> Iterator[str]:
    known, folder = bm25.manifest, bm25.index_folder
    if known is None or folder is None or not known.folder:
        return
    if known.revision != corpus.revision(connection):
        return  # another process is writing; it will bring the index up
    for name, sum_then in known.files.items():
        if checksums(folder).get(name) != sum_then:
            yield f"the file {name} of the BM25 index has changed"
    try:
        keys = set(Bm25Index(folder).keys())
    except IndexUnusable as error:
        yield f"the BM25 index cannot be read ({error})"
        return
    truth = {row[0] for row in connection.execute("SELECT key FROM passages")}
    if keys != truth:
        yield (
            f"the BM25 index lacks {len(truth - keys)} passages "
            f"and has {len(keys - truth)} that do not exist"
        )


def _vectors(connection: sqlite3.Connection) -> Iterator[str]:
    known = vectors.recorded(connection)
    size = known.space.dimension * arguments.FLOAT.itemsize if known else 0
    sql = "SELECT count(*) FROM vectors WHERE length(vector) <> ?"
    if wrong := connection.execute(sql, (size,)).fetchone()[0]:
        yield f"{wrong} vectors are not of the length that the store says"
