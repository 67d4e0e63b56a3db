"""``reviewqa store``: look after a store."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import embed, options, output
from api.cli.failures import EXPECTED
from api.cli.progress import said

app = typer.Typer(help="Look after a store.", no_args_is_help=True, rich_markup_mode=None)
app.command("embed")(embed.embed)


@app.command()
def check(store: options.Store = options.DEFAULT_STORE, as_json: options.Json = False) -> None:
    """Look for damage; exits 1 if there is any, and says what mends it."""
    with options.opened(store) as engine:
        problems = engine.check()
    if as_json:
        output.print_json(problems)
    for problem in [] if as_json else problems:
        typer.echo(output.flat(f"problem: {problem.what}; remedy: {problem.remedy}"))
    if problems:
        raise typer.Exit(EXPECTED)
    if not as_json:
        typer.echo("ok: no problem found")


@app.command()
def rebuild(store: options.Store = options.DEFAULT_STORE) -> None:
    """Make every derived index anew from the stored reviews."""
    with options.opened(store, read_only=False) as engine:
        engine.rebuild()
        about = engine.info()
    typer.echo(f"rebuilt: {about.reviews:,} reviews, {about.passages:,} passages")


@app.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The store to copy.")],
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="Where to; it is made if need be.")
    ],
    as_json: options.Json = False,
) -> None:
    """Copy a store with its vectors and labels, between a folder and Elasticsearch or back.

    In the end counts and checksums of both are compared. A copy that was stopped goes on when it
    is run again.
    """
    with (
        options.opened(source) as one,
        options.opened(target, read_only=False, create=True) as other,
    ):
        from indexing.copying import copy as copy_store

        with said() as say:
            report = copy_store(one, other, lambda n, of: say(f"{n:,} of {of:,} reviews copied"))
    if as_json:
        output.print_json(report)
        return
    left = f" ({report.labels_left_out:,} of changed reviews left out)" * (
        report.labels_left_out > 0
    )
    typer.echo(
        f"copied: {report.reviews:,} reviews, {report.passages:,} passages, "
        f"{report.vectors:,} vectors, {report.labels:,} labels{left}; "
        f"checksum {report.fingerprint} on both"
    )


@app.command()
def info(store: options.Store = options.DEFAULT_STORE, as_json: options.Json = False) -> None:
    """Print a store's size and identity."""
    with options.opened(store) as engine:
        about = engine.info()
    if as_json:
        output.print_json(about)
        return
    rows = {
        "engine": about.engine,
        "location": about.location,
        "reviews": f"{about.reviews:,}",
        "passages": f"{about.passages:,}",
        "products": f"{about.products:,}",
        "vectors": f"{about.vectors:,}" + (f" of {about.encoder}" if about.encoder else ""),
        "revision": str(about.revision),
        "fingerprint": about.fingerprint,
        "on disk": output.size(about.bytes_on_disk),
    }
    for name, value in rows.items():
        typer.echo(f"{name:<12} {output.flat(value)}")
