"""Platt scaling recovers the curve that made the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.reader.calibration import Platt, fit_platt


@given(st.floats(0.2, 2.0), st.floats(-2.0, 2.0))
def test_a_known_curve_is_recovered(slope: float, intercept: float) -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(-6, 6, 20_000)
    right = rng.uniform(size=scores.size) < 1 / (1 + np.exp(-(slope * scores + intercept)))
    fitted = fit_platt(scores, right)
    assert fitted.slope == pytest.approx(slope, rel=0.2)
    assert fitted.intercept == pytest.approx(intercept, abs=0.3)


@given(st.floats(0.01, 0.99), st.floats(0.1, 3), st.floats(-3, 3))
def test_score_at_inverts_the_curve(probability: float, slope: float, intercept: float) -> None:
    curve = Platt(slope, intercept)
    assert curve(curve.score_at(probability)) == pytest.approx(probability)


def test_extremes_stay_probabilities() -> None:
    curve = Platt(1.0, 0.0)
    assert 0.0 <= curve(-1e9) < 1e-9
    assert curve(1e9) == 1.0


def test_separable_scores_stay_finite() -> None:
    fitted = fit_platt([-3, -2, -1, 1, 2, 3], [0, 0, 0, 1, 1, 1])
    assert 0 < fitted.slope < 100


def test_one_sided_outcomes_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="2/0"):
        fit_platt([1.0, 2.0], [1, 1])
