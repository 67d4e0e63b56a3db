"""``reviewqa index``: reads dumps of reviews into a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import embed, options, output
from api.cli.failures import EXPECTED, USAGE, Failure

if TYPE_CHECKING:
    from indexing.report import IngestReport
    from qa.embedding import EmbedReport

_SHOWN = ("read", "stored", "unchanged", "replaced", "duplicate", "rejected", "deleted")


def index(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Files, folders, - for standard input, or hub:OWNER/NAME."
        ),
    ],
    format_: Annotated[
        str | None,
        typer.Option("--format", help="jsonl, json, csv or parquet; found out if absent."),
    ] = None,
    field_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=COLUMN,...", help="Which columns hold what: text=reviewText."
        ),
    ] = None,
    product: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The product of all the reviews, whatever they say."),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove the reviews with these ids instead.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where records that cannot be used are listed."),
    ] = None,
    vectors: Annotated[
        bool,
        typer.Option("--embed/--no-embed", help="Give passages vectors for dense retrieval."),
    ] = True,
    store: options.Store = options.DEFAULT_STORE,
    as_json: options.Json = False,
) -> None:
    """Read dumps of reviews into a store, which is made if need be.

    Running it again goes on where a run that was stopped left off; reviews that are already
    there are counted as unchanged.
    """
    columns = parse_map(field_map or [])
    with options.opened(store, read_only=False, create=not delete) as engine:
        from api.cli.progress import shown_progress
        from indexing.ingest import IngestOptions, ingest

        chosen = IngestOptions(
            format=format_, field_map=columns, product_id=product, delete=delete, rejects=rejects
        )
        with shown_progress() as progress:
            report = ingest(engine, sources, chosen, progress)
        embedded = embed.after_ingest(engine) if vectors and not delete else None
    _tell(report, embedded, as_json)


def parse_map(given: list[str]) -> dict[str, str]:
    """``text=reviewText,product_id=asin`` as a mapping from field to column."""
    columns: dict[str, str] = {}
    for pair in (part for text in given for part in text.split(",")):
        name, equals, column = pair.partition("=")
        if not (name.strip() and equals and column.strip()):
            raise Failure(f"--map takes FIELD=COLUMN[,FIELD=COLUMN...], not {pair!r}", USAGE)
        columns[name.strip()] = column.strip()
    return columns


def _tell(report: IngestReport, embedded: EmbedReport | None, as_json: bool) -> None:
    if as_json:
        output.print_json({**report.to_dict(), "embedded": embedded.embedded if embedded else 0})
    else:
        _show(report)
        if embedded is not None:
            typer.echo(embed.told(embedded))
    if report.faults:
        raise Failure("; ".join(report.faults), EXPECTED)


def _show(report: IngestReport) -> None:
    used = [name for name in _SHOWN if name in ("read", "stored") or report.total(name)]
    table = output.table("source", "format", *used, right=tuple(used))
    for source in report.sources:
        counts = [f"{getattr(source, name):,}" for name in used]
        kind = f"{source.format} ({source.preset})" if source.preset else source.format
        table.add_row(output.flat(source.source), kind, *counts)
    if len(report.sources) > 1:
        table.add_row("all", "", *(f"{report.total(name):,}" for name in used), style="bold")
    screen = output.console()
    screen.print(table)
    _remarks(report)


def _remarks(report: IngestReport) -> None:
    rate = report.total("read") / report.seconds if report.seconds else 0.0
    resumed = ", going on from a run that was stopped" if report.resumed else ""
    typer.echo(f"took {report.seconds:.1f} s, {rate:,.0f} reviews a second{resumed}")
    if near := report.total("near_duplicate"):
        typer.echo(f"{near:,} of those stored say much the same as another")
    if report.total("rejected"):
        typer.echo(f"rejected records, each with its reason: {output.flat(report.rejects)}")
