"""How well probabilities keep their word."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from eval.metrics.definition import Definition

DEFINITIONS = (
    Definition(
        "ece",
        "Mean distance of confidence and accuracy over 15 bins of equal mass.",
        "fraction",
        "Naeini et al., AAAI 2015; Nixon et al., 2019",
        higher_is_better=False,
    ),
    Definition(
        "brier",
        "Mean squared distance of confidence and outcome.",
        "fraction",
        "Brier, 1950",
        higher_is_better=False,
    ),
)


def expected_calibration_error(
    probabilities: npt.ArrayLike, right: npt.ArrayLike, bins: int = 15
) -> float:
    """Mean distance of confidence and accuracy over equal-mass bins, in [0, 1].

    Source: Naeini, Cooper and Hauskrecht (AAAI 2015), with bins of equal mass as Nixon et al.
    (2019) advise.

    Raises:
        ValueError: no probabilities, or as many outcomes are not given.
    """
    p, y = _pairs(probabilities, right)
    parts = _bins(p, bins)
    return float(sum(part.size * abs(p[part].mean() - y[part].mean()) for part in parts) / p.size)


def resampled_calibration_error(
    probabilities: npt.ArrayLike, right: npt.ArrayLike, times: npt.NDArray[np.int64], bins: int = 15
) -> npt.NDArray[np.float64]:
    """:func:`expected_calibration_error` (b,) of b resamples, all at once.

    Args:
        times: how often each of the n questions is in each resample, (b, n); rows sum to n.

    Raises:
        ValueError: no probabilities, or as many outcomes are not given.
    """
    p, y = _pairs(probabilities, right)
    order = np.argsort(p, kind="stable")
    ranks = np.tile(np.arange(p.size), len(times))
    drawn = np.repeat(ranks, times[:, order].ravel()).reshape(len(times), p.size)
    sizes = [part.size for part in _bins(p, bins)]
    sums = np.add.reduceat((p - y)[order][drawn], np.cumsum([0, *sizes[:-1]]), axis=1)
    return np.asarray(np.abs(sums).sum(axis=1) / p.size, np.float64)


def brier_score(probabilities: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Mean squared distance of probability and outcome, in [0, 1] (Brier, 1950).

    Raises:
        ValueError: no probabilities, or as many outcomes are not given.
    """
    p, y = _pairs(probabilities, right)
    return float(((p - y) ** 2).mean())


def reliability(
    probabilities: npt.ArrayLike, right: npt.ArrayLike, bins: int = 15
) -> dict[str, list[float]]:
    """Mean ``confidence``, ``accuracy`` and ``count`` of each equal-mass bin, surest last.

    Raises:
        ValueError: no probabilities, or as many outcomes are not given.
    """
    p, y = _pairs(probabilities, right)
    parts = _bins(p, bins)
    return {
        "confidence": [float(p[part].mean()) for part in parts],
        "accuracy": [float(y[part].mean()) for part in parts],
        "count": [float(part.size) for part in parts],
    }


def _bins(p: npt.NDArray[np.float64], bins: int) -> list[npt.NDArray[np.intp]]:
    """Indices by rising probability, in parts of equal size."""
    order = np.argsort(p, kind="stable")
    return [part for part in np.array_split(order, bins) if part.size]


def _pairs(
    probabilities: npt.ArrayLike, right: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    p, y = np.asarray(probabilities, np.float64), np.asarray(right, np.float64)
    if p.size == 0 or p.shape != y.shape:
        raise ValueError(f"as many outcomes as probabilities are needed, got {p.shape}, {y.shape}")
    return p, y
