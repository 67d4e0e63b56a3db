"""``reviewqa eval report``: results as a page to look at, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import options
from api.cli.failures import Failure

if TYPE_CHECKING:
    from eval.report.runs import Run
    from eval.results import Result

Results = Annotated[
    list[Path],
    typer.Argument(metavar="RESULT...", help="Result files, or folders with results in them."),
]


def _checked(path: Path | None) -> Path | None:
    """Refuse a place that cannot be written to before anything is measured."""
    from eval.errors import EvalError
    from eval.report.files import check_place

    try:
        if path is not None:
            check_place(path)
    except EvalError as error:
        raise Failure(str(error)) from error
    return path


Also = Annotated[
    Path | None,
    typer.Option("--report", callback=_checked, help="Report to write: .html, .md or .json."),
]


def report(
    results: Results,
    out: Annotated[Path, typer.Option("--out", help="The page.")] = Path("report.html"),
    markdown: Annotated[Path | None, typer.Option(help="The same tables as Markdown.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="The same numbers as JSON.")] = None,
    failures: Annotated[
        int, typer.Option(min=0, help="Failures to list, of each kind for each system.")
    ] = 100,
) -> None:
    """Make a report of what 'eval retriever', 'reader' and 'pipeline' measured with --out."""
    options.quiet()
    from eval.errors import EvalError
    from eval.report.runs import read_runs

    try:
        _write(read_runs(results), [p for p in (out, markdown, json) if p is not None], failures)
    except EvalError as error:
        raise Failure(str(error)) from error


def also(path: Path | None, results: Sequence[Result]) -> None:
    """Write a report of results just measured, if one is wanted; raises ``EvalError``."""
    if path is not None:
        from eval.report.runs import name_runs

        _write(name_runs(results), [path])


def _write(runs: Sequence[Run], paths: Sequence[Path], failures: int = 100) -> None:
    from eval.report.build import build
    from eval.report.files import write_report

    made = build(runs, failures)
    for path in paths:
        write_report(path, made)
        typer.echo(f"report: {path}", err=True)
