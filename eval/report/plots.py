"""Plots as SVG: each at a size whose letters can still be read on a phone."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Callable, Iterator, Sequence

from eval.report.model import Axis, Entry, Guide, Line, LinePlot, Plot, RowPlot
from eval.report.numbers import printed
from eval.report.svg import element, marker, polyline, text

WIDTH, HEIGHT = 460.0, 310.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 14.0, 12.0, 46.0
COLOURS = 8
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4")
BAR, GAP = 16.0, 10.0
LETTER = 7.4
"""About the width of a letter at the size of the labels."""

LONGEST = 22
"""Characters of a line of a label."""

Scale = Callable[[float], float]


def draw(plot: Plot, name: str) -> str:
    """The plot as an SVG element whose ids begin with ``name``."""
    body, height = _frame(plot) if isinstance(plot, LinePlot) else _rows(plot)
    return element(
        "svg",
        element("title", _plain(plot.title), id=f"{name}-title"),
        element("desc", _plain(_description(plot)), id=f"{name}-desc"),
        *body,
        viewBox=f"0 0 {WIDTH:.0f} {height:.0f}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def swatch(style: int, plot: Plot) -> str:
    """The line, bar or dot of a series, for a legend."""
    drawn: tuple[str, ...]
    if isinstance(plot, LinePlot):
        with_dots = any(line.dots for line in plot.lines if line.style == style)
        line = polyline([(1, 7), (29, 7)], class_="line", stroke_dasharray=_dash(style))
        drawn = (line, marker(style, 15, 7)) if with_dots else (line,)
    elif plot.shape == "bar":
        drawn = (element("rect", x=2, y=2, width=26, height=10, class_=_bar_class(style)),)
    else:
        drawn = (polyline([(3, 7), (27, 7)], class_="whisker"), marker(style, 15, 7))
    group = element("g", *drawn, class_=colour(style))
    return element("svg", group, viewBox="0 0 30 14", width=30, height=14, aria_hidden="true")


def legend(plot: Plot) -> list[tuple[str, str]]:
    """(swatch, name) of every series."""
    if isinstance(plot, LinePlot):
        return [(swatch(line.style, plot), line.name) for line in plot.lines]
    return [(swatch(style, plot), name) for name, style in plot.series]


def colour(style: int) -> str:
    """The class that gives a series its colour."""
    return "series base" if style < 0 else f"series c{style % COLOURS}"


def _frame(plot: LinePlot) -> tuple[list[str], float]:
    x = _scale(plot.x, LEFT, WIDTH - RIGHT)
    y = _scale(plot.y, HEIGHT - BOTTOM, TOP)
    body = [*_x_axis(plot.x, x, TOP, HEIGHT - BOTTOM), *_y_axis(plot.y, y)]
    middle = statistics.mean([guide.start[0] for guide in plot.guides] or [0.0])
    body += [part for guide in plot.guides for part in _guide(guide, x, y, middle)]
    body += [_line(line, x, y) for line in plot.lines]
    return body, HEIGHT


def _line(line: Line, x: Scale, y: Scale) -> str:
    parts = [
        polyline(
            ((x(a), y(b)) for a, b in line.points),
            class_="line",
            stroke_dasharray=_dash(line.style),
        )
    ]
    for a, b, low, high in line.dots:
        if high > low:
            parts.append(polyline([(x(a), y(low)), (x(a), y(high))], class_="whisker"))
        parts.append(marker(line.style, x(a), y(b)))
    return element("g", *parts, class_=colour(line.style))


def _guide(guide: Guide, x: Scale, y: Scale, middle: float) -> Iterator[str]:
    (x0, y0), (x1, y1) = guide.start, guide.end
    yield polyline([(x(x0), y(y0)), (x(x1), y(y1))], class_="guide")
    if x0 == x1:  # the word stands beside the line's top, where there is room
        left = guide.start[0] <= middle
        at = x(x1) + (-5 if left else 5), y(y1) + 12
        yield text(guide.name, *at, text_anchor="end" if left else "start", class_="small")


def _x_axis(axis: Axis, x: Scale, top: float, bottom: float) -> Iterator[str]:
    for tick, label in zip(axis.ticks, _labels(axis), strict=True):
        yield polyline([(x(tick), top), (x(tick), bottom)], class_="grid")
        yield text(label, x(tick), bottom + 17, text_anchor="middle")
    yield polyline([(x(axis.low), bottom), (x(axis.high), bottom)], class_="axis")
    middle = (x(axis.low) + x(axis.high)) / 2
    yield text(axis.label, middle, bottom + 37, text_anchor="middle", class_="label")


def _y_axis(axis: Axis, y: Scale) -> Iterator[str]:
    for tick, label in zip(axis.ticks, _labels(axis), strict=True):
        yield polyline([(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], class_="grid")
        yield text(label, LEFT - 7, y(tick) + 4, text_anchor="end")
    middle = (y(axis.low) + y(axis.high)) / 2
    turn = f"rotate(-90 14 {middle:.0f})"
    yield text(axis.label, 14, middle, text_anchor="middle", class_="label", transform=turn)


def _rows(plot: RowPlot) -> tuple[list[str], float]:
    labels = [_wrapped(name) for name, _ in plot.rows]
    gutter = 12 + LETTER * max(len(line) for lines in labels for line in lines)
    x = _scale(plot.axis, gutter, WIDTH - RIGHT - (34 if plot.shape == "bar" else 0))
    tops, at = [], TOP
    for _, entries in plot.rows:
        tops.append(at)
        at += BAR * max(1, len(entries)) + GAP
    body = list(_x_axis(plot.axis, x, TOP - 4, at))
    for lines, (_, entries), top in zip(labels, plot.rows, tops, strict=True):
        first = top + BAR * max(1, len(entries)) / 2 + 4 - 7 * (len(lines) - 1)
        for n, line in enumerate(lines):
            body.append(text(line, gutter - 8, first + 14 * n, text_anchor="end"))
        body += [_entry(plot, one, x, top + BAR * n) for n, one in enumerate(entries)]
    return body, at + BOTTOM


def _entry(plot: RowPlot, entry: Entry, x: Scale, top: float) -> str:
    style = plot.series[entry.series][1]
    middle, end = top + BAR / 2, x(entry.value)
    ends = entry.interval or (entry.value, entry.value)
    whisker = polyline([(x(v), middle) for v in ends], class_="whisker")
    if plot.shape == "dot":
        return element("g", whisker, marker(style, end, middle), class_=colour(style))
    first = x(plot.axis.low)
    bar = element(
        "rect",
        x=first,
        y=top + 1,
        width=max(end - first, 0.5),
        height=BAR - 2,
        class_=_bar_class(style),
    )
    past = max(end, x(ends[1])) + 5
    value = text(printed(entry.value, plot.digits), past, middle + 4, class_="small")
    return element("g", bar, whisker, value, class_=colour(style))


def _scale(axis: Axis, first: float, last: float) -> Scale:
    """From values to places between ``first`` and ``last``; values outside stay at the edge."""

    def plain(value: float) -> float:
        return math.log(max(value, 1e-9)) if axis.log else value

    low, high = plain(axis.low), plain(axis.high)

    def place(value: float) -> float:
        share = (plain(value) - low) / (high - low)
        return first + min(max(share, 0.0), 1.0) * (last - first)

    return place


def _labels(axis: Axis) -> list[str]:
    """Every tick with as many digits as the finest of them needs."""
    if axis.log:
        return [f"{tick:,.10g}" for tick in axis.ticks]
    places = max(len(f"{tick:.6f}".rstrip("0").partition(".")[2]) for tick in axis.ticks)
    return [printed(tick, places) for tick in axis.ticks]


def _dash(style: int) -> str | None:
    return "3 4" if style < 0 else DASHES[style % len(DASHES)] or None


def _bar_class(style: int) -> str:
    """Bars of the first series are filled, of the second outlined, so print tells them apart."""
    return "bar" if style % 2 == 0 else "bar hollow"


def _wrapped(name: str) -> list[str]:
    """A row's label on one line or two."""
    return textwrap.wrap(name, LONGEST, max_lines=2, placeholder="…") or [""]


def _plain(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _description(plot: Plot) -> str:
    if isinstance(plot, LinePlot):
        what = f"{plot.y.label} by {plot.x.label}"
        names: Sequence[str] = [line.name for line in plot.lines]
    else:
        what, names = plot.axis.label, [name for name, _ in plot.series]
    return f"{plot.note} {what}: {', '.join(names)}. The table below has the numbers."
