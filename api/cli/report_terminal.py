"""A report's tables and bars on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.cli import output

if TYPE_CHECKING:
    from eval.report.model import Cell, Report, RowPlot, Table

_BAR = 40  # cells of the longest bar


def show_report(report: Report) -> None:
    """Print every section; curves are left to the page, their tables are not printed either."""
    from eval.report.model import RowPlot

    console = output.console()
    console.print(output.flat(report.title), style="bold", soft_wrap=True)
    console.print(output.flat(report.subtitle), soft_wrap=True)
    for section in report.sections:
        console.print(f"\n{section.title}", style="bold underline")
        for line in section.prose:
            console.print(output.flat(line), style="dim")
        for table in section.tables:
            if len(section.tables) > 1:
                console.print(output.flat(table.caption), style="italic")
            console.print(_table(table))
            console.print()
        for plot in section.plots:
            if isinstance(plot, RowPlot):
                console.print(output.flat(f"{plot.title}, {plot.note} {plot.axis.label}"))
                console.print(_bars(plot))


def _table(table: Table) -> Any:
    from rich.table import Table as RichTable

    made = RichTable(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(table.columns):
        right = table.rows and table.numeric(number)
        made.add_column(column, justify="right" if right else "left")
    for row in table.rows:
        made.add_row(*(_cell(cell) for cell in row))
    return made


def _cell(cell: Cell) -> str:
    from eval.report.model import Number
    from eval.report.numbers import printed

    if isinstance(cell, Number):
        return printed(cell.value, cell.digits)
    return "–" if cell is None else output.flat(cell)


def _bars(plot: RowPlot) -> Any:
    from rich.bar import Bar

    made = output.table("", "", "", "", right=("",))
    made.show_header = False
    for name, entries in plot.rows:
        for entry in entries:
            series = plot.series[entry.series][0] if len(plot.series) > 1 else ""
            label = name if entry is entries[0] else ""
            value = f"{entry.value:.{plot.digits}f}"
            bar = Bar(max(plot.axis.high, 1e-9), 0, entry.value, width=_BAR)
            made.add_row(output.flat(label), output.flat(series), value, bar)
    return made
