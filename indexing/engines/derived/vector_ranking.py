"""Ranks rows of segments by inner product; the truth says which of them are still there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from indexing.engines.derived.vector_forms import Rows
from indexing.engines.derived.vector_segment import Segment

SCORE_DIGITS = 6
"""Scores closer than this are equal, so that order does not hang on how sums are rounded."""

_AT_ONCE = 16_384
_SPARE = 4
"""Rows asked about beyond those wanted: some may be dead, and asking twice costs more."""

Live = Callable[[Sequence[tuple[int, int]]], Mapping[tuple[int, int], str]]
"""From ``(sequence, passage)`` of rows to the passage's id, for those that are there."""


class Ranked(NamedTuple):
    """A row that is there, under its passage's number."""

    score: float
    passage_id: str
    passage: int


class _Best(NamedTuple):
    """Rows of several segments with their scores. ``is_all``: there are no others."""

    scores: npt.NDArray[np.float64]
    pairs: npt.NDArray[np.int64]
    is_all: bool


def rank(
    segments: Sequence[Segment], query: Rows, k: int, product_id: str | None, live: Live
) -> list[Ranked]:
    """The ``k`` greatest inner products of rows that are there, best first, ties by passage id.

    Proposals are widened until so many of them are there, or there are no more.
    """
    wanted = k + _SPARE
    while True:
        best = _best(segments, query, wanted, product_id)
        pairs = [(sequence, passage) for sequence, passage in best.pairs.tolist()]
        names = live(pairs)
        found = [
            Ranked(round(score, SCORE_DIGITS), names[pair], pair[1])
            for pair, score in zip(pairs, best.scores.tolist(), strict=True)
            if pair in names
        ]
        if len(found) >= k or best.is_all:
            found.sort(key=lambda one: (-one.score, one.passage_id))
            return found[:k]
        wanted = 2 * wanted


def _best(segments: Sequence[Segment], query: Rows, wanted: int, product_id: str | None) -> _Best:
    """The ``wanted`` best rows, dead or alive, and those that tie with the last one."""
    scores, pairs = [np.empty(0)], [np.empty((0, 2), np.int64)]
    size = 0
    for segment in segments:
        scope = segment.scope(product_id)
        size += scope.stop - scope.start
        if scope.start == scope.stop:
            continue
        rows = segment.propose(query, wanted, scope, product_id is None)
        scores.append(_exact(segment, query, rows))
        pairs.append(np.stack([segment.sequences[rows], segment.passages[rows]], axis=1))
    every, keys = np.concatenate(scores), np.concatenate(pairs)
    if wanted >= len(every):
        return _Best(every, keys, len(every) == size)
    least = np.partition(every, len(every) - wanted)[len(every) - wanted]
    kept = every >= least - 2 * 10.0**-SCORE_DIGITS
    return _Best(every[kept], keys[kept], False)


def _exact(segment: Segment, query: Rows, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """64-bit inner products, some rows at a time."""
    wide = query.astype(np.float64)
    parts = [
        segment.rows[rows[begin : begin + _AT_ONCE]].astype(np.float64) @ wide
        for begin in range(0, len(rows), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty(0)
