"""A report as Markdown: the same tables, with every plot's numbers in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from eval.report.failures import KINDS
from eval.report.model import Cell, Failure, Number, Report, Table
from eval.report.numbers import in_words

LONGEST = 200
"""Characters of an answer that a line shows."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!&$])")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")


def render_markdown(report: Report) -> str:
    """GitHub's Markdown; nothing in a question, answer or name is taken for markup."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def escaped(text: str) -> str:
    """The text on one line, with everything that Markdown or HTML could read escaped."""
    return _SPECIAL.sub(r"\\\1", " ".join(_CONTROL.sub(" ", text).split()))


def table_lines(table: Table) -> Iterator[str]:
    """A pipe table under its caption; columns of numbers are aligned to the right."""
    yield f"**{escaped(table.caption)}**"
    yield ""
    yield _row(escaped(name) for name in table.columns)
    yield _row("---:" if table.numeric(n) else "---" for n in range(len(table.columns)))
    for row in table.rows:
        yield _row(map(_cell, row))
    yield ""


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escaped(report.title)}"
    yield ""
    yield escaped(report.subtitle)
    for section in report.sections:
        yield ""
        yield f"## {escaped(section.title)}"
        yield ""
        for line in section.prose:
            yield ("- " if section.id == "summary" else "") + escaped(line)
            if section.id != "summary":
                yield ""
        if section.id == "summary":
            yield ""
        for table in (*section.tables, *(plot.table for plot in section.plots)):
            yield from table_lines(table)
        for failure in section.failures:
            yield _failure(failure)


def _failure(failure: Failure) -> str:
    parts = [f"- {failure.loss:.2f} {KINDS[failure.kind]}, {escaped(failure.run)}: "]
    parts.append(f"**{escaped(failure.question)}** ({escaped(failure.id)})")
    if failure.gold or failure.said or failure.withheld:
        gold = " / ".join(_cut(one) for one in failure.gold) or "no answer"
        said = _cut(failure.said) if failure.said else "no answer"
        withheld = f", withheld: {_cut(failure.withheld)}" if failure.withheld else ""
        parts.append(f" — gold: {gold}; said: {said}{withheld}")
    return "".join(parts)


def _cut(text: str) -> str:
    return escaped(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def _cell(cell: Cell) -> str:
    if isinstance(cell, Number):
        return in_words(cell)
    return "–" if cell is None else escaped(cell)


def _row(cells: Iterator[str] | map[str]) -> str:
    return f"| {' | '.join(cells)} |"
