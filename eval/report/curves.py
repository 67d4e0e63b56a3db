"""Curves: retrieval by cut-off, confidence, thresholds, and how long questions take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from eval.metrics.ranking import CUTOFFS
from eval.report import axes
from eval.report.model import Cell, Guide, Line, LinePlot, Number, Section, Table
from eval.report.numbers import PERCENTILES, percentiles, shown
from eval.report.runs import PUBLISHED, Run, by_dataset, published, reading

POINTS = 200
"""More points than this do not show in a plot of its size."""

FAR = 1e6
"""Log odds beyond this are no model's."""

_COVERAGES = tuple(n / 10 for n in range(1, 11))
Points = Sequence[tuple[float, float]]


def retrieval(runs: Sequence[Run]) -> Section:
    """Recall and success of all retrievers by cut-off, with random order."""
    plots = []
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        for protocol in run.protocols() if run.kind == "retriever" else ():
            groups.setdefault((run.dataset, protocol), []).append(run)
    for (place, protocol), members in groups.items():
        for family in ("recall", "success"):
            known = [run for run in members if _cuts(run, family, protocol)]
            if known:
                plots.append(_by_rank(place, family, protocol, known))
    prose = "Dots carry 95 % intervals. Random order is what every list would reach by chance."
    return Section("retrieval", "Retrieval", (prose,) if plots else (), plots=tuple(plots))


def confidence(runs: Sequence[Run]) -> Section:
    """Whether confidence is worth something: risk by coverage, reliability, thresholds."""
    plots: list[LinePlot] = []
    for place, group in by_dataset(reading(runs)).items():
        plots += _risk(place, [run for run in group if "risk-coverage" in run.result.curves])
        plots += _reliable(place, [run for run in group if "reliability" in run.result.curves])
        plots += [plot for run in group for plot in _thresholds(place, run)]
    return Section("confidence", "Confidence", plots=tuple(plots))


def latency(runs: Sequence[Run]) -> Section:
    """Percentiles of the wall time per question, and its distribution."""
    timed = [
        (run, stage, list(values))
        for run in runs
        for stage, values in run.result.milliseconds.items()
        if values
    ]
    heads = ("system", "data set", "stage", *(f"p{p}" for p in PERCENTILES), "most", "questions")
    rows: list[tuple[Cell, ...]] = []
    for run, stage, values in timed:
        cells = (Number(v, _places(v)) for v in (*percentiles(values), max(values)))
        rows.append((run.name, run.dataset, stage, *cells, Number(len(values))))
    table = Table("Milliseconds per question", heads, tuple(rows))
    silent = list(
        dict.fromkeys(run.name for run in runs if not any(run.result.milliseconds.values()))
    )
    prose = "Wall time, one question at a time, on the machine of the run."
    note = f"No times per question (questions are read in batches): {', '.join(silent)}."
    return Section(
        "latency",
        "Latency",
        ((prose, note) if silent else (prose,)) if timed else (),
        (table,) if timed else (),
        (_distribution(timed, table),) if timed else (),
    )


def thinned(points: Points, limit: int = POINTS) -> list[tuple[float, float]]:
    """At most about ``limit`` of the points, evenly, the first and the last among them."""
    step = max(1, math.ceil(len(points) / limit))
    kept = list(points[::step])
    return kept if not points or kept[-1] == points[-1] else [*kept, points[-1]]


def at_coverage(points: Points, wanted: float) -> float | None:
    """The risk at the first coverage that reaches ``wanted``; None beyond the curve."""
    return next((risk for coverage, risk in points if coverage >= wanted - 1e-9), None)


def _cuts(run: Run, family: str, protocol: str) -> list[tuple[float, float]]:
    """(k, value) from the run's curve, which is its first protocol's; else from its figures."""
    curve = run.result.curves.get(family)
    if curve is not None and protocol == run.protocols()[0]:
        return list(zip(curve["k"], curve["system"], strict=False))
    found = ((k, run.figure(protocol, f"{family}@{k}")) for k in CUTOFFS)
    return [(float(k), figure.value) for k, figure in found if figure]


