"""``reviewqa labels``: labelled questions on the reviews of a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import options, output
from api.cli.evaluate import faults

if TYPE_CHECKING:
    from indexing.records import StoredLabel

app = typer.Typer(
    help="Labelled questions on the reviews of a store, as SQuAD files.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_WORDS = {"changed": "its text has changed", "gone": "it is gone"}
_SHOWN = 20


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="SQuAD JSON whose paragraphs have a review_id.")],
    store: options.Store = options.DEFAULT_STORE,
    as_json: options.Json = False,
) -> None:
    """Take labelled questions into a store: all of the file, or none."""
    with faults(), options.opened(store, read_only=False) as engine:
        from qa.labels import import_labels

        report = import_labels(engine, file)
    if as_json:
        output.print_json(report)
    else:
        typer.echo(
            f"labels: {report.stored} stored, {report.unchanged} unchanged, "
            f"{report.replaced} replaced"
        )


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="SQuAD 2.0 JSON to write.")],
    stale: Annotated[
        bool,
        typer.Option("--stale", help="Also labels whose review has changed or gone since."),
    ] = False,
    store: options.Store = options.DEFAULT_STORE,
) -> None:
    """Write a store's labelled questions; stale ones are left out, and named."""
    with options.opened(store) as engine:
        from qa.labels import export_labels

        done = export_labels(engine, file, stale=stale)
    typer.echo(f"labels: {done.written} written to {output.flat(str(file))}")
    _show_stale(done.stale)


@app.command()
def check(store: options.Store = options.DEFAULT_STORE, as_json: options.Json = False) -> None:
    """Say how many labels there are, and which are stale because their review has changed."""
    with options.opened(store) as engine:
        from qa.labels import labels_of

        every = labels_of(engine).all()
    stale = [one for one in every if one.state != "current"]
    if as_json:
        rows = [{"id": s.label.id, "review_id": s.label.review_id, "state": s.state} for s in stale]
        output.print_json({"labels": len(every), "stale": rows})
        return
    typer.echo(f"labels: {len(every)}, of which {len(stale)} stale")
    _show_stale(stale)


def _show_stale(stale: list[StoredLabel] | tuple[StoredLabel, ...]) -> None:
    for one in stale[:_SHOWN]:
        label = one.label
        typer.echo(output.flat(f"stale: {label.id}: review {label.review_id}: {_WORDS[one.state]}"))
    if len(stale) > _SHOWN:
        typer.echo(f"and {len(stale) - _SHOWN} more")
    if stale:
        typer.echo("they are not measured on: label the new text, and import that")
