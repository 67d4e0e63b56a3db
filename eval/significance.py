"""How far a mean over questions could be off, and whether a difference is more than luck.

Sources: percentile bootstrap (Efron, 1979); paired randomization test (Fisher, 1935; for ranking
Smucker, Allan and Carterette, CIKM 2007). Everything is seeded: the same scores give the same
figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

Draws = npt.NDArray[np.int64]
Statistic = Callable[[Draws], npt.NDArray[np.float64]]

PERMUTATIONS = 10_000
SAMPLES = 10_000
_AT_ONCE = 1_000_000
"""Draws in memory at once."""

_TIE = 1e-12
"""Sums of the same numbers in another order may differ by this share of their sizes' sum."""


def bootstrap_interval(
    scores: Sequence[float], *, samples: int = SAMPLES, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Bounds of the mean of per-question ``scores`` (n,), in their unit.

    Raises:
        ValueError: no scores.
    """
    rows = np.asarray(scores, np.float64).reshape(-1, 1)
    return bootstrap_intervals(rows, samples=samples, level=level, seed=seed)[0]


def bootstrap_intervals(
    rows: npt.ArrayLike, *, samples: int = SAMPLES, level: float = 0.95, seed: int = 0
) -> list[tuple[float, float]]:
    """Bounds of the mean of every column of ``rows`` (n questions, m metrics).

    All columns share their resamples: each is the same draw of questions.

    Raises:
        ValueError: no scores.
    """
    values = np.asarray(rows, np.float64)
    if values.size == 0:
        raise ValueError("no scores: an interval needs at least one question")
    count = len(values)
    means = np.concatenate([times @ values / count for times in _draws(count, samples, seed)])
    bounds = np.percentile(means, _tails(level), axis=0)
    # Rounding in the sums must not push a bound beyond the scores themselves.
    bounds = np.clip(bounds, values.min(axis=0), values.max(axis=0))
    return [(float(low), float(high)) for low, high in bounds.T]


def bootstrap_statistics(
    statistics: Sequence[Statistic],
    count: int,
    *,
    samples: int = SAMPLES,
    level: float = 0.95,
    seed: int = 0,
) -> list[tuple[float, float]]:
    """Bounds of figures that are no means, such as a calibration error; they share resamples.

    Args:
        statistics: each gives the figure (b,) of b resamples, from how often each of the
            questions is in them (b, count).
        count: how many questions there are.

    Raises:
        ValueError: no questions.
    """
    if count < 1:
        raise ValueError("no scores: an interval needs at least one question")
    parts = [[of(times) for of in statistics] for times in _draws(count, samples, seed)]
    bounds = np.percentile(np.concatenate(parts, axis=1), _tails(level), axis=1)
    return [(float(low), float(high)) for low, high in bounds.T]


def _draws(count: int, samples: int, seed: int) -> Iterator[Draws]:
    """How often each of ``count`` questions is in a resample: ``samples`` rows, some at a time."""
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // count)
    for begin in range(0, samples, step):
        size = min(step, samples - begin)
        picks = rng.integers(0, count, (size, count), dtype=np.int32)
        picks += (np.arange(size, dtype=np.int32) * count)[:, None]
        yield np.bincount(picks.ravel(), minlength=size * count).reshape(size, count)


def _tails(level: float) -> list[float]:
    tail = 100 * (1 - level) / 2
    return [tail, 100 - tail]


def randomization_p(
    first: Sequence[float],
    second: Sequence[float],
    *,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> float:
    """Two-sided p of the mean difference of paired scores under random exchange of each pair.

    Exact where there are at most ``permutations`` ways to exchange the pairs that differ, else
    from that many random ones, the observed one counted with them (so p is never 0).

    Raises:
        ValueError: no scores, or not as many of either.
    """
    differences = _differences(first, second)
    differences = differences[differences != 0]
    if differences.size == 0:
        return 1.0
    least = abs(differences.sum()) - _TIE * np.abs(differences).sum()
    if 2**differences.size <= permutations:
        return float((np.abs(_all_sums(differences)) >= least).mean())
    rng = np.random.default_rng(seed)
    extreme, step = 0, max(1, _AT_ONCE // differences.size)
    for begin in range(0, permutations, step):
        size = min(step, permutations - begin)
        signs = rng.integers(0, 2, (size, differences.size), dtype=np.int8) * 2 - 1
        extreme += int((np.abs(signs @ differences) >= least).sum())
    return (extreme + 1) / (permutations + 1)


def difference_interval(
    first: Sequence[float],
    second: Sequence[float],
    *,
    samples: int = SAMPLES,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Bounds of the mean of ``second - first`` over paired resamples of the questions.

    Raises:
        ValueError: no scores, or not as many of either.
    """
    rows = _differences(first, second).reshape(-1, 1)
    return bootstrap_intervals(rows, samples=samples, level=level, seed=seed)[0]


def _differences(first: Sequence[float], second: Sequence[float]) -> npt.NDArray[np.float64]:
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.size == 0 or a.shape != b.shape:
        raise ValueError(f"as many scores of either system are needed, got {a.size} and {b.size}")
    return b - a


def _all_sums(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sum under each of the 2 ** n assignments of signs."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums
