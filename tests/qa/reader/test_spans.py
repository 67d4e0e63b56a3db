"""Span extraction against a brute-force search of every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.reader.spans import ScoredSpan, merge_spans, overlap, window_spans

FIRST = 3


def best_by_brute_force(
    start: np.ndarray, end: np.ndarray, n: int, longest: int
) -> tuple[float, set[tuple[int, int]]]:
    pairs = {
        (i, j): float(start[FIRST + i]) + float(end[FIRST + j])
        for i in range(n)
        for j in range(i, min(n, i + longest))
    }
    top = max(pairs.values())
    return top, {pair for pair, score in pairs.items() if abs(score - top) < 1e-5}


@given(st.integers(1, 20), st.integers(1, 25), st.integers(0, 10_000))
def test_the_best_span_is_the_best_of_all_pairs(n: int, longest: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = rng.normal(size=(2, FIRST + n + 1)).astype(np.float32) * 4
    offsets = np.array([[2 * i, 2 * i + 1] for i in range(n)])
    spans = window_spans(start, end, FIRST, offsets, count=3, max_pieces=longest)
    top, pairs = best_by_brute_force(start, end, n, longest)
    null = float(start[0] + end[0])
    assert spans[0].score == pytest.approx(top - null, abs=1e-4)
    assert (spans[0].start // 2, (spans[0].end - 1) // 2) in pairs
    assert [s.score for s in spans] == sorted((s.score for s in spans), reverse=True)
    assert not any(overlap(a, b) for i, a in enumerate(spans) for b in spans[:i])
    for span in spans:
        assert (span.end - 1) // 2 - span.start // 2 < longest


@given(
    st.lists(st.integers(0, 1), min_size=1, max_size=20), st.integers(1, 25), st.integers(0, 999)
)
def test_a_span_within_a_sentence_is_the_best_of_those(
    ends: list[int], longest: int, seed: int
) -> None:
    sentences = np.cumsum(ends)
    n = len(ends)
    rng = np.random.default_rng(seed)
    start, end = rng.normal(size=(2, FIRST + n + 1)).astype(np.float32) * 4
    offsets = np.array([[2 * i, 2 * i + 1] for i in range(n)])
    found = window_spans(
        start, end, FIRST, offsets, count=3, max_pieces=longest, sentences=sentences
    )
    allowed = [
        float(start[FIRST + i]) + float(end[FIRST + j])
        for i in range(n)
        for j in range(i, min(n, i + longest))
        if sentences[i] == sentences[j]
    ]
    assert found[0].score == pytest.approx(max(allowed) - float(start[0] + end[0]), abs=1e-4)
    for span in found:
        assert sentences[span.start // 2] == sentences[(span.end - 1) // 2]


def test_logits_outside_the_context_never_answer() -> None:
    start = np.array([0, 99, 99, 1, 2, 99], np.float32)
    end = np.array([0, 99, 99, 1, 2, 99], np.float32)
    (span,) = window_spans(start, end, 3, np.array([[0, 4], [5, 9]]), count=1, max_pieces=9)
    assert (span.start, span.end, span.score) == (5, 9, 4.0)


def test_a_constant_added_to_all_logits_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 12)).astype(np.float32)
    offsets = np.array([[i, i + 1] for i in range(8)])
    one = window_spans(start, end, 3, offsets, count=2, max_pieces=4)
    two = window_spans(start + 5, end - 3, 3, offsets, count=2, max_pieces=4)
    assert [(s.start, s.end) for s in one] == [(s.start, s.end) for s in two]
    assert [s.score for s in two] == pytest.approx([s.score for s in one], abs=1e-5)


def test_merging_windows_keeps_the_best_of_overlapping_spans() -> None:
    spans = [ScoredSpan(0, 5, 1.0), ScoredSpan(3, 8, 2.0), ScoredSpan(8, 9, 0.5)]
    assert merge_spans(spans, 3) == [spans[1], spans[2]]
    assert merge_spans(spans, 1) == [spans[1]]


def test_nothing_to_read_gives_no_span() -> None:
    empty = np.zeros((0, 2), np.int64)
    logits = np.zeros(4, np.float32)
    assert window_spans(logits, logits, 3, empty, count=2, max_pieces=5) == []