def _chance(run: Run, family: str, protocol: str) -> tuple[tuple[float, float], ...]:
    """Random order, found as :func:`_cuts` finds the system."""
    curve = run.result.curves.get(family, {})
    if "random" in curve and protocol == run.protocols()[0]:
        return tuple(zip(curve["k"], curve["random"], strict=False))
    found = ((k, run.baseline(protocol, f"{family}@{k}")) for k in CUTOFFS)
    return tuple((float(k), figure.value) for k, figure in found if figure)


def _by_rank(place: str, family: str, protocol: str, runs: Sequence[Run]) -> LinePlot:
    lines = []
    for run in runs:
        found = [(k, run.figure(protocol, f"{family}@{k}")) for k in CUTOFFS]
        dots = tuple((float(k), f.value, *f.interval) for k, f in found if f)
        lines.append(Line(run.name, run.style, tuple(_cuts(run, family, protocol)), dots))
    others = list(_published(family, protocol, runs))
    lines += others
    chance = next((c for run in runs if (c := _chance(run, family, protocol))), ())
    if chance:
        lines.append(Line("random order", -1, chance))
    top = max(k for line in lines for k, _ in line.points)
    title = f"{family.capitalize()}@k"
    note = f"{place}, protocol {protocol}" + (f". {PUBLISHED} as published." if others else "")
    table = _point_table(title, "k", sorted({k for k in CUTOFFS if k <= top}), lines)
    return LinePlot(
        title,
        note,
        axes.ranks("k, texts looked at", top),
        axes.upper_fraction(shown(family), (v for line in lines for v in _heights(line))),
        tuple(lines),
        table,
    )


def _published(family: str, protocol: str, runs: Sequence[Run]) -> Iterator[Line]:
    """What others reported, as lines with colours and markers that no run has."""
    style = max(run.style for run in runs) + 1
    for name, values in published(runs, protocol).items():
        points = tuple((float(k), values[m]) for k in CUTOFFS if (m := f"{family}@{k}") in values)
        if points:
            yield Line(name, style, points, tuple((k, v, v, v) for k, v in points))
            style += 1


def _heights(line: Line) -> Iterator[float]:
    yield from (y for _, y in line.points)
    yield from (low for _, _, low, _ in line.dots)


def _point_table(
    title: str, head: str, wanted: Sequence[float], lines: Sequence[Line], places: int = 3
) -> Table:
    """The values of all lines at some x."""
    values = [dict(line.points) for line in lines]
    rows: list[tuple[Cell, ...]] = []
    for x in wanted:
        rows.append((Number(x), *(Number(v[x], places) if x in v else None for v in values)))
    return Table(title, (head, *(line.name for line in lines)), tuple(rows))


def _risk(place: str, runs: Sequence[Run]) -> Iterator[LinePlot]:
    if not runs:
        return
    curves = []
    for run in runs:
        curve = run.result.curves["risk-coverage"]
        curves.append(list(zip(curve["coverage"], curve["risk"], strict=False)))
    lines = tuple(
        Line(r.name, r.style, tuple(thinned(c))) for r, c in zip(runs, curves, strict=True)
    )

    def cell(points: Points, wanted: float) -> Cell:
        risk = at_coverage(points, wanted)
        return None if risk is None else Number(risk, 3)

    rows = tuple((Number(x, 1), *(cell(points, x) for points in curves)) for x in _COVERAGES)
    heads = ("coverage", *(run.name for run in runs))
    yield LinePlot(
        "Risk by coverage",
        f"{place}. Answering only the surest questions: how many of the answers are wrong.",
        axes.fraction("coverage, share of questions answered"),
        axes.fraction("risk, share of answers that are wrong"),
        lines,
        Table("Risk by coverage", heads, rows),
    )


