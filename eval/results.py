"""What an evaluation comes to: per-question scores, figures with intervals, and what was asked.

A result is plain data, complete enough to be compared, plotted and browsed without the system
that was measured or the data it was measured on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.metrics.definition import Unit
from eval.significance import bootstrap_intervals

SCALE: Mapping[Unit, float] = {"percent": 100.0, "fraction": 1.0}


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over ``count`` questions in its metric's unit, and its 95 % bootstrap interval.

    EM, F1 and agreement are percentages, everything else is a fraction.
    """

    metric: str
    protocol: str
    value: float
    interval: tuple[float, float]
    count: int


@dataclass(frozen=True, slots=True)
class Column:
    """One metric under one protocol: a score in [0, 1] for every question it counts, by id."""

    metric: str
    protocol: str
    scores: Mapping[str, float]
    unit: Unit = "fraction"

    @property
    def name(self) -> str:
        """``protocol: metric``, the column's name wherever one string is needed."""
        return f"{self.protocol}: {self.metric}"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an answer stands: ``texts[text_id][start:end]``, in Unicode code points."""

    text_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as people see it: the gold beside what the system said.

    ``answer`` is empty for no answer; of a retriever it is the best document's text.
    ``ranked``: ids of what was retrieved, best first. ``relevant``: ids that should have been.
    ``gold_at``, ``answer_at``: where the gold and the system's best span stand, where known; the
    best span is kept also where it was withheld.
    """

    question: str
    gold: tuple[str, ...] = ()
    answer: str = ""
    score: float | None = None
    product_id: str = ""
    ranked: tuple[str, ...] = ()
    relevant: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    gold_at: tuple[Mark, ...] = ()
    answer_at: Mark | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A value somebody else reported, to be drawn beside ours.

    ``protocol`` and ``metric`` name the column it stands beside; ``source`` is the publication.
    """

    label: str
    metric: str
    protocol: str
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Result:
    """One system on one data set.

    Attributes:
        kind: ``retriever``, ``reader`` or ``pipeline``.
        header: what every figure is qualified by: dataset, split, protocol, merge, scope,
            corpus, depth, system, fingerprints, counts. JSON values.
        columns: per-question scores.
        figures: their means with intervals, and figures that are no means (ECE, AURC).
        baselines: random order or annotators, under their protocols' names.
        curves: point lists by name, such as ``risk-coverage``: ``{axis: values}``.
        asked: the questions by id.
        milliseconds: stage to wall time per question, in the order they were asked.
        published: what others reported on the same data, in the units of the figures.
        texts: the texts that marks point into, and a retriever's best and relevant ones, by id.
    """

    kind: str
    header: Mapping[str, Any]
    columns: tuple[Column, ...]
    figures: tuple[Figure, ...]
    baselines: tuple[Figure, ...] = ()
    curves: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    asked: Mapping[str, Asked] = field(default_factory=dict)
    milliseconds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    published: tuple[Published, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


def figures(columns: Sequence[Column]) -> list[Figure]:
    """The mean of every column with its interval; columns without a question are left out.

    Columns over the same questions are resampled together.
    """
    groups: dict[tuple[str, ...], list[Column]] = {}
    for column in columns:
        groups.setdefault(tuple(sorted(column.scores)), []).append(column)
    found: dict[int, Figure] = {}
    for ids, members in groups.items():
        if ids:
            for column, made in zip(members, _figures(ids, members), strict=True):
                found[id(column)] = made
    return [found[id(column)] for column in columns if id(column) in found]


def _figures(ids: tuple[str, ...], columns: list[Column]) -> list[Figure]:
    rows = [[column.scores[name] for column in columns] for name in ids]
    intervals = bootstrap_intervals(rows)
    made = []
    for number, (column, (low, high)) in enumerate(zip(columns, intervals, strict=True)):
        scale = SCALE[column.unit]
        mean = scale * sum(row[number] for row in rows) / len(rows)
        made.append(
            Figure(column.metric, column.protocol, mean, (scale * low, scale * high), len(rows))
        )
    return made
