"""From log odds to probabilities: Platt scaling, fitted on held-out questions.

Source: Platt, "Probabilistic Outputs for Support Vector Machines" (1999), with his smoothed
targets, fitted by Newton's method as Lin, Lin and Weng (2007) advise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Platt:
    """``probability = sigmoid(slope * score + intercept)``."""

    slope: float
    intercept: float

    def __call__(self, score: float) -> float:
        """The probability that belongs to a score, in (0, 1)."""
        return float(_sigmoid(np.float64(self.slope * score + self.intercept)))

    def score_at(self, probability: float) -> float:
        """The score at which the probability is reached; infinite for 0 and 1."""
        if probability in (0, 1):
            return math.inf if probability else -math.inf
        return (math.log(probability / (1 - probability)) - self.intercept) / self.slope


def fit_platt(scores: npt.ArrayLike, right: npt.ArrayLike) -> Platt:
    """Fit on scores (n,) and whether each was right (n,).

    Raises:
        ValueError: fewer than one right and one wrong score.
    """
    x = np.asarray(scores, np.float64)
    y = np.asarray(right, bool)
    positives, negatives = int(y.sum()), int((~y).sum())
    if not positives or not negatives:
        raise ValueError(f"calibration needs right and wrong scores, got {positives}/{negatives}")
    target = np.where(y, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    theta = np.array([1.0, np.log((positives + 1) / (negatives + 1))])
    design = np.stack([x, np.ones_like(x)], axis=1)
    for _ in range(100):
        p = _sigmoid(design @ theta)
        gradient = design.T @ (p - target)
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        theta -= step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    return Platt(float(theta[0]), float(theta[1]))


def _sigmoid(x: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))
