"""A text encoder for questions, as a Haystack component."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from haystack import component

from indexing.engines.base import Engine, VectorEngine
from indexing.errors import NoVectors
from qa.embedding import open_for
from qa.encoders.protocol import Encoder
from qa.encoders.registry import open_encoder


@component
class QueryEmbedder:
    """Turns a question into a vector that passages' vectors can be compared with."""

    def __init__(self, encoder: str | None = None, threads: int = 0) -> None:
        """
        Args:
            encoder: as :func:`qa.encoders.registry.open_encoder` knows it; if None, the one that
                the bound store was embedded with, else the one that ships.
            threads: CPU threads of the encoder; 0 takes every core.
        """
        self.encoder = encoder
        self.threads = threads
        self._bound: Engine | None = None
        self._opened: Encoder | None = None

    def bind(self, engine: Engine) -> None:
        """Take the encoder of this engine's vectors where none is named."""
        self._bound = engine

    def warm_up(self) -> None:
        """Load the encoder.

        Raises:
            qa.errors.ModelError: it cannot be loaded.
            indexing.errors.NoVectors: the bound store was not embedded.
        """
        if self._opened is None:
            self._opened = self._open()
            self._opened.encode_queries(["Is it warm?"])

    def close(self) -> None:
        """Let go of the encoder."""
        self._opened = None

    @property
    def fingerprint(self) -> str:
        """Of the encoder, which is loaded if need be."""
        self.warm_up()
        assert self._opened is not None
        return self._opened.fingerprint

    @component.output_types(embedding=list[float], encoder=str, milliseconds=float)
    def run(self, query: str) -> dict[str, Any]:
        """The question's vector, and the fingerprint of what made it."""
        started = perf_counter()
        self.warm_up()
        assert self._opened is not None
        (row,) = self._opened.encode_queries([query])
        return {
            "embedding": row.tolist(),
            "encoder": self._opened.fingerprint,
            "milliseconds": 1000 * (perf_counter() - started),
        }

    def _open(self) -> Encoder:
        if self._bound is not None:
            _require_vectors(self._bound)
        if self.encoder is None and self._bound is not None:
            return open_for(self._bound, threads=self.threads)
        return open_encoder(self.encoder or "shipped", threads=self.threads)


def _require_vectors(engine: Engine) -> None:
    """A pipeline that searches vectors is refused at its start, not at the first question."""
    if isinstance(engine, VectorEngine) and engine.vector_space() is None:
        where = engine.info().location
        raise NoVectors(
            f"{where} has no vectors to search; make them with `reviewqa store embed --store "
            f"{where}`, or choose the pipeline bm25"
        )
