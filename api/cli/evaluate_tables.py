"""Results of evaluations on a terminal and as JSON: every figure with what qualifies it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from api.cli import output

if TYPE_CHECKING:
    from eval.compare import Change, Comparison
    from eval.folds import Spread
    from eval.results import Figure, Result

_PERCENT = ("em", "f1", "best_em", "best_f1", "agreement")
_LONGEST = 160
CHANCE = "random"


def show_result(result: Result, spreads: Sequence[Spread]) -> None:
    """Print what was measured, then its figures beside the baselines, then the folds."""
    for line in _about(result.header):
        typer.echo(line)
    output.print_whole(_figure_table(result))
    for label, source in {one.label: one.source for one in result.published}.items():
        typer.echo(output.flat(f"  {label}: {source}"))
    if spreads:
        output.print_whole(_spread_table(spreads))
    typer.echo("")


def _figure_table(result: Result) -> Any:
    """Every figure, what chance reaches, and what others published, of one metric in one row."""
    beside = _beside(result)
    columns = ("protocol", "metric", "value", "95 %", "n")
    labels = list(dict.fromkeys(label for cells in beside.values() for label in cells))
    table = output.table(*columns, *map(output.flat, labels), right=("value", "n", *labels))
    known = set()
    for figure in result.figures:
        key = (figure.protocol, figure.metric)
        known.add(key)
        cells = beside.get(key, {})
        table.add_row(*_cells(figure), *(cells.get(label, "") for label in labels))
    for figure in result.baselines:
        if (figure.protocol, figure.metric) not in known:
            table.add_row(*_cells(figure), *("" for _ in labels))
    for key in beside.keys() - known:
        table.add_row(*key, "", "", "", *(beside[key].get(label, "") for label in labels))
    return table


def _beside(result: Result) -> dict[tuple[str, str], dict[str, str]]:
    """By protocol and metric: label and value of what stands beside the result's own figure."""
    measured = {(figure.protocol, figure.metric) for figure in result.figures}
    found: dict[tuple[str, str], dict[str, str]] = {}
    for figure in result.baselines:
        key = (figure.protocol, figure.metric)
        if key in measured:
            found.setdefault(key, {})[CHANCE] = _number(figure.metric, figure.value)
    for one in result.published:
        cell = _number(one.metric, one.value)
        found.setdefault((one.protocol, one.metric), {})[one.label] = cell
    return found


def show_comparison(
    first: Result, second: Result, found: Sequence[Comparison], moved: Sequence[Change], name: str
) -> None:
    """Print who wins, and the questions that changed most with both answers."""
    for label, result in (("A", first), ("B", second)):
        typer.echo(f"{label}: {_about(result.header)[0]}")
    table = output.table(
        "protocol", "metric", "A", "B", "B - A", "95 %", "p", "", "wins", "losses", "ties",
        right=("A", "B", "B - A", "p", "wins", "losses", "ties"),
    )  # fmt: skip
    for one in found:
        low, high = (_number(one.metric, bound, signed=True) for bound in one.interval)
        table.add_row(
            one.protocol,
            one.metric,
            _number(one.metric, one.first),
            _number(one.metric, one.second),
            _number(one.metric, one.difference, signed=True),
            f"{low} … {high}",
            f"{one.p:.4f}",
            "significant" if one.significant else "",
            *(str(count) for count in (one.wins, one.losses, one.ties)),
        )
    output.console().print(table)
    if moved:
        typer.echo(f"\nchanged most by {name}:")
    for change in moved:
        _show_change(change)


def tree(result: Result, spreads: Sequence[Spread]) -> dict[str, Any]:
    """Header, figures and folds as JSON values; per-question scores are in the result file."""
    return {
        "kind": result.kind,
        "header": dict(result.header),
        "figures": [asdict(figure) for figure in result.figures],
        "baselines": [asdict(figure) for figure in result.baselines],
        "published": [asdict(one) for one in result.published],
        "folds": [asdict(one) for one in spreads],
    }


def _about(header: Mapping[str, Any]) -> list[str]:
    """One line that names the run, one with everything else that qualifies its figures."""
    first = ("system", "dataset", "split", "protocol")
    head = " · ".join(str(header[key]) for key in first if header.get(key))
    rest = {
        k: v for k, v in header.items() if k not in (*first, "data_sha256") and v not in ("", None)
    }
    shown = (f"{key.replace('_', ' ')} {_short(value)}" for key, value in rest.items())
    return [output.flat(head), output.flat("  " + ", ".join(shown))]


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    return text[:12] if len(text) >= 40 and " " not in text else text


def _cells(figure: Figure) -> tuple[str, ...]:
    low, high = (_number(figure.metric, bound) for bound in figure.interval)
    value = _number(figure.metric, figure.value)
    return figure.protocol, figure.metric, value, f"{low} … {high}", str(figure.count)


def _number(metric: str, value: float, *, signed: bool = False) -> str:
    """Percentages with one digit, fractions with three."""
    digits = 1 if metric.partition("@")[0] in _PERCENT else 3
    return f"{value:{'+' if signed else ''}.{digits}f}"


def _spread_table(spreads: Sequence[Spread]) -> Any:
    table = output.table("protocol", "metric", "mean of folds", "deviation", "folds",
                         right=("mean of folds", "deviation"))  # fmt: skip
    for one in spreads:
        values = " ".join(_number(one.metric, value) for value in one.values)
        mean, deviation = (_number(one.metric, v) for v in (one.mean, one.deviation))
        table.add_row(one.protocol, one.metric, mean, deviation, values)
    return table


def _show_change(change: Change) -> None:
    asked = change.second if change.second.question else change.first
    typer.echo(f"\n{change.gain:+.3f}  {output.flat(asked.question)}  [{output.flat(change.id)}]")
    gold = " | ".join(asked.gold) or "(no answer)"
    for label, text in (("A", change.first.answer), ("B", change.second.answer), ("gold", gold)):
        typer.echo(f"  {label:>4}  {_cut(text) or '(no answer)'}")


def _cut(text: str) -> str:
    line = output.flat(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
