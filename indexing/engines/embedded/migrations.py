"""The schema of the truth, as an append-only list of steps, each applied in one transaction."""

from __future__ import annotations

import sqlite3

from indexing.engines.embedded.transaction import transaction
from indexing.errors import StoreMismatch

_FIRST = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE products (
    id TEXT PRIMARY KEY,
    title TEXT,
    folded TEXT NOT NULL,
    reviews INTEGER NOT NULL,
    passages INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX products_by_size ON products (reviews DESC, id);

CREATE TABLE reviews (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    product_id TEXT NOT NULL,
    text TEXT NOT NULL,
    title TEXT,
    rating REAL,
    date TEXT,
    author TEXT,
    verified INTEGER,
    url TEXT,
    product_title TEXT,
    extra TEXT,
    content_hash BLOB NOT NULL,
    text_hash BLOB,
    simhash INTEGER,
    document TEXT
);
CREATE INDEX reviews_by_product ON reviews (product_id, id, rating, simhash);
CREATE INDEX reviews_by_text ON reviews (text_hash);

CREATE TABLE passages (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    review INTEGER NOT NULL REFERENCES reviews (key),
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    UNIQUE (review, ordinal)
);

CREATE TABLE annotations (
    passage INTEGER PRIMARY KEY REFERENCES passages (key),
    meta TEXT,
    embedding BLOB,
    rest TEXT
);

CREATE TABLE tombstones (
    passage INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL
);
CREATE INDEX tombstones_by_revision ON tombstones (revision);

CREATE TABLE checkpoints (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL
) WITHOUT ROWID;
"""

# Labels name their review by its id, not its key, and keep the text they were made on: they
# outlive its replacement, and can say so.
_LABELS = """
CREATE TABLE label_texts (
    key INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    text TEXT NOT NULL
);

CREATE TABLE labels (
    id TEXT PRIMARY KEY,
    review_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    question TEXT NOT NULL,
    annotations TEXT NOT NULL,
    meta TEXT NOT NULL,
    text INTEGER NOT NULL REFERENCES label_texts (key)
) WITHOUT ROWID;
CREATE INDEX labels_by_text ON labels (text);
"""

# AUTOINCREMENT never gives a number twice, so an index of vectors can tell by it what is new. The
# index holds passage and number: what is alive is found without reading a vector.
_VECTORS = """
CREATE TABLE vectors (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    passage INTEGER NOT NULL REFERENCES passages (key),
    vector BLOB NOT NULL
);
CREATE UNIQUE INDEX vectors_by_passage ON vectors (passage);
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _LABELS, _VECTORS)
"""Never edit an entry that was released: append another one."""


def migrate(connection: sqlite3.Connection, location: str) -> None:
    """Bring the schema up to date; refuses one that newer code has made."""
    version = schema_version(connection)
    if version > len(MIGRATIONS):
        raise StoreMismatch(
            f"{location} has schema {version}, this version of reviewqa knows up to "
            f"{len(MIGRATIONS)}; upgrade reviewqa, or index the dump anew with --store elsewhere"
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        _apply(connection, number, script)


def schema_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    with transaction(connection):
        for statement in script.split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {int(number)}")
