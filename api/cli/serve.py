"""``reviewqa serve``: the web page and the HTTP API."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from api.cli import options


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; 0 takes a free one.  [default: 8000]"),
    ] = None,
    pipeline: options.Pipeline = None,
    store: options.Store = options.DEFAULT_STORE,
) -> None:
    """Serve the web page and the HTTP API until stopped.

    Every setting can also be given as an environment variable, REVIEWQA_<NAME>; see the docs.
    """
    options.quiet()
    from api.server import listen, url_of
    from api.server import serve as serve_on
    from api.settings import load_settings

    settings = load_settings(host=host, port=port, store=store, pipeline=pipeline)
    sock = listen(settings.host, settings.port)
    with sock:
        # A store that is not there is a mistake of whoever types; one that breaks later is not.
        with options.opened(settings.store) as engine:
            about = engine.info()
        print(  # noqa: T201
            f"reviewqa answers from {about.reviews:,} reviews of {about.products:,} products"
            f" at {url_of(sock)} (stop with Ctrl-C)",
            file=sys.stderr,
            flush=True,
        )
        serve_on(settings, sock)
