"""A distribution of whole numbers or shares in a few: quantiles, mean, histogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_QUANTILES = {"p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Summary:
    """Of ``count`` values; quantiles are values that occur (the lower of two between).

    ``edges`` and ``counts``: a histogram, ``counts[i]`` values in ``[edges[i], edges[i + 1])``,
    the last bin with its right edge.
    """

    count: int
    mean: float
    smallest: float
    p25: float
    median: float
    p75: float
    p90: float
    p95: float
    p99: float
    largest: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]


def summarise(
    values: Sequence[float], *, bins: int = 20, span: tuple[float, float] | None = None
) -> Summary | None:
    """The summary; None without values.

    Args:
        span: the ends of the histogram; by default 0 and the 99 % quantile, beyond which
            everything counts into the last bin.
    """
    if not values:
        return None
    array = np.asarray(values, float)
    found = np.quantile(array, list(_QUANTILES.values()), method="lower").tolist()
    low, high = span or (0.0, max(found[-1], 1.0))
    counts, edges = np.histogram(np.clip(array, low, high), bins=bins, range=(low, high))
    return Summary(
        count=len(array),
        mean=float(array.mean()),
        smallest=float(array.min()),
        largest=float(array.max()),
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        **dict(zip(_QUANTILES, found, strict=True)),
    )
