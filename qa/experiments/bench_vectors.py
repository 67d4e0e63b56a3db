"""Times searches within a product and over all, beside a store of a hundredth of the size.

``python -m qa.experiments.bench_vectors --vectors 1000000 --products 20000 --folder DIR`` makes two
stores of random unit vectors in DIR (kept for the next run, about 6 GB for a million) and prints
JSON: milliseconds at the median and the 95th percentile, build time, bytes, and how many of the
exact ten best FAISS's form finds over all.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from indexing.engines.base import VectorSpace
from indexing.engines.derived.vector_forms import form_for
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.records import Review

DIMENSION = 384
SMALL = 10_000
_BATCH = 5000
_CENTRES = 2000


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=2000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    per_product = max(1, given.vectors // given.products)
    found = [
        measure(given.folder / str(size), size, max(1, size // per_product), given.queries)
        for size in (SMALL, given.vectors)
    ]
    small, large = (one["within a product"]["p50"] for one in found)
    print(json.dumps({"stores": found, "p50 ratio": large / small}, indent=1))  # noqa: T201


def measure(folder: Path, size: int, products: int, queries: int) -> dict[str, Any]:
    """One store, made if it is not there."""
    engine = EmbeddedEngine(folder, create=True)
    try:
        seconds = _filled(engine, size, products)
        asked = some_vectors(np.random.default_rng(7), queries)
        names = [f"p{n % products:06d}" for n in range(0, 7919 * queries, 7919)]
        within = _timed(asked, lambda n, q: engine.search_vectors(q, k=10, product_id=names[n]))
        overall = _timed(asked[:100], lambda n, q: engine.search_vectors(q, k=10))
        return {
            "vectors": size,
            "products": products,
            "form": form_for(size),
            "bytes": engine.info().bytes_on_disk,
            "seconds to index": seconds,
            "within a product": within,
            "over all": overall,
            "recall@10 over all": _recall(engine, asked[:50]),
        }
    finally:
        engine.close()


def _filled(engine: EmbeddedEngine, size: int, products: int) -> float:
    """Write what is missing; seconds that making the vector index took."""
    if engine.info().vectors < size:
        for batch in some_reviews(size, products):
            engine.write(batch)
        rng = np.random.default_rng(1)
        space = VectorSpace("bench", DIMENSION)
        for page in engine.passages_without_vectors():
            engine.put_vectors(space, [p.id for p in page], some_vectors(rng, len(page)))
    started = time.perf_counter()
    engine.search_vectors(np.ones(DIMENSION), k=1)
    return time.perf_counter() - started


def some_reviews(size: int, products: int) -> Iterator[list[Review]]:
    """Short texts, products in turn: a product's passages stand far apart in the store."""
    for begin in range(0, size, _BATCH):
        numbers = range(begin, min(begin + _BATCH, size))
        yield [Review(f"r{n:08d}", f"p{n % products:06d}", f"Word{n} fits.") for n in numbers]


def some_vectors(rng: np.random.Generator, count: int) -> Any:
    """Unit vectors around common centres, as those of texts are."""
    centres = np.random.default_rng(0).standard_normal((_CENTRES, DIMENSION))
    rows = centres[rng.integers(0, _CENTRES, count)] + rng.standard_normal((count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _timed(asked: Any, search: Callable[[int, Any], Any]) -> dict[str, float]:
    for number, query in enumerate(asked):  # the first time, pages come from the disk
        search(number, query)
    taken = []
    for number, query in enumerate(asked):
        started = time.perf_counter()
        search(number, query)
        taken.append(1000 * (time.perf_counter() - started))
    return {"p50": float(np.median(taken)), "p95": float(np.percentile(taken, 95))}


def _recall(engine: EmbeddedEngine, asked: Any) -> float:
    """Against multiplying every row."""
    rows = np.concatenate([segment.rows for segment in engine._vector_index.current()])
    shared = 0
    for query in asked:
        best = np.sort(rows @ query)[::-1][:10]
        hits = engine.search_vectors(query, k=10)
        shared += sum(hit.score >= best[-1] - 1e-5 for hit in hits)
    return shared / (10 * len(asked))


if __name__ == "__main__":
    main()
