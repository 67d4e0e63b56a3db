"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from indexing.engines.base import Engine

Store = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="REVIEWQA_STORE",
        show_envvar=True,
        metavar="STORE",
        help="Where the reviews live: a folder, or https://HOST:9200/NAME on Elasticsearch; with "
        "?vectors=DIR after it dense retrieval goes by a FAISS index in that folder.",
    ),
]
Pipeline = Annotated[
    str | None,
    typer.Option(
        "--pipeline",
        metavar="NAME",
        help="bm25, bm25-plain, dense, hybrid, hybrid+rank or a YAML file.  "
        "[env: REVIEWQA_PIPELINE; "
        "default: hybrid where the store has vectors, else bm25]",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="DIR",
        help="Folder of a reader.  [env: REVIEWQA_MODEL; default: the one that ships]",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_STORE = "./store"


@contextmanager
def opened(store: str, *, read_only: bool = True, create: bool = False) -> Iterator[Engine]:
    """The engine at ``store``, closed afterwards."""
    quiet()
    from indexing.engines.registry import open_engine

    engine = open_engine(store, read_only=read_only, create=create)
    try:
        yield engine
    finally:
        engine.close()


def quiet() -> None:
    """Set what has to be set before the heavy libraries are imported."""
    os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")
