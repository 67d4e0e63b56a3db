"""Products whose id is near one that does not exist."""

from __future__ import annotations

import difflib
from typing import Protocol

from indexing.records import ProductSummary

_LOOK_AT = 2000  # the products with most reviews; enough for a hint, bounded for any store


class Products(Protocol):
    """The part of an engine that lists products."""

    def products(
        self, query: str | None = None, *, limit: int = 20, offset: int = 0
    ) -> list[ProductSummary]:
        """Products whose id or title contains ``query``."""
        ...


def near_products(engine: Products, product_id: str, limit: int = 3) -> list[str]:
    """Ids that were perhaps meant by ``product_id``, the likeliest first."""
    found = [found.id for found in engine.products(product_id, limit=limit)] if product_id else []
    by_folded = {seen.id.lower(): seen.id for seen in engine.products(limit=_LOOK_AT)}
    close = difflib.get_close_matches(product_id.lower()[:100], by_folded, n=limit, cutoff=0.6)
    return list(dict.fromkeys([*found, *(by_folded[folded] for folded in close)]))[:limit]
