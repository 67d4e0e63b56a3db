"""What each FAISS form costs and finds on vectors of review sentences.

``python -m qa.experiments.bench_forms --data DATA --vectors 100000 --folder DIR`` encodes so many
sentences of SQuADShifts and SubjQA with an encoder (kept in DIR for the next run) and
prints JSON for the forms of :mod:`indexing.engines.derived.vector_forms` and for HNSW: seconds to
build, bytes on disk, milliseconds of a query, and recall of the exact ten best, before and after
the rows themselves score what a form proposes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from eval.datasets.registry import load_reading
from indexing.engines.derived.vector_forms import FLAT, LISTS, PRODUCTS, PROPOSED, Lists, build
from indexing.splitter import sentences
from qa.encoders.registry import SHIPPED_NAME, open_encoder

K = 10
HNSW = "hnsw32"
SETS = ("squadshifts:amazon", "squadshifts:reddit", "squadshifts:wiki", "subjqa:electronics",
        "subjqa:grocery", "subjqa:tripadvisor", "subjqa:restaurants")  # fmt: skip
Propose = Callable[[Any], Any]
"""Numbers of proposed rows for a query."""


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--encoder", default=SHIPPED_NAME)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    rows, asked = _vectors(given)
    print(json.dumps([measure(form, rows, asked, given.folder) for form in FORMS], indent=1))  # noqa: T201


def measure(form: str, rows: Any, asked: Any, folder: Path) -> dict[str, Any]:
    """One form: (n, dimension) ``rows`` searched for each of ``asked``."""
    started = time.perf_counter()
    propose, size = FORMS[form](rows, folder)
    built = time.perf_counter() - started
    propose(asked[0])
    taken, first, scored = [], 0, 0
    for query in asked:
        started = time.perf_counter()
        proposed = np.asarray(propose(query))
        best = proposed[np.argsort(-(rows[proposed] @ query), kind="stable")[:K]]
        taken.append(1000 * (time.perf_counter() - started))
        exact = set(np.argsort(-(rows @ query), kind="stable")[:K].tolist())
        first += len(exact & set(proposed[:K].tolist()))
        scored += len(exact & set(best.tolist()))
    return {
        "form": form,
        "vectors": len(rows),
        "seconds to build": round(built, 1),
        "megabytes": round(size / 1e6, 1),
        "milliseconds p50": round(float(np.median(taken)), 2),
        "recall@10 of the first ten": round(first / (K * len(asked)), 4),
        "recall@10 of a hundred, scored by the rows": round(scored / (K * len(asked)), 4),
    }


def _flat(rows: Any, folder: Path) -> tuple[Propose, int]:
    return lambda query: np.argsort(-(rows @ query), kind="stable")[: PROPOSED * K], rows.nbytes


def _lists(form: str) -> Callable[[Any, Path], tuple[Propose, int]]:
    def make(rows: Any, folder: Path) -> tuple[Propose, int]:
        path = folder / f"{form}.faiss"
        build(form, rows, path)
        lists = Lists(path)
        return lambda query: lists.propose(query, K), path.stat().st_size

    return make


def _hnsw(rows: Any, folder: Path) -> tuple[Propose, int]:
    path = folder / f"{HNSW}.faiss"
    index: Any = faiss.index_factory(rows.shape[1], "HNSW32", faiss.METRIC_INNER_PRODUCT)
    index.add(rows)
    faiss.write_index(index, str(path))
    index.hnsw.efSearch = PROPOSED * K
    return lambda query: index.search(query[None], PROPOSED * K)[1][0], path.stat().st_size


FORMS: dict[str, Callable[[Any, Path], tuple[Propose, int]]] = {
    FLAT: _flat, LISTS: _lists(LISTS), PRODUCTS: _lists(PRODUCTS), HNSW: _hnsw,
}  # fmt: skip


def _vectors(given: argparse.Namespace) -> tuple[Any, Any]:
    path = given.folder / f"sentences-{given.vectors}.npz"
    if not path.exists():
        encoder = open_encoder(given.encoder)
        texts = list(islice(_sentences(given.data), given.vectors))
        asked = [q.question for q in load_reading("squadshifts:amazon", "dev", given.data)]
        rows = encoder.encode_passages(texts)
        np.savez(path, rows=rows, asked=encoder.encode_queries(asked[: given.queries]))
    with np.load(path) as kept:
        return kept["rows"], kept["asked"]


def _sentences(data: Path) -> Iterator[str]:
    seen: set[str] = set()
    for name in SETS:
        for context in dict.fromkeys(q.context for q in load_reading(name, "train", data)):
            for begin, end in sentences(context):
                if (text := context[begin:end]) not in seen:
                    seen.add(text)
                    yield text


if __name__ == "__main__":
    main()
