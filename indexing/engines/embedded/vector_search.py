"""Answers vector searches from segments and the truth together."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from indexing.engines.derived.vector_forms import Rows
from indexing.engines.derived.vector_ranking import rank
from indexing.engines.derived.vector_segment import Segment
from indexing.engines.embedded import corpus, vectors
from indexing.engines.embedded.search import fill
from indexing.records import Hit


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

    def live(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
        found = vectors.live(connection, [passage for _, passage in pairs], product_id)
        return {(number, key): name for key, (number, name) in found.items()}

    ranked = rank(segments, query, k, product_id, live)
    passages = corpus.passages_by_key(connection, [one.passage for one in ranked])
    hits = [Hit(passages[one.passage], one.score) for one in ranked]
    if product_id is not None and len(hits) < k:
        least = min((hit.score for hit in hits), default=0.0)
        seen = {one.passage for one in ranked}
        hits.extend(fill(connection, product_id, seen, k - len(hits), least))
    return hits
