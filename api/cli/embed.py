"""``reviewqa store embed``, and the same at the end of ``reviewqa index``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import options, output
from api.cli.progress import said

if TYPE_CHECKING:
    from indexing.engines.base import Engine
    from qa.embedding import EmbedReport


def embed(
    model: Annotated[
        str | None,
        typer.Option(
            metavar="ENCODER",
            help="shipped, an encoder folder, hub:NAME or dpr:QUESTION,PASSAGE; the one of the "
            "store's vectors if absent. Vectors of another are replaced.",
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 takes every core.")] = 0,
    store: options.Store = options.DEFAULT_STORE,
    as_json: options.Json = False,
) -> None:
    """Give every passage that has none its vector; goes on where it was stopped."""
    with options.opened(store, read_only=False) as engine:
        from qa.embedding import encoder_name
        from qa.encoders.registry import SHIPPED_NAME

        name = model or encoder_name(engine) or SHIPPED_NAME
        report = run(engine, name, threads, anew=model is not None)
    if as_json:
        output.print_json(report)
    else:
        typer.echo(told(report))


def after_ingest(engine: Engine) -> EmbedReport | None:
    """Embed what was indexed; a line on stderr where there is no encoder to do it with."""
    from qa.embedding import encoder_name

    name = encoder_name(engine)
    if name is None:
        typer.echo(
            "indexed without vectors: this version ships no encoder "
            "(`reviewqa store embed --model ENCODER` makes them)",
            err=True,
        )
        return None
    return run(engine, name, 0)


def run(engine: Engine, name: str, threads: int, *, anew: bool = False) -> EmbedReport:
    """Embed with the encoder of that name, progress on stderr."""
    from qa.embedding import embed as embed_passages
    from qa.encoders.registry import open_encoder

    encoder = open_encoder(name, threads=threads)
    began = time.monotonic()
    with said() as say:

        def progress(done: int, total: int) -> None:
            say(line(done, total, time.monotonic() - began))

        return embed_passages(engine, encoder, name, progress, anew=anew)


def line(done: int, total: int, seconds: float) -> str:
    """For example ``1,200 of 4,000 passages embedded, 300/s, about 9 s left``."""
    rate = done / max(seconds, 1e-9)
    left = (total - done) / max(rate, 1e-9)
    return f"{done:,} of {total:,} passages embedded, {rate:,.0f}/s, about {left:.0f} s left"


def told(report: EmbedReport) -> str:
    """What was done, in a line."""
    rate = report.embedded / report.seconds if report.seconds else 0.0
    return output.flat(
        f"embedded {report.embedded:,} passages with {report.encoder} ({report.fingerprint}) "
        f"in {report.seconds:.1f} s, {rate:,.0f} a second"
    )
