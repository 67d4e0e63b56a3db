"""A report as plain data: prose, tables, plots and failures, in the order they are read.

Nothing here knows HTML or SVG; the same report is rendered to HTML and Markdown and dumped as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Number:
    """A figure with the digits it deserves after the point, and its 95 % interval if it has one."""

    value: float
    digits: int = 0
    interval: tuple[float, float] | None = None


Cell = str | Number | None
"""What stands in a table; None where nothing was measured."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under named columns; a column of numbers is aligned to the right."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def numeric(self, column: int) -> bool:
        """Whether a column holds numbers."""
        return any(isinstance(row[column], Number) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of a plot: what it measures, its range, and where it is labelled."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A curve ``points`` of (x, y), or the dots of it.

    ``style`` numbers colour, dash and marker alike; -1 is the plain grey of what is only compared
    with. ``dots`` are (x, y, low, high): the points with a marker, low and high their interval.
    """

    name: str
    style: int
    points: tuple[tuple[float, float], ...]
    dots: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """A straight thin line across a plot with a word on it."""

    name: str
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class LinePlot:
    """Curves in one frame; ``table`` says the same in numbers."""

    title: str
    note: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    table: Table
    guides: tuple[Guide, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One bar or dot of a row: a value and its interval, None for a value of somebody else."""

    series: int
    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class RowPlot:
    """Bars or dots side by side in labelled rows; ``series`` are (name, style)."""

    title: str
    note: str
    axis: Axis
    series: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, tuple[Entry, ...]], ...]
    table: Table
    shape: Literal["bar", "dot"] = "bar"
    digits: int = 1


Plot = LinePlot | RowPlot


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text, and whether gold and the system's span lie over it."""

    text: str
    gold: bool = False
    said: bool = False


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text to look at, such as the answer's review; ``role`` says why it is shown."""

    text_id: str
    role: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that cost something; ``loss`` is in [0, 1], ``kind`` a key of ``KINDS``."""

    id: str
    run: str
    dataset: str
    kind: str
    loss: float
    question: str
    product_id: str
    gold: tuple[str, ...]
    said: str
    withheld: str
    score: float | None
    excerpts: tuple[Excerpt, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under a heading; empty ones are left out."""

    id: str
    title: str
    prose: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    failures: tuple[Failure, ...] = ()
    after: tuple[Table, ...] = field(default=())

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.prose or self.tables or self.plots or self.failures or self.after)


@dataclass(frozen=True, slots=True)
class Report:
    """The whole: a title, one line of what was measured, and the sections."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
