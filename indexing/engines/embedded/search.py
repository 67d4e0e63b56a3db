"""Answers searches from the index and the truth together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from indexing.engines.embedded import corpus
from indexing.engines.embedded.bm25_index import Bm25Index, Scored
from indexing.records import Hit, Passage

_SCORE_DIGITS = 4
"""tantivy's 32-bit sums differ beyond these with the way the index is cut into segments."""


def bm25(
    connection: sqlite3.Connection,
    index: Bm25Index,
    query: str,
    k: int,
    product_id: str | None,
    phrase_boost: float,
) -> list[Hit]:
    """The ``k`` best hits; the index proposes, the truth decides what exists and whose it is."""
    hits: list[Hit] = []
    keys: set[int] = set()
    for group in _live_groups(connection, index, query, k, product_id, phrase_boost):
        found = corpus.passages_by_key(connection, [key for key, _ in group[: k - len(hits)]])
        for key, score in group:
            passage = found.get(key)
            if passage is not None:
                hits.append(Hit(passage, round(score, _SCORE_DIGITS)))
                keys.add(key)
    if product_id is not None and len(hits) < k:
        hits.extend(fill(connection, product_id, keys, k - len(hits), 0.0))
    return hits


def _live_groups(
    connection: sqlite3.Connection,
    index: Bm25Index,
    query: str,
    k: int,
    product_id: str | None,
    phrase_boost: float,
) -> Iterator[list[Scored]]:
    """Groups of equal score, ordered by passage id, until ``k`` passages that exist are given."""
    limit = min(k, index.count)
    while True:
        groups, proposed = [], 0
        for group in index.search(query, limit, product_id, phrase_boost):
            proposed += len(group)
            groups.append(_ordered(connection, group, product_id))
        live = sum(map(len, groups))
        if live >= min(k, limit) or proposed < limit or limit >= index.count:
            break
        limit = min(2 * limit + 16, index.count)
    given = 0
    for group in groups:
        if given >= k:
            return
        yield group
        given += len(group)


def _ordered(
    connection: sqlite3.Connection, group: list[Scored], product_id: str | None
) -> list[Scored]:
    """Those that exist, by passage id, all with the group's best score."""
    ids = corpus.passage_ids(connection, [key for key, _ in group], product_id)
    best = group[0][1]
    return [(key, best) for key in sorted(ids, key=ids.__getitem__)]


def fill(
    connection: sqlite3.Connection, product_id: str, seen: set[int], wanted: int, score: float
) -> Iterator[Hit]:
    """The product's other passages in their order, all with one score."""
    for key, passage in _product_passages(connection, product_id):
        if wanted <= 0:
            return
        if key not in seen:
            wanted -= 1
            yield Hit(passage, score)


def _product_passages(
    connection: sqlite3.Connection, product_id: str
) -> Iterator[tuple[int, Passage]]:
    after: str | None = None
    while True:
        page, after = corpus.product_page(connection, product_id, after)
        yield from page
        if after is None:
            return
