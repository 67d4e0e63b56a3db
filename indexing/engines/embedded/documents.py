"""Documents as Haystack sees them: passages of reviews, and foreign ones stored whole.

A passage of a review may be annotated (own metadata, an embedding) but not rewritten. A document
that belongs to no review is kept as a review of its own with one passage, which bears its id.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from indexing.engines.embedded import corpus, splitting
from indexing.engines.embedded.batch import BatchWriter
from indexing.engines.embedded.database import Database
from indexing.engines.embedded.removal import record_removal
from indexing.engines.embedded.rows import REVIEW_COLUMNS, passage_from, review_from_row, select_in
from indexing.engines.prepared import Prepared
from indexing.errors import StoreError
from indexing.records import Passage, Review

PREFIX = "document:"
_PAGE = 500
_COLUMNS = (
    f"{REVIEW_COLUMNS}, r.document, p.id, p.ordinal, p.start, p.end, a.meta, a.embedding, a.rest"
)
_JOIN = "passages p JOIN reviews r ON r.key = p.review LEFT JOIN annotations a ON a.passage = p.key"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as an engine keeps it.

    ``meta`` is ``None`` for passages nobody has annotated. ``rest`` are JSON values of the caller.
    ``passage`` and ``review`` are ``None`` for foreign documents, and when writing.
    """

    id: str
    content: str | None
    meta: dict[str, Any] | None
    embedding: Sequence[float] | None = None
    rest: dict[str, Any] = field(default_factory=dict)
    passage: Passage | None = None
    review: Review | None = None


Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


class Documents:
    """The document face of an embedded store."""

    def __init__(self, database: Database, transaction: Transaction) -> None:
        self._database = database
        self._transaction = transaction

    def count(self) -> int:
        with self._database.reading() as connection:
            return corpus.counts(connection)[1]

    def scan(self, product_id: str | None = None) -> Iterator[StoredDocument]:
        """All, or those of one product, in the order they were written."""
        for chunk in self._pages(product_id):
            marks = ",".join("?" * len(chunk))
            with self._database.reading() as connection:
                rows = connection.execute(
                    f"SELECT {_COLUMNS} FROM {_JOIN} WHERE p.key IN ({marks}) "  # noqa: S608
                    "ORDER BY p.key",
                    chunk,
                ).fetchall()
            yield from map(_document, rows)

    def _pages(self, product_id: str | None) -> Iterator[list[int]]:
        """Keys of passages, a page at a time: no transaction stays open between pages."""
        after = 0
        while True:
            with self._database.reading() as connection:
                keys = corpus.passage_keys(connection, product_id, after, _PAGE)
            if not keys:
                return
            yield keys
            after = keys[-1]

    def get(self, ids: Collection[str]) -> dict[str, StoredDocument]:
        """Those of the ids that exist, by id."""
        sql = f"SELECT {_COLUMNS} FROM {_JOIN} WHERE p.id IN ({{marks}})"  # noqa: S608
        with self._database.reading() as connection:
            found = map(_document, select_in(connection, sql, ids))
            return {document.id: document for document in found}

    def write(self, documents: Sequence[StoredDocument]) -> None:
        """Insert or replace, all or nothing. Ids must not repeat.

        Raises :class:`StoreError` for a changed text or product of a review's passage, and for
        values that are not JSON.
        """
        known = self.get([document.id for document in documents])
        own = {name: old for name, old in known.items() if old.passage is not None}
        foreign = [_prepared(document) for document in documents if document.id not in own]
        for document in documents:
            if document.id in own:
                _refuse_rewriting(document, own[document.id])
        with self._transaction() as connection:
            _write_foreign(connection, foreign)
            _annotate(connection, documents)

    def delete(self, ids: Sequence[str]) -> int:
        """Returns how many were there. Of a review's passages the others stay."""
        sql = (
            "SELECT p.key, p.review, r.document FROM passages p "
            "JOIN reviews r ON r.key = p.review WHERE p.id IN ({marks})"
        )
        with self._transaction() as connection:
            rows = list(select_in(connection, sql, dict.fromkeys(ids)))
            record_removal(
                connection,
                reviews=[row[1] for row in rows if row[2]],
                passages=[row[0] for row in rows if not row[2]],
            )
            return len(rows)

    def delete_all(self) -> None:
        """Reviews and foreign documents alike."""
        with self._transaction() as connection:
            keys = [row[0] for row in connection.execute("SELECT key FROM reviews")]
            record_removal(connection, reviews=keys)


