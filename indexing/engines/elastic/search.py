"""Searches passages: one request each, the product filter inside it, ties by passage id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from indexing.engines.elastic import documents
from indexing.engines.elastic.indices import Indices
from indexing.engines.elastic.template import WINDOW
from indexing.engines.elastic.words import neighbours
from indexing.records import Hit, Passage

BM25_DIGITS = 4
_TIE = 2e-6
"""Scores closer than this, relatively, are equal: they are sums of 32-bit floats."""

VECTOR_DIGITS = 6
EXACT_UP_TO = 10_000
"""So many vectors are all compared; of more, HNSW proposes some."""

_PROPOSED_FOR_ONE = 10
_NO_VECTOR = -1e300
_MAX_CHARACTERS = 100_000

# 64-bit sums of the stored 32-bit vectors. A script's sort value is a double, where a score is
# a 32-bit float that may not be negative.
_INNER_PRODUCT = """
if (doc[params.field].size() == 0) { return params.none; }
float[] row = doc[params.field].vectorValue;
List query = params.query;
double sum = 0;
for (int i = 0; i < row.length; ++i) { sum += (double) row[i] * (double) query.get(i); }
return Math.rint(sum * 1e6) / 1e6;
"""

Row = tuple[Mapping[str, Any], list[Any]]


def bm25(
    indices: Indices, query: str, k: int, product_id: str | None, phrase_boost: float, dfs: bool
) -> list[Hit]:
    """The ``k`` best under BM25; within a product those without a term come last, scored 0."""
    body = _bm25_query(query, product_id, phrase_boost)
    wanted = k
    while True:
        # A few more than asked for: what ties with the last one may have an id before its.
        rows = _rows(indices, body, ["_score", {"id": "asc"}], wanted + 16, dfs)
        if len(rows) < wanted + 16 or _is_settled(rows, k):
            break
        wanted *= 4
    ordered = [row for group in _groups(rows) for row in group][:k]
    return [
        Hit(documents.passage_from(source), round(score, BM25_DIGITS)) for source, score in ordered
    ]


def _bm25_query(query: str, product_id: str | None, phrase_boost: float) -> dict[str, Any]:
    text = query[:_MAX_CHARACTERS].encode("utf-8", "replace").decode()
    should: list[dict[str, Any]] = [{"match": {"content": {"query": text}}}]
    for pair in neighbours(text) if phrase_boost else ():
        phrase = {"query": pair, "slop": 0, "boost": phrase_boost}
        should.append({"match_phrase": {"content": phrase}})
    if product_id is None:
        return {"bool": {"should": should, "minimum_should_match": 1}}
    only = {"term": {"product_id": product_id}}
    return {"bool": {"filter": [only], "should": should, "minimum_should_match": 0}}


def _is_settled(rows: Sequence[Row], k: int) -> bool:
    """Whether no passage beyond these can be among the ``k`` best.

    Those of exactly one score come in the order of their ids already.
    """
    *before, last = _groups(rows)
    return sum(map(len, before)) >= k or len({rows[-1][1][0], rows[-len(last)][1][0]}) == 1


def _groups(rows: Sequence[Row]) -> Iterator[list[tuple[Mapping[str, Any], float]]]:
    """Runs of equal scores, by id, all with the best one's score."""
    group: list[Row] = []
    for row in rows:
        if group and group[-1][1][0] - row[1][0] > _TIE * group[-1][1][0]:
            yield _levelled(group)
            group = []
        group.append(row)
    if group:
        yield _levelled(group)


def _levelled(group: Sequence[Row]) -> list[tuple[Mapping[str, Any], float]]:
    best = group[0][1][0]
    return [(source, best) for source, _ in sorted(group, key=lambda row: row[0]["id"])]


def by_vector(
    indices: Indices,
    field: str,
    query: Sequence[float],
    k: int,
    product_id: str | None,
    approximate: bool,
) -> list[Hit]:
    """The ``k`` greatest inner products; within a product those without a vector come last."""
    name = f"vectors.{field}"
    params = {"field": name, "query": list(query), "none": _NO_VECTOR}
    script = {"lang": "painless", "source": _INNER_PRODUCT, "params": params}
    sort = [{"_script": {"type": "number", "order": "desc", "script": script}}, {"id": "asc"}]
    body = _vector_query(name, query, k, product_id, approximate)
    rows = _rows(indices, body, sort, k, False)
    hits, least = [], 0.0
    for source, (score, _) in rows:
        least = round(score, VECTOR_DIGITS) if score != _NO_VECTOR else least
        hits.append(Hit(documents.passage_from(source), least))
    return hits


def _vector_query(
    name: str, query: Sequence[float], k: int, product_id: str | None, approximate: bool
) -> dict[str, Any]:
    if product_id is not None:
        return {"bool": {"filter": [{"term": {"product_id": product_id}}]}}
    if not approximate or k > WINDOW // _PROPOSED_FOR_ONE:
        return {"bool": {"filter": [{"exists": {"field": name}}]}}
    proposed = max(_PROPOSED_FOR_ONE * k, 100)
    vector = {"field": name, "query_vector": list(query), "k": proposed, "num_candidates": proposed}
    return {"knn": vector}


def passages_of(indices: Indices, product_id: str) -> Iterator[Passage]:
    """All of a product, by review and ordinal."""
    after: list[Any] | None = None
    query = {"bool": {"filter": [{"term": {"product_id": product_id}}]}}
    while True:
        answer = indices.search(
            indices.passages,
            query=query,
            size=WINDOW // 10,
            sort=[{"review_id": "asc"}, {"ordinal": "asc"}, {"id": "asc"}],
            track_total_hits=False,
            **({"search_after": after} if after else {}),
        )
        hits = answer["hits"]["hits"]
        yield from (documents.passage_from(hit["_source"]) for hit in hits)
        if not hits:
            return
        after = hits[-1]["sort"]


def _rows(
    indices: Indices, query: Mapping[str, Any], sort: Sequence[Any], number: int, dfs: bool
) -> list[Row]:
    """Sources and sort values of the first ``number``; one request unless it is a huge one."""
    rows: list[Row] = []
    more: dict[str, Any] = {"search_type": "dfs_query_then_fetch"} if dfs else {}
    while len(rows) < number:
        size = min(number - len(rows), WINDOW)
        answer = indices.search(
            indices.passages,
            query=query,
            sort=list(sort),
            size=size,
            source_includes=list(documents.PASSAGE_FIELDS),
            track_total_hits=False,
            **more,
        )
        hits = answer["hits"]["hits"]
        rows.extend((hit["_source"], hit["sort"]) for hit in hits)
        if len(hits) < size:
            break
        more["search_after"] = hits[-1]["sort"]
    return rows
