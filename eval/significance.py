"""How far a mean over questions could be off: percentile bootstrap (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def bootstrap_interval(
    scores: Sequence[float], *, samples: int = 10_000, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Bounds of the mean of per-question ``scores`` (n,), in their unit.

    Raises:
        ValueError: no scores.
    """
    values = np.asarray(scores, np.float64)
    if values.size == 0:
        raise ValueError("no scores: an interval needs at least one question")
    rng = np.random.default_rng(seed)
    means = np.empty(samples)
    for begin in range(0, samples, 500):
        size = min(500, samples - begin)
        picks = rng.integers(0, values.size, (size, values.size), dtype=np.int32)
        means[begin : begin + size] = values[picks].mean(axis=1)
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)
