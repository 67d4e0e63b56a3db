"""Searches within a product, beside Haystack's own stores on the same vectors in one run.

``python -m qa.experiments.bench_stores --vectors 100000 --products 2000`` fills this project's
embedded store, ``faiss-haystack``'s and Haystack's in-memory store, asks each for the ten nearest
passages of a product, and prints JSON: how many questions got fewer than there are, how many got
none, how often the ten are the right ones, and milliseconds. ``faiss-haystack`` asks for an older
numpy than it needs: install it by itself (``pip install --no-deps faiss-haystack``).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from haystack import Document
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.document_stores.faiss import FAISSDocumentStore

from indexing.engines.base import VectorSpace
from indexing.engines.embedded.engine import EmbeddedEngine
from qa.experiments.bench_vectors import DIMENSION, some_reviews, some_vectors

K = 10
Search = Callable[[Any, str], list[str]]
"""Ids of the ``K`` nearest of a product, best first, for a vector and a product id."""


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=2000)
    parser.add_argument("--queries", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = compare(Path(folder), given.vectors, given.products, given.queries)
    print(json.dumps(report, indent=1))  # noqa: T201


def compare(folder: Path, vectors: int, products: int, queries: int) -> list[dict[str, Any]]:
    """One row for each store."""
    ids = [f"r{n:08d}" for n in range(vectors)]
    owners = [f"p{n % products:06d}" for n in range(vectors)]
    rows = some_vectors(np.random.default_rng(1), vectors)
    asked = some_vectors(np.random.default_rng(7), queries)
    wanted = [f"p{n % products:06d}" for n in range(0, 7919 * queries, 7919)]
    right = [_exact(ids, owners, rows, q, p) for q, p in zip(asked, wanted, strict=True)]
    documents = [
        Document(id=i, content=i, meta={"product_id": p}, embedding=row.tolist())
        for i, p, row in zip(ids, owners, rows, strict=True)
    ]
    engine = EmbeddedEngine(folder, create=True)
    searches = {
        "reviewqa": _ours(engine, vectors, products, rows),
        "faiss-haystack": _faiss(documents),
        "haystack in-memory": _in_memory(documents),
    }
    found = [_row(name, s, asked, wanted, right) for name, s in searches.items()]
    engine.close()
    return found


def _ours(engine: EmbeddedEngine, vectors: int, products: int, rows: Any) -> Search:
    for batch in some_reviews(vectors, products):
        engine.write(batch)
    space = VectorSpace("bench", DIMENSION)
    for page in engine.passages_without_vectors():
        numbers = [int(p.review_id[1:]) for p in page]
        engine.put_vectors(space, [p.id for p in page], rows[numbers])
    return lambda query, product: [
        hit.passage.review_id for hit in engine.search_vectors(query, k=K, product_id=product)
    ]


def _faiss(documents: list[Document]) -> Search:
    store = FAISSDocumentStore(embedding_dim=DIMENSION)
    store.write_documents(documents)
    return lambda query, product: [
        d.id for d in store.search(query.tolist(), top_k=K, filters=_filter(product))
    ]


def _in_memory(documents: list[Document]) -> Search:
    store = InMemoryDocumentStore(embedding_similarity_function="dot_product")
    store.write_documents(documents)
    return lambda query, product: [
        d.id for d in store.embedding_retrieval(query.tolist(), filters=_filter(product), top_k=K)
    ]


def _filter(product: str) -> dict[str, Any]:
    return {"field": "meta.product_id", "operator": "==", "value": product}


def _exact(
    ids: Sequence[str], owners: Sequence[str], rows: Any, query: Any, product: str
) -> set[str]:
    of_product = [n for n, owner in enumerate(owners) if owner == product]
    best = np.argsort(-(rows[of_product] @ query), kind="stable")[:K]
    return {ids[of_product[n]] for n in best}


def _row(
    name: str, search: Search, asked: Any, wanted: Sequence[str], right: Sequence[set[str]]
) -> dict[str, Any]:
    search(asked[0], wanted[0])
    taken, found = [], []
    for query, product in zip(asked, wanted, strict=True):
        started = time.perf_counter()
        found.append(search(query, product))
        taken.append(1000 * (time.perf_counter() - started))
    pairs = list(zip(found, right, strict=True))
    return {
        "store": name,
        "queries": len(pairs),
        "short": sum(0 < len(got) < len(best) for got, best in pairs),
        "empty": sum(not got for got, _ in pairs),
        "right": sum(set(got) == best for got, best in pairs),
        "milliseconds": {
            "p50": round(float(np.median(taken)), 2),
            "p95": round(float(np.percentile(taken, 95)), 2),
        },
    }


if __name__ == "__main__":
    main()
