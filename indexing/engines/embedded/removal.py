"""Takes reviews and passages out of the truth and leaves tombstones for the derived indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from indexing.engines import hashing
from indexing.engines.embedded import corpus
from indexing.engines.embedded.rows import select_in


class Removal:
    """Removes inside an open write transaction; ``fingerprint`` sums up what went, negatively."""

    def __init__(self, connection: sqlite3.Connection, revision: int) -> None:
        self._connection = connection
        self._revision = revision
        self.fingerprint = 0

    def reviews(self, keys: Sequence[int]) -> None:
        """Remove reviews with their passages; products are left with their count, even 0."""
        if not keys:
            return
        self._subtract(keys)
        select = self._connection.execute
        for key in keys:
            select(
                "DELETE FROM annotations WHERE passage IN "
                "(SELECT key FROM passages WHERE review = ?)",
                (key,),
            )
            select(
                "DELETE FROM vectors WHERE passage IN (SELECT key FROM passages WHERE review = ?)",
                (key,),
            )
            select(
                "INSERT INTO tombstones SELECT key, ? FROM passages WHERE review = ?",
                (self._revision, key),
            )
            select("DELETE FROM passages WHERE review = ?", (key,))
            select("DELETE FROM reviews WHERE key = ?", (key,))

    def passages(self, keys: Collection[int]) -> None:
        """Remove single passages; their reviews stay."""
        sql = (
            "SELECT p.key, p.id, r.product_id FROM passages p "
            "JOIN reviews r ON r.key = p.review WHERE p.key IN ({marks})"
        )
        for key, identifier, product_id in list(select_in(self._connection, sql, keys)):
            self.fingerprint -= hashing.passage_contribution(identifier)
            self._shrink(product_id, 0, 1)
            execute = self._connection.execute
            execute("DELETE FROM annotations WHERE passage = ?", (key,))
            execute("DELETE FROM vectors WHERE passage = ?", (key,))
            execute("INSERT INTO tombstones VALUES (?, ?)", (key, self._revision))
            execute("DELETE FROM passages WHERE key = ?", (key,))

    def drop_empty_products(self) -> None:
        self._connection.execute("DELETE FROM products WHERE reviews = 0")

    def _subtract(self, keys: Sequence[int]) -> None:
        passages: dict[int, list[str]] = {key: [] for key in keys}
        sql = "SELECT review, id FROM passages WHERE review IN ({marks})"
        for key, identifier in select_in(self._connection, sql, keys):
            passages[key].append(identifier)
        sql = "SELECT key, id, product_id, content_hash FROM reviews WHERE key IN ({marks})"
        for key, identifier, product_id, content in select_in(self._connection, sql, keys):
            self.fingerprint -= hashing.contribution(identifier, content, passages[key])
            self._shrink(product_id, 1, len(passages[key]))

    def _shrink(self, product_id: str, reviews: int, passages: int) -> None:
        self._connection.execute(
            "UPDATE products SET reviews = reviews - ?, passages = passages - ? WHERE id = ?",
            (reviews, passages, product_id),
        )


def record_removal(
    connection: sqlite3.Connection, *, reviews: Sequence[int] = (), passages: Sequence[int] = ()
) -> None:
    """Remove by key inside a write transaction and record the new revision, if anything goes."""
    if not reviews and not passages:
        return
    state = corpus.state(connection)
    removal = Removal(connection, state.revision + 1)
    removal.passages(passages)
    removal.reviews(reviews)
    removal.drop_empty_products()
    fingerprint = (state.fingerprint + removal.fingerprint) % hashing.FINGERPRINT_MODULUS
    corpus.save_state(connection, revision=state.revision + 1, fingerprint=fingerprint)
