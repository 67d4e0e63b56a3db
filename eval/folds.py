"""Cross-validation by group: no product on both sides, mean and spread over the folds."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.results import SCALE, Column


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation of a column's mean over folds, in the metric's unit."""

    metric: str
    protocol: str
    mean: float
    deviation: float
    values: tuple[float, ...]


def group_folds(groups: Mapping[str, str], count: int) -> list[frozenset[str]]:
    """Ids in ``count`` folds of about equal size; ids of one group stay together.

    Larger groups are dealt first, each to the smallest fold, so that the result depends on the
    groups alone.

    Raises:
        ValueError: fewer than two folds, or fewer groups than folds.
    """
    sizes = Counter(groups.values())
    if count < 2 or len(sizes) < count:
        raise ValueError(f"{count} folds of {len(sizes)} products: need 2 or more, a product each")
    filled, home = [0] * count, {}
    for group in sorted(sizes, key=lambda name: (-sizes[name], name)):
        smallest = filled.index(min(filled))
        home[group] = smallest
        filled[smallest] += sizes[group]
    members: list[set[str]] = [set() for _ in range(count)]
    for name, group in groups.items():
        members[home[group]].add(name)
    return [frozenset(one) for one in members]


def spread(columns: Sequence[Column], folds: Sequence[frozenset[str]]) -> list[Spread]:
    """Every column's mean in each fold; folds without a question of the column are left out."""
    found = []
    for column in columns:
        scale = SCALE[column.unit]
        parts = [[v for n, v in column.scores.items() if n in fold] for fold in folds]
        values = [scale * statistics.mean(part) for part in parts if part]
        if values:
            deviation = statistics.stdev(values) if len(values) > 1 else 0.0
            found.append(
                Spread(
                    column.metric,
                    column.protocol,
                    statistics.mean(values),
                    deviation,
                    tuple(values),
                )
            )
    return found
