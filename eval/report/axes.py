"""Axes with round numbers on them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from eval.report.model import Axis

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_CUTS = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def fraction(label: str) -> Axis:
    """From 0 to 1."""
    return Axis(label, 0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0))


def upper_fraction(label: str, values: Iterable[float]) -> Axis:
    """From a fifth below the least value to 1; for curves, which need no zero to be compared."""
    low = math.floor(5 * min((v for v in values if math.isfinite(v)), default=0.0) + 1e-9)
    ticks = tuple(fifth / 5 for fifth in range(min(max(low, 0), 4), 6))
    return Axis(label, ticks[0], 1.0, ticks)


def percent(label: str) -> Axis:
    """From 0 to 100."""
    return Axis(label, 0.0, 100.0, (0.0, 20.0, 40.0, 60.0, 80.0, 100.0))


def ranks(label: str, highest: float) -> Axis:
    """Cut-offs from 1 up, on a logarithmic scale."""
    top = max(highest, 2.0)
    return Axis(label, 1.0, top, tuple(k for k in _CUTS if k <= top), log=True)


def linear(label: str, values: Iterable[float], wanted: int = 6) -> Axis:
    """Round numbers around all values: about ``wanted`` of them."""
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    size = 10 ** math.floor(math.log10((high - low) / wanted))
    step = next((s * size for s in _STEPS if (high - low) / (s * size) <= wanted), 10 * size)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Axis(label, ticks[0], ticks[-1], ticks)


def milliseconds(label: str, values: Iterable[float]) -> Axis:
    """Powers of ten around all positive values, with 2 and 5 between, on a logarithmic scale."""
    known = [value for value in values if value > 0 and math.isfinite(value)] or [1.0]
    grid = [s * 10.0**p for p in range(-6, 12) for s in (1.0, 2.0, 5.0)]
    low = max((g for g in grid if g <= min(known)), default=grid[0])
    high = min((g for g in grid if g >= max(known)), default=grid[-1])
    if low == high:
        high = 2 * low
    shown = [g for g in grid if low <= g <= high]
    every = 1 + (len(shown) - 1) // 8
    return Axis(label, low, high, tuple(shown[::every]), log=True)
