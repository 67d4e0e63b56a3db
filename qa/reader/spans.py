"""From start and end logits to ranked answer spans.

A span's score is its logit sum above the null answer's in the same window,
``start[i] + end[j] - (start[CLS] + end[CLS])``: the log odds of the span against "no answer here"
(Devlin et al., 2019, section 4.3). Nothing is normalised per window, so scores are comparable
across windows, passages and products.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qa.reader.windows import IntArray

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpanRules:
    """Which spans may answer: those of at most ``max_pieces`` word pieces, and, where
    ``within_sentence`` is set, those that do not run on into another sentence.
    """

    max_pieces: int = 64
    within_sentence: bool = False


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """Characters ``start:end`` of a context, and the log odds against its null answer."""

    start: int
    end: int
    score: float


def window_spans(
    start: FloatArray,
    end: FloatArray,
    first: int,
    offsets: IntArray,
    *,
    count: int,
    max_pieces: int,
    sentences: IntArray | None = None,
) -> list[ScoredSpan]:
    """The ``count`` best spans of one window that do not overlap one another, best first.

    Args:
        start, end: (length,) logits; position 0 is the null answer.
        first: index of the first context piece.
        offsets: (n, 2) character offsets of the context pieces.
        count: how many spans to return at most.
        max_pieces: the longest span, in word pieces.
        sentences: (n,) rising numbers of the sentences that the context pieces stand in; then no
            span has pieces of two.
    """
    n = len(offsets)
    starts, ends = start[first : first + n], end[first : first + n]
    null = float(start[0] + end[0])
    best: list[ScoredSpan] = []
    for i, j, score in _ranked_pairs(starts, ends, max_pieces, sentences):
        span = ScoredSpan(int(offsets[i, 0]), int(offsets[j, 1]), score - null)
        if span.start < span.end and not any(overlap(span, other) for other in best):
            best.append(span)
        if len(best) == count:
            break
    return best


def merge_spans(spans: list[ScoredSpan], count: int) -> list[ScoredSpan]:
    """The best non-overlapping spans of several windows of one context, best first."""
    best: list[ScoredSpan] = []
    for span in sorted(spans, key=lambda s: (-s.score, s.start, s.end)):
        if not any(overlap(span, other) for other in best):
            best.append(span)
        if len(best) == count:
            break
    return best


def overlap(one: ScoredSpan, other: ScoredSpan) -> bool:
    """Whether two spans share a character."""
    return one.start < other.end and other.start < one.end


def _ranked_pairs(
    starts: FloatArray, ends: FloatArray, max_pieces: int, sentences: IntArray | None
) -> Iterator[tuple[int, int, float]]:
    """Pairs (i <= j < i + max_pieces) by falling score: per start its best end, all starts."""
    n = len(starts)
    if n == 0:
        return
    width = min(max_pieces, n)
    padded = np.concatenate((ends, np.full(width - 1, -np.inf, ends.dtype)))
    reach = np.lib.stride_tricks.sliding_window_view(padded, width)
    if sentences is not None:
        left = np.searchsorted(sentences, sentences, side="right") - np.arange(n)
        reach = np.where(np.arange(width) < left[:, None], reach, -np.inf)
    lengths = reach.argmax(axis=1)
    scores = starts + reach[np.arange(n), lengths]
    for i in np.argsort(-scores, kind="stable"):
        yield int(i), int(i + lengths[i]), float(scores[i])
