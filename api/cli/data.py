"""``reviewqa data``: look into labelled data sets and convert them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import options, output
from api.cli.failures import Failure
from api.cli.progress import counted, said

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
def stats(
    datasets: Annotated[
        list[str],
        typer.Argument(
            metavar="DATASET...",
            help="subjqa:electronics, subjqa (all of it), epqa, sample, a file, a BEIR folder.",
        ),
    ],
    split: Annotated[
        list[str] | None, typer.Option("--split", help="Only this part; all at hand if absent.")
    ] = None,
    data: Data = HERE,
    model: Annotated[
        Path | None, typer.Option(help="Reader folder whose tokens and window count.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also a page with plots (or .md).")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Question types, lengths, answers, agreement, duplicates, leakage between parts."""
    with _faults():
        from api.cli.report_terminal import show_report
        from eval.report.files import check_place, write_report
        from eval.statistics.describe import describe
        from eval.statistics.report import statistics_report
        from eval.statistics.windows import WindowShape
        from qa.reader.token_counts import TokenCounter

        if html is not None:
            check_place(html)
        counter = TokenCounter.load(model)
        window = counter.window
        shape = WindowShape(window.max_length, window.overlap, window.max_question)
        with said() as progress:
            found = describe(_named(datasets), split or (), data, counter, shape, progress=progress)
        report = statistics_report(found, counter.name)
        if html is not None:
            write_report(html, report)
    if as_json:
        output.print_json(
            {
                "tokenizer": counter.name,
                "parts": found.parts,
                "shared": found.shared,
                "clean_pairs": found.clean_pairs,
            }
        )
    else:
        show_report(report)
    if html is not None:
        typer.echo(f"report: {output.flat(str(html))}", err=as_json)


def _named(datasets: Sequence[str]) -> list[tuple[str, str]]:
    """(title, place) of every set; a family's name stands for all of its parts."""
    from eval.statistics.describe import expanded
    from indexing.sample import questions_path

    return [
        (one, str(questions_path()) if one == "sample" else one)
        for name in dict.fromkeys(datasets)
        for one in expanded(name)
    ]


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
    """Convert between formats of gold data; says what the target could not hold.

    JSONL has a question per line: id, question, context, annotations (for each annotator a list of
    {"start": code points, "text": ...}, empty for no answer), context_id, product_id, meta.
    """
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
        with counted("questions") as progress:
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
            typer.echo(f"{verb:<9} {count:>9,} {output.flat(what)}")
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
        raise Failure(": ".join(str(p) for p in (error.filename, error.strerror) if p)) from error
