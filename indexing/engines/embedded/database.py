"""Opens the SQLite file and hands out connections: one to the writer, a pool to the readers."""

from __future__ import annotations

import os
import queue
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexing.engines.embedded.migrations import MIGRATIONS, migrate, schema_version
from indexing.engines.embedded.transaction import roll_back, transaction
from indexing.errors import StoreBusy, StoreCorrupt, StoreError, StoreMismatch

FILE_NAME = "reviews.sqlite"
_BUSY_SECONDS = 10.0
_POOL_SIZE = 16
_MAPPED_BYTES = 1 << 40  # SQLite takes less where it was built for less
"""Readers map the file: SQLite's own cache of 2 MB holds little of a million passages."""


@contextmanager
def translated(location: str) -> Iterator[None]:
    """Turn SQLite's errors into ours, which say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _ours(error, location) from error


def _ours(error: sqlite3.Error, location: str) -> StoreError:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreCorrupt(
            f"{location}/{FILE_NAME} cannot be read ({error}); restore it from a backup, "
            "or index the dumps anew into another --store"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(f"{location} is locked by another process ({error}); try again later")
    if code == sqlite3.SQLITE_FULL:
        return StoreError(f"the disk of {location} is full; nothing of this batch was stored")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
        return StoreError(f"{location} cannot be written or read ({error}); check its permissions")
    return StoreError(f"{location}: {error}")


class Database:
    """The truth's file. Every reader gets its own connection, so threads never share one."""

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        self.location = str(folder)
        self._path = folder / FILE_NAME
        self._read_only = read_only
        self._pool: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(_POOL_SIZE)
        self._writer: sqlite3.Connection | None = None

    def is_ready(self) -> bool:
        """Whether the store was completely made, by this version's schema."""
        return self._version() == len(MIGRATIONS) and self._is_complete()

    def refuse_unready(self) -> None:
        """Raises :class:`StoreMismatch` saying what is wrong with a store that is not ready."""
        version, known = self._version(), len(MIGRATIONS)
        if version > known:
            raise StoreMismatch(
                f"{self.location} has schema {version}, this version of reviewqa reads {known}; "
                "upgrade reviewqa"
            )
        raise StoreMismatch(
            f"{self.location} is unfinished or of an older version (schema {version} of {known}); "
            "open it once for writing, for example with "
            f"`reviewqa store rebuild --store {self.location}`"
        )

    def prepare(self) -> None:
        """Create or migrate the schema; may be interrupted and run again."""
        with translated(self.location):
            connection = self._write_connection()
            migrate(connection, self.location)
            connection.execute(
                "INSERT OR IGNORE INTO meta VALUES ('store_id', ?), ('revision', '0'), "
                "('fingerprint', '0'), ('next_review', '1'), ('next_passage', '1')",
                (uuid.uuid4().hex,),
            )

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one read transaction: everything seen belongs to one moment."""
        with translated(self.location):
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                roll_back(connection)
                self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, durable when the block ends, undone when it raises."""
        if self._read_only:
            raise StoreError(f"{self.location} was opened read-only")
        with translated(self.location):
            connection = self._write_connection()
            with transaction(connection):
                yield connection

    def close(self) -> None:
        while True:
            try:
                self._pool.get_nowait().close()
            except queue.Empty:
                break
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _version(self) -> int:
        with self._peeking() as connection:
            return schema_version(connection)

    def _is_complete(self) -> bool:
        """The splitter's settings are the last thing that making a store writes."""
        with self._peeking() as connection:
            return bool(connection.execute("SELECT 1 FROM meta WHERE key = 'splitter'").fetchone())

    @contextmanager
    def _peeking(self) -> Iterator[sqlite3.Connection]:
        with translated(self.location):
            connection = self._borrow()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _write_connection(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = self._connect()
            # WAL lets readers go on while one process writes. FULL syncs at every commit:
            # an acknowledged batch survives a power cut, and one sync per batch is cheap.
            self._writer.execute("PRAGMA journal_mode = WAL")
            self._writer.execute("PRAGMA synchronous = FULL")
            self._writer.execute("PRAGMA foreign_keys = ON")
        return self._writer

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._pool.get_nowait()
        except queue.Empty:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
            return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        try:
            self._pool.put_nowait(connection)
        except queue.Full:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        # On a read-only medium WAL cannot make its side files; nobody can write there either.
        frozen = self._read_only and not os.access(self._path.parent, os.W_OK)
        address = self._path.resolve().as_uri() + ("?immutable=1" if frozen else "")
        return sqlite3.connect(
            address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