def _reliable(place: str, runs: Sequence[Run]) -> Iterator[LinePlot]:
    if not runs:
        return
    lines, rows = [], []
    for run in runs:
        curve = run.result.curves["reliability"]
        points = list(zip(curve["confidence"], curve["accuracy"], strict=False))
        dots = tuple((x, y, y, y) for x, y in points)
        lines.append(Line(run.name, run.style, tuple(points), dots))
        rows += [
            (run.name, Number(x, 3), Number(y, 3), Number(n))
            for (x, y), n in zip(points, curve["count"], strict=False)
        ]
    heads = ("system", "mean confidence", "accuracy", "questions")
    yield LinePlot(
        "Reliability",
        f"{place}. Confidence that keeps its word lies on the diagonal; bins of equal size.",
        axes.fraction("confidence"),
        axes.fraction("accuracy, share of best spans that are right"),
        tuple(lines),
        Table("Reliability", heads, tuple(rows)),
        (Guide("ideal", (0.0, 0.0), (1.0, 1.0)),),
    )


def _thresholds(place: str, run: Run) -> Iterator[LinePlot]:
    """EM and F1 over all questions at every threshold on the score of an answer."""
    found: dict[str, list[tuple[float, float]]] = {}
    for metric in ("em", "f1"):
        curve = run.result.curves.get(f"threshold-{metric}", {"threshold": (), metric: ()})
        points = zip(curve["threshold"], curve[metric], strict=False)
        # Questions without a text have a score beyond every real one.
        found[metric] = [(x, y) for x, y in points if abs(x) < FAR]
    if not all(found.values()):
        return
    lines = tuple(
        Line(shown(metric), style, tuple(thinned(points)))
        for style, (metric, points) in enumerate(found.items())
    )
    x = axes.linear("least score of an answer (log odds)", (p[0] for p in found["em"]))
    chosen = (("used", "threshold"), ("tuned", "tuned_threshold"))
    known = ((name, run.result.header.get(key)) for name, key in chosen)
    guides = tuple(
        Guide(name, (float(at), 0.0), (float(at), 100.0))
        for name, at in known
        if isinstance(at, int | float) and x.low <= at <= x.high
    )
    ticks = [tick for tick in x.ticks if tick <= max(found["em"])[0]]
    rows = tuple((Number(t, 1), *(_nearest(points, t) for points in found.values())) for t in ticks)
    yield LinePlot(
        f"No-answer threshold, {run.name}",
        f"{place}, protocol all. Left: everything is answered; right: nothing is.",
        x,
        axes.percent("EM and F1"),
        lines,
        Table(f"By threshold, {run.name}", ("threshold", *(ln.name for ln in lines)), rows),
        guides,
    )


def _nearest(points: Points, wanted: float) -> Cell:
    """The value at the least threshold that is not below ``wanted``: all below answer as much."""
    above = [point for point in points if point[0] >= wanted]
    return Number(min(above)[1], 1) if above else None


def _distribution(timed: Sequence[tuple[Run, str, list[float]]], table: Table) -> LinePlot:
    """The last stage of every run: it is the total where there are several."""
    last = {(run.name, run.dataset): (run, values) for run, _, values in timed}
    several = len({run.dataset for run, _ in last.values()}) > 1
    lines = []
    for style, (run, values) in enumerate(last.values()):
        ordered = [(v, (n + 1) / len(values)) for n, v in enumerate(sorted(values)) if v > 0]
        name = f"{run.name}, {run.dataset}" if several else run.name
        lines.append(Line(name, style if several else run.style, tuple(thinned(ordered))))
    return LinePlot(
        "Time per question",
        "Share of questions that are done within a time.",
        axes.milliseconds("milliseconds", (p[0] for line in lines for p in line.points)),
        axes.fraction("share of questions"),
        tuple(lines),
        table,
    )


def _places(value: float) -> int:
    return 2 if value < 1 else 1 if value < 100 else 0
