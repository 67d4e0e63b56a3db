"""Cross-validation by group: no product on both sides, mean and spread over the folds."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from eval.errors import TooFewGroups
from eval.metrics.no_answer import smoothed_threshold
from eval.reading import Prediction, judge, reading_columns
from eval.records import MergeRule, ReadingQuestion
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
        TooFewGroups: fewer than two folds, or fewer groups than folds.
    """
    sizes = Counter(groups.values())
    if count < 2 or len(sizes) < count:
        raise TooFewGroups(
            f"{count} folds of {len(sizes)} products: 2 folds at least, and a product for each"
        )
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


class Grouped(Protocol):
    """A question, of whatever kind, that may be of a product or a titled text."""

    @property
    def product_id(self) -> str | None: ...
    @property
    def meta(self) -> Mapping[str, str]: ...


def groups_of(questions: Mapping[str, Grouped]) -> dict[str, str]:
    """The product of every question; its title, or the question itself, where there is none."""
    return {
        name: asked.product_id or asked.meta.get("title", "") or name
        for name, asked in questions.items()
    }


def cross_tuned(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    folds: Sequence[frozenset[str]],
    merge: MergeRule = "any",
) -> list[Column]:
    """EM and F1 of each fold at the threshold that was best, smoothed, on the other folds.

    Raises:
        MalformedData: questions and predictions do not have the same ids.
    """
    found: dict[str, Column] = {}
    for fold in folds:
        inside = [q for q in questions if q.id in fold]
        outside = [q for q in questions if q.id not in fold]
        judged = judge(outside, predictions, "f1", merge)
        columns = reading_columns(
            inside,
            {q.id: predictions[q.id] for q in inside},
            merge=merge,
            threshold=smoothed_threshold(list(judged.values())),
            suffix=" (cross-tuned)",
        )
        for column in columns:
            known = found[column.name].scores if column.name in found else {}
            found[column.name] = replace(column, scores={**known, **column.scores})
    return list(found.values())
