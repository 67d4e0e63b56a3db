"""Which FAISS index searches a whole store's vectors, by how many there are.

========================  =================================================================
vectors                   form
========================  =================================================================
up to ``FLAT_UP_TO``      flat inner product over the memory-mapped rows: exact
up to ``LISTS_UP_TO``     inverted lists (IVF) of 8-bit scalar-quantised codes
more                      inverted lists of product-quantised codes, 4 dimensions to a byte
========================  =================================================================

The lists are memory-mapped, too. They only propose; the rows themselves decide on scores and order.
What each costs and finds is in docs/decisions/0005-vectors.md. Searches within a product never come
here: they are exact at any size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from indexing.engines.derived.index import IndexUnusable

Rows = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

FLAT_UP_TO = 100_000
LISTS_UP_TO = 20_000_000
FLAT, LISTS, PRODUCTS = "flat", "ivf-sq8", "ivf-pq"
FILE = "lists.faiss"
PROPOSED = 10
"""Rows proposed for one wanted: codes are coarse, and some rows may be dead."""
_TRAINED_ON = 64  # rows for each list's centre
_PROBED = 1 / 16
"""Share of the lists that are searched."""
_LEAST_PROBED = 16
_SPARE = 32
_Probes: Any = faiss.SearchParametersIVF


def form_for(count: int) -> str:
    """The form of so many vectors."""
    if count <= FLAT_UP_TO:
        return FLAT
    return LISTS if count <= LISTS_UP_TO else PRODUCTS


def build(form: str, rows: Rows, path: Path) -> None:
    """Write the lists of (n, dimension) rows; nothing for the flat form."""
    if form == FLAT:
        return
    kind = _factory(form, rows)
    index: Any = faiss.index_factory(rows.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    every = max(1, len(rows) // (_TRAINED_ON * index.nlist))
    index.cp.seed = 1
    index.train(np.ascontiguousarray(rows[::every]))
    for begin in range(0, len(rows), 65_536):
        index.add(np.ascontiguousarray(rows[begin : begin + 65_536]))
    faiss.write_index(index, str(path))


def _factory(form: str, rows: Rows) -> str:
    lists = 2 ** round(math.log2(2 * math.sqrt(len(rows))))
    dimension = rows.shape[1]
    codes = "SQ8"
    if form == PRODUCTS and dimension % 4 == 0:
        codes = f"PQ{dimension // 4}"
    return f"IVF{lists},{codes}"


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS divides queries among threads, and one query is one thread's work: the others only
    wait at the end, on a busy machine for a hundred milliseconds. Holds for this thread alone."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class Lists:
    """Inverted lists on disk."""

    def __init__(self, path: Path) -> None:
        try:
            self._index: Any = faiss.read_index(
                str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY
            )
        except RuntimeError as error:
            raise IndexUnusable(f"{path}: {error}") from error

    def propose(self, query: Rows, wanted: int) -> Numbers | None:
        """Numbers of likely rows, in no order; None where ``wanted`` asks for most of them."""
        reach = PROPOSED * wanted
        if 4 * reach >= self._index.ntotal:
            return None
        probed = max(_LEAST_PROBED, int(self._index.nlist * _PROBED))
        while True:
            chosen = _Probes(nprobe=min(probed, self._index.nlist))
            with _one_thread():
                _, found = self._index.search(query[None], reach, params=chosen)
            kept: Numbers = found[0][found[0] >= 0]  # FAISS pads what is missing with -1
            if len(kept) >= reach or probed >= self._index.nlist:
                return kept
            probed *= 4


def flat(rows: Rows, query: Rows, wanted: int, margin: float) -> Numbers:
    """Numbers of all rows that can be among the ``wanted`` best, those tied at the cut included.

    Args:
        margin: by how much two 32-bit inner products of the same vectors may differ.
    """
    reach = wanted + _SPARE
    while 4 * reach < len(rows):
        with _one_thread():
            scores, found = faiss.knn(query[None], rows, reach, metric=faiss.METRIC_INNER_PRODUCT)
        if scores[0, -1] < scores[0, wanted - 1] - 2 * margin:
            return np.asarray(found[0], np.int64)
        reach *= 4
    return brute(rows, query, wanted, margin)


def brute(rows: Rows, query: Rows, wanted: int, margin: float) -> Numbers:
    """As :func:`flat`, by multiplying every row; best for few rows or many wanted."""
    if wanted >= len(rows):
        return np.arange(len(rows), dtype=np.int64)
    scores = rows @ query
    least = np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
    return np.flatnonzero(scores >= least - 2 * margin)
