"""``reviewqa data``: look into labelled data sets and convert them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import options, output
from api.cli.failures import Failure
from api.cli.progress import counter

if TYPE_CHECKING:
    from eval.conversion.convert import Source
    from eval.conversion.report import ConversionReport

app = typer.Typer(
    help="Look into labelled data sets and convert them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Data = Annotated[
    Path,
    typer.Option("--data", envvar="REVIEWQA_DATA", help="Folder with the public data sets."),
]
HERE = Path()
FORMATS = "subjqa, squad-1.1, squad-2.0, jsonl, beir or dpr"


@app.callback()
def _group() -> None:
    pass


@app.command()
def convert(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file, a BEIR folder, a data set's name.")
    ],
    destination: Annotated[
        Path, typer.Argument(metavar="DEST", help="File or BEIR folder to make; .gz is zipped.")
    ],
    source_format: Annotated[
        str | None, typer.Option("--from", help=f"{FORMATS}; guessed from the name.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--to", help=f"{FORMATS}; guessed from the name.")
    ] = None,
    split: Annotated[
        str, typer.Option("--split", help="Part of a named set or a BEIR folder, read or made.")
    ] = "test",
    protocol: Annotated[
        str | None,
        typer.Option(help="To beir or dpr: open or product says which texts are relevant."),
    ] = None,
    data: Data = HERE,
    force: Annotated[bool, typer.Option("--force", help="Replace what is at DEST.")] = False,
    as_json: options.Json = False,
) -> None:
    """Convert between formats of gold data; says what the target could not hold."""
    with _faults():
        from eval.conversion.convert import convert as convert_data
        from eval.conversion.formats import format_of_destination, known_format

        found = _source(source, source_format, split, data, protocol)
        target = known_format(form) if form else format_of_destination(destination)
        guessed = [
            f"{option} {name}"
            for option, name, given in (
                ("--from", found.format, source_format),
                ("--to", target, form),
            )
            if name and not given
        ]
        if guessed:
            typer.echo(f"guessed: {' '.join(guessed)}", err=True)
        with counter("questions") as progress:
            report = convert_data(found, destination, target, force=force, progress=progress)
    if as_json:
        output.print_json(report)
    else:
        _show(report)


def _source(place: str, form: str | None, split: str, root: Path, protocol: str | None) -> Source:
    from eval.conversion.convert import Source
    from eval.conversion.formats import format_of_source, known_format
    from eval.datasets.retrieval import retrieval_names

    if place == "sample":
        from indexing.sample import questions_path

        place = str(questions_path())
    if form is None and place in retrieval_names() and not Path(place).exists():
        return Source(place, None, split, root, protocol)
    chosen = known_format(form) if form else format_of_source(Path(place))
    return Source(place, chosen, split, root, protocol)


def _show(report: ConversionReport) -> None:
    typer.echo(output.flat(f"{report.source} ({report.source_format})"))
    typer.echo(output.flat(f"-> {report.destination} ({report.destination_format})"))
    for verb, counts in (
        ("read", report.read),
        ("written", report.written),
        ("dropped", report.dropped),
        ("not kept", report.lost),
    ):
        for what, count in counts.items():
            typer.echo(output.flat(f"{verb:<9} {count:>9,} {what}"))
    if not report.dropped and not report.lost:
        typer.echo("nothing was lost")


@contextmanager
def _faults() -> Iterator[None]:
    """Errors of evaluation and of the file system are worded for people."""
    from eval.errors import EvalError

    try:
        yield
    except EvalError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}") from error
