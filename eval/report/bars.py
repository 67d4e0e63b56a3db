"""Bars and dots: EM and F1 side by side, and scores by kinds of question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.annotators import ANNOTATORS
from eval.report import axes
from eval.report.breakdowns import BREAKDOWNS, Breakdown, broken_down
from eval.report.failures import main_column
from eval.report.model import Cell, Entry, Number, RowPlot, Section, Table
from eval.report.numbers import digits, number, shown
from eval.report.runs import PUBLISHED, READING, Run, by_dataset, published, reading
from eval.results import Figure

METRICS = ("em", "f1")
BARRED = {
    "all": "every question, no answer included",
    "single": "against one annotator at a time, beside annotators against each other",
    "book": "answerable questions, best span whatever its score",
}
_Row = tuple[str, dict[str, Figure | None | float]]


def answers(runs: Sequence[Run]) -> Section:
    """EM and F1 of readers alone beside whole pipelines, with annotators and published values."""
    plots = [
        plot
        for place, group in by_dataset(reading(runs)).items()
        for protocol, meaning in BARRED.items()
        for plot in _bars(place, protocol, meaning, group)
    ]
    kinds = {run.kind for run in reading(runs)}
    note = (
        "A reader is asked about every labelled text, a pipeline every question once, about all "
        "texts of its product: the numbers of questions differ."
    )
    prose = (note,) if plots and kinds == set(READING) else ()
    return Section("answers", "Answers", prose, plots=tuple(plots))


def breakdowns(runs: Sequence[Run]) -> Section:
    """The main score by question type, subjectivity and review length."""
    plots = []
    missing = []
    for place, group in by_dataset(runs).items():
        for breakdown in BREAKDOWNS:
            made = [
                plot
                for kind in ("retrieval", "answers")
                for plot in _broken(place, breakdown, kind, group)
            ]
            plots += made
            if not made:
                missing.append(f"{breakdown.title[3:]} ({place})")
    note = f"Not annotated, so not shown: {', '.join(missing)}."
    return Section(
        "breakdowns", "By kind of question", (note,) if missing else (), plots=tuple(plots)
    )


def _bars(place: str, protocol: str, meaning: str, runs: Sequence[Run]) -> Iterator[RowPlot]:
    rows: list[_Row] = [(run.name, {m: run.figure(protocol, m) for m in METRICS}) for run in runs]
    if protocol == "single":
        people = next((run for run in runs if run.baseline(ANNOTATORS, "f1")), None)
        if people is not None:
            rows.append(("annotators", {m: people.baseline(ANNOTATORS, m) for m in METRICS}))
    found = published(runs, protocol)
    rows += [(name, dict(values)) for name, values in found.items()]
    rows = [row for row in rows if any(value is not None for value in row[1].values())]
    if rows:
        table_rows = tuple((name, *(_cell(v.get(m)) for m in METRICS)) for name, v in rows)
        heads = ("system", *map(shown, METRICS))
        yield RowPlot(
            f"EM and F1, {protocol}",
            f"{place}: {meaning}." + (f" {PUBLISHED} as published." if found else ""),
            axes.percent("percent"),
            tuple((shown(m), style) for style, m in enumerate(METRICS)),
            tuple((name, tuple(_entries(v))) for name, v in rows),
            Table(f"EM and F1, {protocol}", heads, table_rows),
        )


def _entries(values: dict[str, Figure | None | float]) -> Iterator[Entry]:
    for series, metric in enumerate(METRICS):
        value = values.get(metric)
        if isinstance(value, Figure):
            yield Entry(series, value.value, value.interval)
        elif value is not None:
            yield Entry(series, value, None)


def _cell(value: Figure | None | float) -> Cell:
    return Number(value, 1) if isinstance(value, float | int) else number(value)


def _broken(place: str, breakdown: Breakdown, kind: str, runs: Sequence[Run]) -> Iterator[RowPlot]:
    """One plot for everything that retrieves or everything that answers; none without groups."""
    members = [run for run in runs if (run.kind in READING) == (kind == "answers")]
    columns = [(run, column) for run in members if (column := main_column(run))]
    found = [(run, broken_down(run, breakdown, column)) for run, column in columns]
    found = [(run, groups) for run, groups in found if groups]
    if not found:
        return
    metric = next(column.metric for _, column in columns)
    what = shown(metric)
    present = [g for g in breakdown.groups if any(g in groups for _, groups in found)]
    rows = tuple(
        (
            group,
            tuple(
                Entry(series, groups[group].value, groups[group].interval)
                for series, (_, groups) in enumerate(found)
                if group in groups
            ),
        )
        for group in present
    )
    heads = (
        breakdown.label,
        *(h for run, _ in found for h in (f"{run.name}: {what}", "questions")),
    )
    cells = tuple(
        (group, *(c for _, groups in found for c in _two(groups.get(group)))) for group in present
    )
    percentage = digits(metric) == 1
    yield RowPlot(
        f"{breakdown.title}: {what}",
        f"{place}. {breakdown.note}" if breakdown.note else place,
        (axes.percent if percentage else axes.fraction)(what),
        tuple((run.name, run.style) for run, _ in found),
        rows,
        Table(f"{breakdown.title}: {what}", heads, cells),
        "dot",
        digits(metric),
    )


def _two(figure: Figure | None) -> tuple[Cell, Cell]:
    return number(figure), None if figure is None else Number(figure.count)
