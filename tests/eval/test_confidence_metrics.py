"""Thresholds and risk–coverage against brute force over everything that could be done."""

from __future__ import annotations

import math
from itertools import pairwise, permutations
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.calibration import (
    expected_calibration_error,
    reliability,
    resampled_calibration_error,
)
from eval.metrics.no_answer import (
    Judged,
    best_threshold,
    gated,
    official_best,
    smoothed_threshold,
    threshold_curve,
)
from eval.metrics.risk_coverage import (
    aurc,
    coverage_at_precision,
    resampled_aurc,
    resampled_coverage,
    risk_coverage,
)

JUDGED = st.lists(
    st.builds(
        lambda answerable, value, score: Judged(value if answerable else 0.0, score, answerable),
        st.booleans(),
        st.sampled_from([0.0, 0.5, 1.0]),
        st.integers(-3, 3).map(float),
    ),
    min_size=1,
    max_size=8,
)
PAIRS = st.lists(
    st.tuples(st.integers(0, 3).map(float), st.sampled_from([0.0, 0.5, 1.0])),
    min_size=1,
    max_size=5,
)


@given(JUDGED)
def test_the_best_threshold_beats_every_other(judged: list[Judged]) -> None:
    every = [math.inf, *(one.score for one in judged), *(one.score + 0.5 for one in judged)]
    tried = max(mean(gated(one, at) for one in judged) for at in every)
    best = best_threshold(judged)
    assert best.value == pytest.approx(tried, abs=1e-12)
    assert mean(gated(one, best.threshold) for one in judged) == pytest.approx(best.value)
    assert official_best(judged).value >= best.value - 1e-12


@given(JUDGED)
def test_every_point_of_the_curve_is_what_gating_there_gives(judged: list[Judged]) -> None:
    curve = threshold_curve(judged)
    for point in curve:
        assert mean(gated(one, point.threshold) for one in judged) == pytest.approx(point.value)
    assert [p.threshold for p in curve] == sorted({p.threshold for p in curve}, reverse=True)


def test_a_lucky_step_does_not_move_the_smoothed_threshold() -> None:
    good = [Judged(1.0, 10 + i / 100, True) for i in range(100)]
    bad = [Judged(0.0, -i / 100, False) for i in range(1, 100)]
    lucky = [Judged(1.0, -50.0, True)] * 3
    assert smoothed_threshold([*good, *bad, *lucky]) == pytest.approx(10, abs=0.3)
    assert smoothed_threshold([Judged(0, -math.inf, False, True)]) == 0.0


@given(PAIRS)
def test_area_is_the_mean_over_every_order_of_equal_scores(
    pairs: list[tuple[float, float]],
) -> None:
    areas = []
    for order in permutations(pairs):
        if all(a[0] >= b[0] for a, b in pairwise(order)):
            losses = [1 - value for _, value in order]
            areas.append(mean(mean(losses[: n + 1]) for n in range(len(losses))))
    scores, values = zip(*pairs, strict=True)
    assert aurc(scores, values) == pytest.approx(mean(areas), abs=1e-12)


@given(PAIRS, st.sampled_from([0.5, 0.75, 0.9, 1.0]))
def test_coverage_at_precision_is_the_widest_that_keeps_it(
    pairs: list[tuple[float, float]], precision: float
) -> None:
    scores, values = zip(*pairs, strict=True)
    widest = 0.0
    for at in scores:
        kept = [value for score, value in pairs if score >= at]
        if mean(kept) >= precision - 1e-12:
            widest = max(widest, len(kept) / len(pairs))
    assert coverage_at_precision(scores, values, precision) == pytest.approx(widest)


@given(PAIRS)
def test_the_curve_ends_at_everything(pairs: list[tuple[float, float]]) -> None:
    scores, values = zip(*pairs, strict=True)
    curve = risk_coverage(scores, values)
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(1 - mean(values))
    assert list(curve.threshold) == sorted(set(scores), reverse=True)


def test_reliability_bins_explain_the_calibration_error() -> None:
    rng = np.random.default_rng(5)
    p = rng.random(400)
    right = (rng.random(400) < p**2).astype(float)
    bins = reliability(p, right)
    gaps = np.abs(np.array(bins["confidence"]) - np.array(bins["accuracy"]))
    weighted = float(gaps @ np.array(bins["count"]) / 400)
    assert weighted == pytest.approx(expected_calibration_error(p, right))
    assert sum(bins["count"]) == 400
    assert bins["confidence"] == sorted(bins["confidence"])


@given(
    st.lists(st.tuples(st.integers(0, 3).map(float), st.integers(0, 1)), min_size=1, max_size=40),
    st.integers(0, 1000),
)
def test_figures_of_many_resamples_are_the_figures_of_each(
    pairs: list[tuple[float, int]], seed: int
) -> None:
    scores, values = np.array(pairs).T
    size = len(pairs)
    picks = np.random.default_rng(seed).integers(0, size, (6, size))
    times = np.array([np.bincount(row, minlength=size) for row in picks])
    drawn = [np.repeat(np.arange(size), row) for row in times]
    for together, alone in (
        (resampled_aurc, aurc),
        (resampled_coverage, coverage_at_precision),
        (resampled_calibration_error, expected_calibration_error),
    ):
        each = [alone(scores[at], values[at]) for at in drawn]
        assert list(together(scores, values, times)) == pytest.approx(each, abs=1e-12)


@pytest.mark.parametrize("function", [aurc, coverage_at_precision, risk_coverage])
def test_nothing_to_measure_is_refused(function: object) -> None:
    with pytest.raises(ValueError, match="as many values as scores"):
        function([], [])  # type: ignore[operator]
    with pytest.raises(ValueError, match="as many values as scores"):
        function([1.0], [1.0, 0.0])  # type: ignore[operator]
