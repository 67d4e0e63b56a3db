"""Labels in the truth: what people marked in reviews, checked against the reviews' text."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from hashlib import blake2b
from typing import Any

from indexing.engines.base import LabelReport
from indexing.engines.embedded import corpus
from indexing.engines.embedded.database import Database
from indexing.engines.label_checks import require_fitting, require_storable
from indexing.records import Label, StoredLabel

_SELECT = (
    "SELECT l.id, l.question, l.review_id, t.text, l.annotations, l.meta, "
    "coalesce(r.product_id, l.product_id), "
    "CASE WHEN r.id IS NULL THEN 'gone' WHEN r.text = t.text THEN 'current' ELSE 'changed' END "
    "FROM labels l JOIN label_texts t ON t.key = l.text LEFT JOIN reviews r ON r.id = l.review_id "
)
_INSERT = (
    "INSERT INTO labels VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
    "review_id = excluded.review_id, product_id = excluded.product_id, "
    "question = excluded.question, annotations = excluded.annotations, meta = excluded.meta, "
    "text = excluded.text"
)


class StoredLabels:
    """See :class:`indexing.engines.base.Labels`."""

    def __init__(
        self,
        database: Database,
        transaction: Callable[[], AbstractContextManager[sqlite3.Connection]],
    ) -> None:
        self._database = database
        self._transaction = transaction

    def write(self, labels: Sequence[Label]) -> LabelReport:
        for label in labels:
            require_storable(label)
        with self._transaction() as connection:
            reviews = corpus.reviews(connection, {label.review_id for label in labels})
            require_fitting(labels, reviews, self._database.location)
            tally: Counter[str] = Counter()
            for label in labels:
                tally[_put(connection, label)] += 1
            _forget_texts(connection)
        return LabelReport(**tally)

    def delete(self, ids: Sequence[str]) -> int:
        with self._transaction() as connection:
            gone = 0
            for name in ids:
                gone += connection.execute("DELETE FROM labels WHERE id = ?", (name,)).rowcount
            _forget_texts(connection)
        return gone

    def all(self) -> list[StoredLabel]:
        with self._database.reading() as connection:
            rows = connection.execute(_SELECT + "ORDER BY 7, l.review_id, l.id").fetchall()
        return [StoredLabel(_label(row), row[6], row[7]) for row in rows]


def _put(connection: sqlite3.Connection, label: Label) -> str:
    known = connection.execute(_SELECT + "WHERE l.id = ?", (label.id,)).fetchone()
    if known and _label(known) == label:
        return "unchanged"
    product = connection.execute(
        "SELECT product_id FROM reviews WHERE id = ?", (label.review_id,)
    ).fetchone()[0]
    connection.execute(
        _INSERT,
        (
            label.id,
            label.review_id,
            product,
            label.question,
            json.dumps(label.annotations),
            json.dumps(dict(label.meta), ensure_ascii=False, sort_keys=True),
            _text_key(connection, label.text),
        ),
    )
    return "replaced" if known else "stored"


def _text_key(connection: sqlite3.Connection, text: str) -> int:
    digest = blake2b(text.encode(), digest_size=16).digest()
    connection.execute(
        "INSERT OR IGNORE INTO label_texts (hash, text) VALUES (?, ?)", (digest, text)
    )
    found = connection.execute("SELECT key FROM label_texts WHERE hash = ?", (digest,))
    return int(found.fetchone()[0])


def _forget_texts(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM label_texts WHERE key NOT IN (SELECT text FROM labels)")


def _label(row: Sequence[Any]) -> Label:
    marked = tuple(tuple((start, end) for start, end in spans) for spans in json.loads(row[4]))
    return Label(row[0], row[1], row[2], row[3], marked, json.loads(row[5]))
