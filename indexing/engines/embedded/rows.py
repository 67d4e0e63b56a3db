"""Between rows of the truth and records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from indexing.records import Passage, Review

REVIEW_COLUMNS = (
    "r.id, r.product_id, r.text, r.title, r.rating, r.date, r.author, r.verified, r.url, "
    "r.product_title, r.extra"
)
_CHUNK = 500


def review_from_row(row: Sequence[Any]) -> Review:
    """``row`` starts with :data:`REVIEW_COLUMNS`."""
    return Review(
        id=row[0],
        product_id=row[1],
        text=row[2],
        title=row[3],
        rating=row[4],
        date=row[5],
        author=row[6],
        verified=None if row[7] is None else bool(row[7]),
        url=row[8],
        product_title=row[9],
        extra=json.loads(row[10]) if row[10] else {},
    )


def passage_from(review_id: str, product_id: str, text: str, row: Sequence[Any]) -> Passage:
    """``row`` is ``(id, ordinal, start, end)``, ``text`` the whole review's."""
    identifier, ordinal, start, end = row
    return Passage(identifier, review_id, product_id, ordinal, start, end, text[start:end])


def select_in(
    connection: sqlite3.Connection, sql: str, values: Iterable[Any], before: Sequence[Any] = ()
) -> Iterator[tuple[Any, ...]]:
    """Run ``sql``, whose ``{marks}`` stand in an ``IN``, over any number of values.

    ``before`` are parameters that come ahead of the values in the statement.
    """
    iterator = iter(values)
    while chunk := list(islice(iterator, _CHUNK)):
        marks = ",".join("?" * len(chunk))
        yield from connection.execute(sql.replace("{marks}", marks), (*before, *chunk))
