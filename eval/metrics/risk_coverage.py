"""Answering less to be right more: what confidence is worth when answers may be withheld.

Source: El-Yaniv and Wiener (JMLR 2010); area under the curve as in Geifman, Uziel and El-Yaniv
(ICLR 2019). Coverage is the share of questions answered, surest first; risk is the mean loss,
1 - value, of those that are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval.metrics.definition import Definition

AURC = Definition(
    "aurc",
    "Mean risk over all coverages: how often the answers given are wrong, surest first.",
    "fraction",
    "Geifman, Uziel and El-Yaniv, ICLR 2019",
    higher_is_better=False,
)
COVERAGE = Definition(
    "coverage@90",
    "Largest share of questions that can be answered with at least 90 % of the answers right.",
    "fraction",
    "Kamath, Jia and Liang, ACL 2020",
)
DEFINITIONS = (AURC, COVERAGE)
_ROUNDING = 1e-12
"""The mean of many exact fractions may miss its own value by this much."""


@dataclass(frozen=True, slots=True)
class Curve:
    """``risk[i]`` at ``coverage[i]``, both in [0, 1], with coverage rising to 1.

    One point for every distinct score (``threshold[i]``): answers of equal score pass together.
    """

    coverage: npt.NDArray[np.float64]
    risk: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]


def risk_coverage(scores: npt.ArrayLike, values: npt.ArrayLike) -> Curve:
    """The curve of answers with confidences ``scores`` (n,) and ``values`` (n,) in [0, 1].

    Raises:
        ValueError: no scores, or not as many values.
    """
    sure, value = _pairs(scores, values)
    order = np.argsort(-sure, kind="stable")
    sure, loss = sure[order], 1 - value[order]
    last = np.flatnonzero(np.append(sure[1:] != sure[:-1], True))
    risk = np.cumsum(loss)[last] / (last + 1)
    return Curve((last + 1) / sure.size, risk, sure[last])


def aurc(scores: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """Mean over n coverages 1/n … 1 of the risk there, in [0, 1]; less is better.

    Among equal scores the expectation over their random order is taken.
    """
    sure, value = _pairs(scores, values)
    order = np.argsort(-sure, kind="stable")
    sure, loss = sure[order], 1 - value[order]
    _, inverse, counts = np.unique(sure, return_inverse=True, return_counts=True)
    expected = (np.bincount(inverse, loss) / counts)[inverse]
    return float((np.cumsum(expected) / np.arange(1, sure.size + 1)).mean())


def coverage_at_precision(
    scores: npt.ArrayLike, values: npt.ArrayLike, precision: float = 0.9
) -> float:
    """The largest coverage whose answers have at least that mean value; 0.0 if none has."""
    curve = risk_coverage(scores, values)
    reached = curve.coverage[curve.risk <= 1 - precision + _ROUNDING]
    return float(reached[-1]) if reached.size else 0.0


def resampled_aurc(
    scores: npt.ArrayLike, values: npt.ArrayLike, times: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """:func:`aurc` (b,) of b resamples, all at once.

    Args:
        times: how often each of the n questions is in each resample, (b, n); rows sum to n.
    """
    count, loss = _grouped(scores, values, times)
    size = int(count[0].sum())
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, size + 1))])
    after, lost = np.cumsum(count, axis=1), np.cumsum(loss, axis=1)
    # Within a group of equal scores the losses so far grow by the group's mean at every place.
    mean = np.divide(loss, count, out=np.zeros_like(loss), where=count > 0)
    steps = harmonic[after] - harmonic[after - count]
    area = (lost - loss - (after - count) * mean) * steps + mean * count
    return np.asarray(area.sum(axis=1) / size, np.float64)


def resampled_coverage(
    scores: npt.ArrayLike,
    values: npt.ArrayLike,
    times: npt.NDArray[np.int64],
    precision: float = 0.9,
) -> npt.NDArray[np.float64]:
    """:func:`coverage_at_precision` (b,) of b resamples; ``times`` as in :func:`resampled_aurc`."""
    count, loss = _grouped(scores, values, times)
    after, lost = np.cumsum(count, axis=1), np.cumsum(loss, axis=1)
    reached = np.where(lost <= (1 - precision + _ROUNDING) * after, after, 0)
    return np.asarray(reached.max(axis=1) / after[:, -1], np.float64)


def _grouped(
    scores: npt.ArrayLike, values: npt.ArrayLike, times: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Answers and losses of every resample by distinct score, surest first, (b, groups) each."""
    sure, value = _pairs(scores, values)
    order = np.argsort(-sure, kind="stable")
    sure, loss, drawn = sure[order], 1 - value[order], times[:, order]
    first = np.flatnonzero(np.append(True, sure[1:] != sure[:-1]))
    return np.add.reduceat(drawn, first, axis=1), np.add.reduceat(drawn * loss, first, axis=1)


def _pairs(
    scores: npt.ArrayLike, values: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    sure, value = np.asarray(scores, np.float64), np.asarray(values, np.float64)
    if sure.size == 0 or sure.shape != value.shape:
        raise ValueError(f"as many values as scores are needed, got {sure.shape}, {value.shape}")
    return sure, value
