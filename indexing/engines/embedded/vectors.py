"""Passages' vectors in the truth: whose they are, what is missing, writing and clearing them.

Every vector of a store is of one encoder. A vector never changes under its sequence number, and no
number is given twice, so an index knows by them what it has and what is gone.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from indexing.engines.arguments import FLOAT, Matrix, checked_rows, refuse_other
from indexing.engines.base import VectorSpace
from indexing.engines.derived.vector_segment import Row
from indexing.engines.embedded import corpus
from indexing.engines.embedded.database import Database
from indexing.engines.embedded.rows import select_in
from indexing.records import Passage

_KEY = "vectors"
_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Recorded:
    """The encoder of a store's vectors, and the run of sequence numbers that they belong to."""

    space: VectorSpace
    generation: str


def recorded(connection: sqlite3.Connection) -> Recorded | None:
    """None for a store that never had vectors, or whose vectors were cleared."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    if row is None:
        return None
    values = json.loads(row[0])
    space = VectorSpace(values["encoder"], values["dimension"], values["name"])
    return Recorded(space, values["generation"])


def last_sequence(connection: sqlite3.Connection) -> int:
    """The greatest number ever given, 0 at first."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'vectors'").fetchone()
    return int(row[0]) if row else 0


def count(connection: sqlite3.Connection) -> int:
    sql = "SELECT count(*) FROM vectors INDEXED BY vectors_by_passage"
    return int(connection.execute(sql).fetchone()[0])


def by_product(connection: sqlite3.Connection, after: int) -> Iterator[Row]:
    """All vectors with greater numbers, by product."""
    # The index holds all that is asked of vectors: they themselves are read by number.
    ordered = connection.execute(
        "SELECT r.product_id, v.sequence, v.passage "
        "FROM vectors v INDEXED BY vectors_by_passage "
        "CROSS JOIN passages p ON p.key = v.passage CROSS JOIN reviews r ON r.key = p.review "
        "WHERE v.sequence > ? ORDER BY r.product_id, v.passage",
        (after,),
    )
    while part := ordered.fetchmany(_PAGE):
        blobs = _blobs(connection, [sequence for _, sequence, _ in part])
        for product_id, sequence, passage in part:
            yield Row(product_id, sequence, passage, blobs[sequence])


def _blobs(connection: sqlite3.Connection, sequences: Collection[int]) -> dict[int, bytes]:
    sql = "SELECT sequence, vector FROM vectors WHERE sequence IN ({marks})"
    return dict(select_in(connection, sql, sequences))


def live(
    connection: sqlite3.Connection, passages: Collection[int], product_id: str | None
) -> dict[int, tuple[int, str]]:
    """Number and passage id, by key, of those passages that have a vector (and the product)."""
    sql = (
        "SELECT v.passage, v.sequence, p.id FROM vectors v INDEXED BY vectors_by_passage "
        "CROSS JOIN passages p ON p.key = v.passage CROSS JOIN reviews r ON r.key = p.review "
        "WHERE (?1 IS NULL OR r.product_id = ?1) AND v.passage IN ({marks})"
    )
    return {row[0]: (row[1], row[2]) for row in select_in(connection, sql, passages, [product_id])}


class StoredVectors:
    """The vectors of one store."""

    def __init__(
        self,
        database: Database,
        transaction: Callable[[], AbstractContextManager[sqlite3.Connection]],
    ) -> None:
        self._database = database
        self._transaction = transaction

    def space(self) -> VectorSpace | None:
        with self._database.reading() as connection:
            known = recorded(connection)
        return known.space if known else None

    def put(self, space: VectorSpace, passage_ids: Sequence[str], rows: Any) -> int:
        """See :class:`indexing.engines.base.VectorEngine`."""
        matrix = checked_rows(rows, len(passage_ids), space.dimension)
        with self._transaction() as connection:
            self._claim(connection, space)
            sql = "SELECT id, key FROM passages WHERE id IN ({marks})"
            keys = dict(select_in(connection, sql, passage_ids))
            # By key: a repeated id leaves its last vector.
            found = {
                keys[name]: row.tobytes()
                for name, row in zip(passage_ids, matrix, strict=True)
                if name in keys
            }
            connection.executemany("DELETE FROM vectors WHERE passage = ?", [(k,) for k in found])
            connection.executemany(
                "INSERT INTO vectors (passage, vector) VALUES (?, ?)", sorted(found.items())
            )
        return len(found)

    def of(self, passage_ids: Sequence[str]) -> dict[str, Matrix]:
        """Vectors of those passages that have one, by passage id."""
        sql = (
            "SELECT p.id, v.vector FROM passages p CROSS JOIN vectors v ON v.passage = p.key "
            "WHERE p.id IN ({marks})"
        )
        with self._database.reading() as connection:
            rows = select_in(connection, sql, dict.fromkeys(passage_ids))
            return {name: np.frombuffer(blob, FLOAT) for name, blob in rows}

    def clear(self) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM vectors")
            connection.execute("DELETE FROM meta WHERE key = ?", (_KEY,))

    def without(self) -> Iterator[list[Passage]]:
        """Pages of passages without a vector, by key; a page may be put before the next one."""
        after = 0
        while True:
            with self._database.reading() as connection:
                keys = _missing(connection, after)
                found = corpus.passages_by_key(connection, keys)
            if not keys:
                return
            after = keys[-1]
            yield [found[key] for key in keys]

    def count_without(self) -> int:
        with self._database.reading() as connection:
            return corpus.counts(connection)[1] - count(connection)

    def _claim(self, connection: sqlite3.Connection, space: VectorSpace) -> None:
        known = recorded(connection)
        if known is None:
            values = {
                "encoder": space.encoder,
                "dimension": space.dimension,
                "name": space.name,
                "generation": uuid.uuid4().hex,
            }
            corpus.save_state(connection, **{_KEY: json.dumps(values)})
        else:
            refuse_other(known.space, space.encoder, space.dimension, self._database.location)


def _missing(connection: sqlite3.Connection, after: int) -> list[int]:
    rows = connection.execute(
        "SELECT p.key FROM passages p WHERE p.key > ? AND NOT EXISTS "
        "(SELECT 1 FROM vectors v WHERE v.passage = p.key) ORDER BY p.key LIMIT ?",
        (after, _PAGE),
    )
    return [row[0] for row in rows]
