"""Giving a store's passages their vectors: the pass after an ingest, which can stop and go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from indexing.engines.base import Engine, IngestEngine, VectorEngine, VectorSpace
from indexing.errors import IndexingError
from indexing.records import Passage
from qa.encoders.protocol import Encoder
from qa.encoders.registry import SHIPPED_NAME, open_encoder, ships
from qa.errors import ModelError
from qa.progress import Progress

BATCH = 256
"""Passages whose vectors share a transaction: what a kill can lose."""


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """How many passages got a vector, from which encoder, in what time."""

    encoder: str
    fingerprint: str
    embedded: int
    seconds: float


def encoder_name(engine: Engine) -> str | None:
    """What to open for a store: its vectors' encoder, else the one that ships; None without."""
    space = engine.vector_space() if isinstance(engine, VectorEngine) else None
    if space is not None and space.name:
        return space.name
    return SHIPPED_NAME if ships() else None


def open_for(engine: Engine, *, threads: int = 0) -> Encoder:
    """The encoder of a store's vectors, opened.

    Raises:
        ModelError: it cannot be opened, or it is another one by now.
    """
    name = encoder_name(engine)
    if name is None:
        raise ModelError(
            "the store has no vectors and this version ships no encoder; make some with "
            "`reviewqa store embed --model ENCODER`"
        )
    encoder = open_encoder(name, threads=threads)
    space = engine.vector_space() if isinstance(engine, VectorEngine) else None
    if space is not None and space.encoder != encoder.fingerprint:
        raise ModelError(
            f"encoder {name} is {encoder.fingerprint} by now, the store's vectors are of "
            f"{space.encoder}; embed anew with `reviewqa store embed --model {name}`"
        )
    return encoder


def embed(
    engine: Engine,
    encoder: Encoder,
    name: str,
    progress: Progress = lambda done, total: None,
    *,
    anew: bool = False,
) -> EmbedReport:
    """Encode every passage that has no vector, a batch of like lengths at a time.

    What is stored stays when this is stopped, and the next call goes on there.

    Args:
        name: what the encoder was opened by.
        anew: forget vectors of another encoder instead of refusing.

    Raises:
        IndexingError: the engine keeps no vectors, another process writes, or the store has
            vectors of another encoder.
    """
    if not (isinstance(engine, VectorEngine) and isinstance(engine, IngestEngine)):
        raise IndexingError(f"the {engine.name} engine keeps no vectors")
    space = VectorSpace(encoder.fingerprint, encoder.dimension, name)
    started, done = perf_counter(), 0
    with engine.exclusive():
        known = engine.vector_space()
        if anew and known is not None and known.encoder != space.encoder:
            engine.clear_vectors()
        total = engine.count_without_vectors()
        for page in engine.passages_without_vectors():
            for batch in _batches(page):
                rows = encoder.encode_passages([passage.text for passage in batch])
                engine.put_vectors(space, [passage.id for passage in batch], rows)
                done += len(batch)
                progress(done, total)
        engine.sync()
    return EmbedReport(name, encoder.fingerprint, done, perf_counter() - started)


def _batches(page: Sequence[Passage]) -> list[Sequence[Passage]]:
    ordered = sorted(page, key=lambda passage: len(passage.text))
    return [ordered[begin : begin + BATCH] for begin in range(0, len(ordered), BATCH)]
