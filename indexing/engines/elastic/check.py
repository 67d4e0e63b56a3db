"""Looks for damage: in each review of the truth, and between the truth and the passages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from indexing.engines.base import Problem
from indexing.engines.elastic import documents
from indexing.engines.elastic.documents import REVIEW
from indexing.engines.elastic.indices import Indices
from indexing.engines.prepared import contribution, passage_id, prepare
from indexing.errors import StoreError
from indexing.records import Passage

_PAGE = 500
_FIELDS = (*documents.REVIEW_FIELDS, "spans", "passages", "content_hash", "print")
_MOST = 20
"""Problems that are listed one by one."""


def problems(indices: Indices) -> list[Problem]:
    """Everything found wrong, as of now; nothing is changed. Reads the whole store."""
    where = indices.location
    indices.force_refresh(indices.truth, *([] if indices.unfit else [indices.passages]))
    rebuild = f"reviewqa store rebuild --store {where}"
    if indices.unfit:
        return [Problem(indices.unfit, rebuild)]
    found = list(_reviews(indices))
    restore = f"restore {where} from a snapshot, or index the dumps anew into another --store"
    listed = [Problem(what, restore if is_truth else rebuild) for is_truth, what in found[:_MOST]]
    if len(found) > _MOST:
        listed.append(Problem(f"{len(found) - _MOST} more reviews have problems", rebuild))
    return listed


def _reviews(indices: Indices) -> Iterator[tuple[bool, str]]:
    """``(whether the truth is wrong, what)``, walking reviews and passages side by side."""
    passages = _by_review(indices)
    owner, rows = next(passages, (None, []))
    for source in _truth(indices):
        what = _fault(source)
        if what:
            yield True, what
        while owner is not None and owner < source["id"]:
            yield False, f"{len(rows)} passages of {owner!r}, which is no review, are indexed"
            owner, rows = next(passages, (None, []))
        held = rows if owner == source["id"] else []
        if not what and held != _wanted(source):
            yield False, f"the indexed passages of review {source['id']!r} are not its own"
        if owner == source["id"]:
            owner, rows = next(passages, (None, []))
    while owner is not None:
        yield False, f"{len(rows)} passages of {owner!r}, which is no review, are indexed"
        owner, rows = next(passages, (None, []))


def _truth(indices: Indices) -> Iterator[Mapping[str, Any]]:
    query = {"term": {"kind": REVIEW}}
    for hits in indices.scan(indices.truth, query, size=_PAGE, source_includes=list(_FIELDS)):
        yield from (hit["_source"] for hit in hits)


def _fault(source: Mapping[str, Any]) -> str:
    name = source.get("id")
    try:
        item = prepare(documents.review_from(source))
    except (StoreError, KeyError, ValueError, TypeError) as error:
        return f"review {name!r} cannot be read: {error}"
    spans = source.get("spans")
    if not isinstance(spans, list) or not _in_order(spans, len(item.review.text)):
        return f"the passages of review {name!r} do not lie in its text"
    item.passage_ids = [passage_id(item.review.id, n) for n in range(len(spans))]
    sums = (item.content.hex(), len(spans), documents.parts_of(contribution(item)))
    if (source.get("content_hash"), source.get("passages"), source.get("print")) != sums:
        return f"review {name!r} is not what its checksum says"
    return ""


def _in_order(spans: list[Any], length: int) -> bool:
    before = 0
    for start, end in spans:
        if not before <= start <= end <= length:
            return False
        before = end
    return True


def _wanted(source: Mapping[str, Any]) -> list[Passage]:
    names = [passage_id(source["id"], n) for n in range(len(source["spans"]))]
    return documents.passages_of(
        source["id"], source["product_id"], source["text"], names, source["spans"]
    )


def _by_review(indices: Indices) -> Iterator[tuple[str, list[Passage]]]:
    """All indexed passages of each review, by review id and ordinal."""
    owner: str | None = None
    rows: list[Passage] = []
    after: list[Any] | None = None
    while True:
        answer = indices.search(
            indices.passages,
            query={"match_all": {}},
            size=2 * _PAGE,
            sort=[{"review_id": "asc"}, {"ordinal": "asc"}, {"id": "asc"}],
            track_total_hits=False,
            **({"search_after": after} if after else {}),
        )
        hits = answer["hits"]["hits"]
        for passage in (documents.passage_from(hit["_source"]) for hit in hits):
            if owner is not None and passage.review_id != owner:
                yield owner, rows
                rows = []
            owner = passage.review_id
            rows.append(passage)
        if not hits:
            break
        after = hits[-1]["sort"]
    if owner is not None:
        yield owner, rows
