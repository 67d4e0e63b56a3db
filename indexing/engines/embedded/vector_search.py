"""Answers vector searches from segments and the truth together."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from indexing.engines.embedded import corpus, vectors
from indexing.engines.embedded.search import fill
from indexing.engines.embedded.vector_forms import Rows
from indexing.engines.embedded.vector_segment import Segment
from indexing.records import Hit

SCORE_DIGITS = 6
"""Scores closer than this are equal, so that order does not hang on how sums are rounded."""

_AT_ONCE = 16_384


class _Found(NamedTuple):
    score: float
    passage_id: str
    key: int


def by_vector(
    connection: sqlite3.Connection,
    segments: Sequence[Segment],
    query: Rows,
    k: int,
    product_id: str | None,
) -> list[Hit]:
    """The ``k`` passages with the greatest inner product, best first.

    Within a product, those without a vector come last, in passage order, with the last score.
    """
    ranked = _ranked(connection, segments, query, k, product_id)
    passages = corpus.passages_by_key(connection, [one.key for one in ranked])
    hits = [Hit(passages[one.key], one.score) for one in ranked]
    if product_id is not None and len(hits) < k:
        least = min((hit.score for hit in hits), default=0.0)
        seen = {one.key for one in ranked}
        hits.extend(fill(connection, product_id, seen, k - len(hits), least))
    return hits


def _ranked(
    connection: sqlite3.Connection,
    segments: Sequence[Segment],
    query: Rows,
    k: int,
    product_id: str | None,
) -> list[_Found]:
    found: list[_Found] = []
    for segment in segments:
        found.extend(_best(connection, segment, query, k, product_id))
    found.sort(key=lambda one: (-one.score, one.passage_id))
    return found[:k]


def _best(
    connection: sqlite3.Connection,
    segment: Segment,
    query: Rows,
    k: int,
    product_id: str | None,
) -> list[_Found]:
    """A segment's ``k`` best: proposals are widened until so many are alive, or there are no more.

    What is alive in another segment does not count: dead rows may stand before this one's best.
    """
    scope = segment.scope(product_id)
    size, wanted = scope.stop - scope.start, k
    while size:
        rows = segment.propose(query, wanted, scope, product_id is None)
        found = _scored(connection, segment, query, rows, wanted, product_id)
        if len(found) >= k or len(rows) >= size:
            return found
        wanted = 2 * wanted + 16
    return []


def _scored(
    connection: sqlite3.Connection,
    segment: Segment,
    query: Rows,
    rows: npt.NDArray[np.int64],
    wanted: int,
    product_id: str | None,
) -> list[_Found]:
    """The ``wanted`` best of the rows, and those that tie, if the truth still has them."""
    scores = _exact(segment, query, rows)
    if wanted < len(rows):
        least = np.partition(scores, len(rows) - wanted)[len(rows) - wanted]
        best = scores >= least - 2 * 10.0**-SCORE_DIGITS
        rows, scores = rows[best], scores[best]
    keys = segment.passages[rows].tolist()
    numbers = segment.sequences[rows].tolist()
    live = vectors.live(connection, keys, product_id)
    return [
        _Found(round(score, SCORE_DIGITS), live[key][1], key)
        for key, number, score in zip(keys, numbers, scores.tolist(), strict=True)
        if key in live and live[key][0] == number
    ]


def _exact(segment: Segment, query: Rows, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """64-bit inner products, some rows at a time."""
    wide = query.astype(np.float64)
    parts = [
        segment.rows[rows[begin : begin + _AT_ONCE]].astype(np.float64) @ wide
        for begin in range(0, len(rows), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty(0)
