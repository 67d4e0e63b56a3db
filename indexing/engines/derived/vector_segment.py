"""A run of vectors on disk, product by product, memory-mapped; never changed once written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from indexing.engines.arguments import FLOAT
from indexing.engines.derived import vector_forms
from indexing.engines.derived.checksums import checksums
from indexing.engines.derived.index import IndexUnusable
from indexing.engines.derived.vector_forms import Lists, Numbers, Rows

ROWS, KEYS, PRODUCTS = "rows.f32", "keys.npy", "products.npy"
_CHUNK = 2048
_PRODUCT = np.dtype([("digest", "S32"), ("begin", "<i8"), ("end", "<i8")])
"""Sorted by digest. Product ids may be of any length, digests are not."""


class Row(NamedTuple):
    """A passage's vector, as little-endian 32-bit floats, under its number and its passage's."""

    product_id: str
    sequence: int
    passage: int
    vector: bytes


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """What a segment was written as. ``longest``: the greatest length of a vector in it."""

    folder: str
    count: int
    form: str
    longest: float
    files: dict[str, tuple[int, int]] = field(default_factory=dict)


class Segment:
    """``rows`` (n, dimension), ``sequences`` and ``passages`` (n,), opened and not yet read."""

    def __init__(self, root: Path, info: SegmentInfo, dimension: int) -> None:
        """Raises :class:`IndexUnusable` for files that are missing or cut short."""
        folder = root / info.folder
        for name, (size, _) in info.files.items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != size:
                raise IndexUnusable(f"{path} is incomplete")
        try:
            self.rows = _mapped_rows(folder / ROWS, info.count, dimension)
            keys = np.load(folder / KEYS, mmap_mode="r")
            self._products = np.load(folder / PRODUCTS)
            lists = Lists(folder / vector_forms.FILE) if info.form != vector_forms.FLAT else None
        except (OSError, ValueError) as error:
            raise IndexUnusable(f"{folder}: {error}") from error
        self.sequences, self.passages = keys
        self._lists = lists
        self.info = info

    def scope(self, product_id: str | None) -> slice:
        """Where a product's rows stand, or all."""
        if product_id is None:
            return slice(0, self.info.count)
        name = _digest(product_id)
        at = int(np.searchsorted(self._products["digest"], name))
        if at == len(self._products) or self._products["digest"][at] != name:
            return slice(0, 0)
        return slice(int(self._products["begin"][at]), int(self._products["end"][at]))

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Sequence and passage of every row."""
        return zip(self.sequences.tolist(), self.passages.tolist(), strict=True)

    def propose(self, query: Rows, wanted: int, scope: slice, whole: bool) -> Numbers:
        """Numbers of rows in ``scope`` that hold the ``wanted`` best, in no order.

        Exact but for a ``whole`` segment with inverted lists.
        """
        margin = self._margin(query)
        if not whole:
            found = vector_forms.brute(self.rows[scope], query, wanted, margin)
            return found + np.int64(scope.start)
        if self._lists is not None:
            proposed = self._lists.propose(query, wanted)
            if proposed is not None:
                return proposed
        return vector_forms.flat(self.rows, query, wanted, margin)

    def _margin(self, query: Rows) -> float:
        """Bounds how far a 32-bit inner product is from the true one."""
        unit = float(np.finfo(np.float32).eps)
        return len(query) * unit * self.info.longest * float(np.linalg.norm(query)) + 1e-6


def write_segment(root: Path, name: str, rows: Iterable[Row], dimension: int) -> SegmentInfo:
    """Write rows in the order given, in which all of a product come one after the other."""
    folder = root / name
    folder.mkdir(parents=True)
    sequences: list[int] = []
    passages: list[int] = []
    products: list[tuple[str, int]] = []
    longest = 0.0
    with (folder / ROWS).open("wb") as file:
        for part in _chunks(iter(rows)):
            for row in part:
                if not products or products[-1][0] != row.product_id:
                    products.append((row.product_id, len(sequences)))
                sequences.append(row.sequence)
                passages.append(row.passage)
            data = b"".join(row.vector for row in part)
            matrix = np.frombuffer(data, FLOAT).reshape(len(part), dimension)
            longest = max(longest, float(np.linalg.norm(matrix, axis=1).max()))
            file.write(data)
    np.save(folder / KEYS, np.array([sequences, passages], np.int64))
    np.save(folder / PRODUCTS, _product_table(products, len(sequences)))
    form = vector_forms.form_for(len(sequences))
    mapped = _mapped_rows(folder / ROWS, len(sequences), dimension)
    vector_forms.build(form, mapped, folder / vector_forms.FILE)
    return SegmentInfo(name, len(sequences), form, longest, checksums(folder))


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while part := list(islice(rows, _CHUNK)):
        yield part


def _product_table(products: Sequence[tuple[str, int]], total: int) -> Any:
    ends = [begin for _, begin in products[1:]] + [total]
    table = np.array(
        [(_digest(name), begin, end) for (name, begin), end in zip(products, ends, strict=False)],
        _PRODUCT,
    )
    return np.sort(table, order="digest")


def _digest(product_id: str) -> bytes:
    return blake2b(product_id.encode(), digest_size=16).hexdigest().encode()


def _mapped_rows(path: Path, count: int, dimension: int) -> Rows:
    if not count:
        return np.empty((0, dimension), np.float32)
    # A plain array over the mapping: np.memmap's own slices are slow to make.
    return np.asarray(np.memmap(path, FLOAT, "r", shape=(count, dimension)))
