"""Ctrl-C at the worst moments of a transaction: it stays an interrupt, the file stays whole."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from indexing.engines.embedded.database import Database
from indexing.engines.embedded.migrations import MIGRATIONS, migrate, schema_version

WRITE = "INSERT INTO meta VALUES ('one', '1')"


class Interrupted(sqlite3.Connection):
    """Ctrl-C comes right ``before`` or after the statement ``at``, once."""

    at: str = ""
    before: bool = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        due = sql == self.at
        if due:
            self.at = ""
        if due and self.before:
            raise KeyboardInterrupt
        found = super().execute(sql, *values)
        if due:
            raise KeyboardInterrupt
        return found


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("at", ["BEGIN IMMEDIATE", "COMMIT", "PRAGMA user_version = 1"])
def test_making_a_store_goes_on_after_it(tmp_path: Path, at: str, before: bool) -> None:
    path = tmp_path / "one.sqlite"
    connection = sqlite3.connect(path, isolation_level=None, factory=Interrupted)
    connection.at, connection.before = at, before
    with pytest.raises(KeyboardInterrupt):
        migrate(connection, str(tmp_path))
    assert not connection.in_transaction
    migrate(connection, str(tmp_path))
    assert schema_version(connection) == len(MIGRATIONS)
    connection.close()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    connect = sqlite3.connect
    monkeypatch.setattr(
        "indexing.engines.embedded.database.sqlite3.connect",
        lambda *given, **more: connect(*given, **more, factory=Interrupted),
    )
    made = Database(tmp_path, read_only=False)
    made.prepare()
    return made


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("at", ["BEGIN IMMEDIATE", "COMMIT", WRITE])
def test_a_write_is_whole_or_not_there(
    database: Database, monkeypatch: pytest.MonkeyPatch, at: str, before: bool
) -> None:
    monkeypatch.setattr(database._write_connection(), "at", at)
    monkeypatch.setattr(database._write_connection(), "before", before)

    def write() -> None:
        with database.writing() as connection:
            connection.execute(WRITE)

    with pytest.raises(KeyboardInterrupt):
        write()
    with database.reading() as connection:
        stored = connection.execute("SELECT value FROM meta WHERE key = 'one'").fetchall()
    assert stored == ([("1",)] if (at, before) == ("COMMIT", False) else [])
    if not stored:
        write()
    database.close()


@pytest.mark.parametrize("before", [True, False])
def test_a_reader_can_read_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.setattr(Interrupted, "at", "BEGIN")
    monkeypatch.setattr(Interrupted, "before", before)
    with pytest.raises(KeyboardInterrupt), database.reading():
        pass
    monkeypatch.setattr(Interrupted, "at", "")
    with database.reading() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    database.close()
