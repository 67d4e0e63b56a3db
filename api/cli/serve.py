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
    model: options.Model = None,
    store: options.Store = options.DEFAULT_STORE,
) -> None:
    """Serve the web page and the HTTP API until stopped.

    Every setting can also be given as an environment variable, REVIEWQA_<NAME>; see the docs.
    """
    options.quiet()
    from api.server import listen, url_of
    from api.server import serve as serve_on
    from api.settings import load_settings

    settings = load_settings(host=host, port=port, store=store, pipeline=pipeline, model=model)
    sock = listen(settings.host, settings.port)
    with sock:
        print(_greeting(settings.store, url_of(sock)), file=sys.stderr, flush=True)  # noqa: T201
        serve_on(settings, sock)


def _greeting(store: str, url: str) -> str:
    """What is said at the start. Raises :class:`StoreError`.

    A store that is not there is a mistake of whoever types; a server that is away is none, and
    is waited for.
    """
    from indexing.errors import StoreUnavailable

    try:
        with options.opened(store) as engine:
            about = engine.info()
    except StoreUnavailable as error:
        return f"reviewqa waits at {url} for its store: {error} (stop with Ctrl-C)"
    return (
        f"reviewqa answers from {about.reviews:,} reviews of {about.products:,} products"
        f" at {url} (stop with Ctrl-C)"
    )
