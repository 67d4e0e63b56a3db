"""SQLite's vectors as what the vector index follows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from indexing.engines.derived.vector_index import Moment, Numbers
from indexing.engines.derived.vector_segment import Row
from indexing.engines.embedded import corpus, vectors
from indexing.engines.embedded.database import Database


class SqliteSnapshot:
    """What one connection sees."""

    def __init__(self, connection: sqlite3.Connection, moment: Moment) -> None:
        self._connection = connection
        self.moment = moment

    def count(self) -> int:
        return vectors.count(self._connection)

    def rows(self, after: Numbers) -> Iterator[Row]:
        return vectors.by_product(self._connection, after[0] if after else 0)


class SqliteTruth:
    """See :class:`indexing.engines.derived.vector_index.VectorTruth`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def moment(self) -> Moment | None:
        with self._database.reading() as connection:
            return _moment(connection)

    def latest(self) -> Moment | None:
        return self.moment()

    @contextmanager
    def snapshot(self) -> Iterator[SqliteSnapshot | None]:
        with self._database.reading() as connection:
            here = _moment(connection)
            yield SqliteSnapshot(connection, here) if here else None


def _moment(connection: sqlite3.Connection) -> Moment | None:
    known = vectors.recorded(connection)
    if known is None:
        return None
    return Moment(
        corpus.state(connection).store_id,
        known.generation,
        known.space.encoder,
        known.space.dimension,
        (vectors.last_sequence(connection),),
    )
