"""Reads the truth: reviews by id, products and sums over all reviews."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indexing.engines.elastic import documents
from indexing.engines.elastic.documents import REVIEW
from indexing.engines.elastic.indices import Indices
from indexing.engines.elastic.template import PRINT_PARTS
from indexing.records import ProductSummary, Review

_BUCKETS = 10_000
_EXACT_PRODUCTS = 40_000


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all reviews. ``products`` is an estimate beyond 40,000."""

    reviews: int
    passages: int
    products: int
    fingerprint: int


class Reviews:
    """The reviews of one store."""

    def __init__(self, indices: Indices) -> None:
        self._indices = indices

    def get(self, ids: Collection[str]) -> dict[str, Review]:
        """Those of the ids that exist, by id."""
        keys = {documents.document_id(REVIEW, name): name for name in ids}
        found = self._indices.get(self._indices.truth, list(keys), documents.REVIEW_FIELDS)
        return {keys[key]: documents.review_from(source) for key, source in found.items()}

    def pages(self) -> Iterator[list[Review]]:
        """All, by id."""
        self._indices.force_refresh(self._indices.truth)
        query = {"term": {"kind": REVIEW}}
        for hits in self._indices.scan(
            self._indices.truth, query, source_includes=list(documents.REVIEW_FIELDS)
        ):
            yield [documents.review_from(hit["_source"]) for hit in hits]

    def totals(self) -> Totals:
        sums = {name: {"sum": {"field": f"print.{name}"}} for name in PRINT_PARTS}
        counted = {
            "passages": {"sum": {"field": "passages"}},
            "products": {
                "cardinality": {"field": "product_id", "precision_threshold": _EXACT_PRODUCTS}
            },
        }
        answer = self._sums({"term": {"kind": REVIEW}}, {**sums, **counted})
        found = answer["aggregations"]
        return Totals(
            answer["hits"]["total"]["value"],
            int(found["passages"]["value"]),
            int(found["products"]["value"]),
            documents.whole_of({name: found[name]["value"] for name in PRINT_PARTS}),
        )

    def fingerprint(self) -> int:
        sums = {name: {"sum": {"field": f"print.{name}"}} for name in PRINT_PARTS}
        found = self._sums({"term": {"kind": REVIEW}}, sums)["aggregations"]
        return documents.whole_of({name: found[name]["value"] for name in PRINT_PARTS})

    def product(self, product_id: str) -> ProductSummary | None:
        found = self._summaries([product_id])
        return found[0] if found else None

    def products(self, query: str | None, limit: int, offset: int) -> list[ProductSummary]:
        """Most reviews first, then by id."""
        if limit < 1:
            return []
        last = offset + limit
        counts = self._matching(query) if query or last > _BUCKETS else self._largest(last)
        return self._summaries([name for name, _ in counts[offset:last]])

    def _largest(self, number: int) -> list[tuple[str, int]]:
        shares = number
        while True:
            terms = {"field": "product_id", "size": number, "shard_size": shares}
            query = {"bool": {"filter": _REVIEWS, "must_not": {"term": {"product_id": ""}}}}
            found = self._sums(query, {"products": {"terms": terms}})["aggregations"]["products"]
            # Over several shards the largest may be missed; the server says by how much.
            if not found["doc_count_error_upper_bound"] or shares >= _BUCKETS:
                return [(one["key"], one["doc_count"]) for one in found["buckets"]]
            shares = min(10 * shares, _BUCKETS)

    def _matching(self, query: str | None) -> list[tuple[str, int]]:
        """All products, or those whose id or title contains the query in any case."""
        if not query:
            return _by_size(self._counts(_REVIEWS))
        pattern = "".join(f"\\{one}" if one in "\\*?" else one for one in query.casefold())
        matching = {"wildcard": {"folded": {"value": f"*{pattern}*"}}}
        names = sorted(self._counts([*_REVIEWS, matching]))
        counts: dict[str, int] = {}
        for at in range(0, len(names), _BUCKETS):
            some = {"terms": {"product_id": names[at : at + _BUCKETS]}}
            counts.update(self._counts([*_REVIEWS, some]))
        return _by_size(counts)

    def _counts(self, conditions: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """Reviews of each product that meet all conditions."""
        counts: dict[str, int] = {}
        after: Mapping[str, Any] = {}
        while True:
            sources = [{"product": {"terms": {"field": "product_id"}}}]
            composite: dict[str, Any] = {"size": _BUCKETS, "sources": sources}
            if after:
                composite["after"] = after
            query = {"bool": {"filter": list(conditions)}}
            answer = self._sums(query, {"products": {"composite": composite}})
            found = answer["aggregations"]["products"]
            counts.update((one["key"]["product"], one["doc_count"]) for one in found["buckets"])
            if len(found["buckets"]) < _BUCKETS:
                counts.pop("", None)
                return counts
            after = found["after_key"]

    def _summaries(self, names: Sequence[str]) -> list[ProductSummary]:
        """In the order of the names; those without a review are left out."""
        if not names:
            return []
        inner = {
            "passages": {"sum": {"field": "passages"}},
            "rating": {"avg": {"field": "rating"}},
            "title": {"terms": {"field": "product_title", "size": 1}},
        }
        terms = {"field": "product_id", "size": len(names)}
        query = {"bool": {"filter": [*_REVIEWS, {"terms": {"product_id": list(names)}}]}}
        found = self._sums(query, {"products": {"terms": terms, "aggs": inner}})
        by_name = {one["key"]: one for one in found["aggregations"]["products"]["buckets"]}
        return [_summary(by_name[name]) for name in names if name in by_name]

    def _sums(self, query: Mapping[str, Any], aggs: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._indices.search(
            self._indices.truth, query=query, aggs=aggs, size=0, track_total_hits=True
        )


_REVIEWS: list[dict[str, Any]] = [{"term": {"kind": REVIEW}}]


def _by_size(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _summary(bucket: Mapping[str, Any]) -> ProductSummary:
    titles = bucket["title"]["buckets"]
    return ProductSummary(
        bucket["key"],
        titles[0]["key"] if titles else None,
        bucket["doc_count"],
        int(bucket["passages"]["value"]),
        bucket["rating"]["value"],
    )
