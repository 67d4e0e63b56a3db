"""Two systems on the same questions: who wins how often, by how much, and is it luck?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.errors import NotComparable
from eval.results import SCALE, Asked, Column, Result
from eval.significance import difference_interval, randomization_p

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of two systems, in the metric's unit; ``difference`` is second minus first.

    ``wins``: questions on which the second is better. ``p``: paired randomization test.
    """

    metric: str
    protocol: str
    first: float
    second: float
    difference: float
    interval: tuple[float, float]
    p: float
    wins: int
    losses: int
    ties: int

    @property
    def significant(self) -> bool:
        """Whether the difference is significant at 5 %."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True, slots=True)
class Change:
    """A question that two systems score differently, with both answers; gains are positive."""

    id: str
    gain: float
    first: Asked
    second: Asked


def compare_columns(first: Column, second: Column) -> Comparison:
    """Compare the scores of one metric.

    Raises:
        NotComparable: the columns do not score the same questions.
    """
    _require_same(first, second)
    ids = sorted(first.scores)
    a, b = [first.scores[name] for name in ids], [second.scores[name] for name in ids]
    scale = SCALE[first.unit]
    low, high = difference_interval(a, b)
    means = scale * sum(a) / len(a), scale * sum(b) / len(b)
    return Comparison(
        first.metric,
        first.protocol,
        *means,
        difference=means[1] - means[0],
        interval=(scale * low, scale * high),
        p=randomization_p(a, b),
        wins=sum(y > x for x, y in zip(a, b, strict=True)),
        losses=sum(y < x for x, y in zip(a, b, strict=True)),
        ties=sum(y == x for x, y in zip(a, b, strict=True)),
    )


def compare(first: Result, second: Result, metrics: Sequence[str] = ()) -> list[Comparison]:
    """Every column that both results have, or those named (``f1`` or ``all: f1``).

    Raises:
        NotComparable: other questions, or no metric in common.
    """
    theirs = {column.name: column for column in second.columns}
    shared = [column for column in first.columns if column.name in theirs]
    if metrics:
        shared = [column for column in shared if {column.name, column.metric} & set(metrics)]
    if not shared:
        known = ", ".join(sorted(theirs)) or "none"
        raise NotComparable(f"the results share no such metric; the second has: {known}")
    return [compare_columns(column, theirs[column.name]) for column in shared]


def changes(first: Result, second: Result, metric: str, limit: int = 10) -> list[Change]:
    """The questions whose score of a column (its name) changed most, largest change first.

    Raises:
        NotComparable: a result lacks the column, or they are about other questions.
    """
    a, b = column_of(first, metric), column_of(second, metric)
    _require_same(a, b)
    gains = {name: b.scores[name] - a.scores[name] for name in a.scores}
    changed = sorted((n for n in gains if gains[n]), key=lambda n: (-abs(gains[n]), n))
    nobody = Asked("")
    return [
        Change(n, gains[n], first.asked.get(n, nobody), second.asked.get(n, nobody))
        for n in changed[:limit]
    ]


def column_of(result: Result, name: str) -> Column:
    """The column of that name; raises :class:`NotComparable` listing those there are."""
    for column in result.columns:
        if column.name == name:
            return column
    known = ", ".join(column.name for column in result.columns)
    raise NotComparable(f"no column {name!r} in the result: one of {known}")


def _require_same(first: Column, second: Column) -> None:
    for name in sorted(first.scores.keys() ^ second.scores.keys()):
        which = "first" if name in first.scores else "second"
        raise NotComparable(f"{first.name}: only the {which} result scores question {name!r}")
    if not first.scores:
        raise NotComparable(f"{first.name}: no question is scored")