def _document(row: Sequence[Any]) -> StoredDocument:
    review = review_from_row(row)
    foreign, *span, meta, embedding, rest = row[11:]
    passage = passage_from(review.id, review.product_id, review.text, span)
    extra = json.loads(rest) if rest else {}
    return StoredDocument(
        id=passage.id,
        content=None if extra.pop("no content", False) else passage.text,
        meta=json.loads(meta) if meta else None,
        embedding=_unpacked(embedding) if embedding is not None else None,
        rest=extra,
        passage=None if foreign else passage,
        review=None if foreign else review,
    )


def _prepared(document: StoredDocument) -> Prepared:
    """A foreign document as a review that is one passage, whatever its length."""
    product_id = (document.meta or {}).get("product_id")
    text = document.content or ""
    review = Review(
        id=PREFIX + document.id,
        product_id=product_id if isinstance(product_id, str) else "",
        text=text,
    )
    try:
        text.encode()
        identity = repr((_json(document), text, document.content is None)).encode()
        document.id.encode()
        review.product_id.encode()
    except UnicodeEncodeError as error:
        raise StoreError(f"document {document.id!r} cannot be stored: {error}") from error
    content = blake2b(identity + (_packed(document.embedding) or b""), digest_size=16).digest()
    return Prepared(
        review, None, content, None, spans=[(0, len(text))], passage_ids=[document.id], document="1"
    )


def _json(document: StoredDocument) -> tuple[str | None, str]:
    rest = dict(document.rest)
    if document.content is None:
        rest["no content"] = True
    try:
        meta = None if document.meta is None else json.dumps(document.meta)
        return meta, json.dumps(rest)
    except (TypeError, ValueError) as error:
        raise StoreError(f"document {document.id!r}: meta must be JSON values: {error}") from error


def _refuse_rewriting(new: StoredDocument, old: StoredDocument) -> None:
    product_id = old.passage.product_id if old.passage else ""
    if new.content != old.content or (new.meta or {}).get("product_id", product_id) != product_id:
        raise StoreError(
            f"document {new.id!r} is a passage of review {old.review.id if old.review else ''!r}; "
            "its text and product can only change with the review: ingest that anew"
        )


def _write_foreign(connection: sqlite3.Connection, prepared: Sequence[Prepared]) -> None:
    state = corpus.state(connection)
    writer = BatchWriter(connection, state, splitting.settings_for_writing(state.splitter, ""))
    writer.write(prepared)
    writer.finish(state)


def _annotate(connection: sqlite3.Connection, documents: Sequence[StoredDocument]) -> None:
    sql = "SELECT id, key FROM passages WHERE id IN ({marks})"
    keys = dict(select_in(connection, sql, [document.id for document in documents]))
    connection.executemany(
        "INSERT OR REPLACE INTO annotations VALUES (?, ?, ?, ?)",
        [_annotation(keys[document.id], document) for document in documents],
    )
    corpus.save_state(connection, revision=corpus.revision(connection) + 1)


def _annotation(key: int, document: StoredDocument) -> tuple[Any, ...]:
    meta, rest = _json(document)
    return key, meta, _packed(document.embedding), rest


def _packed(embedding: Sequence[float] | None) -> bytes | None:
    """32-bit floats where nothing is lost, as with all encoders, else 64-bit ones."""
    if embedding is None:
        return None
    wide, narrow = array("d", embedding), array("f", embedding)
    best = narrow if array("d", narrow) == wide else wide
    return best.typecode.encode() + best.tobytes()


def _unpacked(blob: bytes) -> list[float]:
    values: array[float] = array(chr(blob[0]))
    values.frombytes(blob[1:])
    return values.tolist()
