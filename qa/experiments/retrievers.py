"""Retrievers to measure, by name, each over a store that holds exactly one set's texts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Protocol

from eval.records import Query, Text
from indexing.engines.base import Engine
from indexing.engines.registry import open_engine
from indexing.records import Review
from qa.components.query_embedder import QueryEmbedder
from qa.embedding import embed
from qa.encoders.registry import DPR, HUB, SHIPPED_NAME, open_encoder
from qa.encoders.remembering import RememberingEncoder
from qa.errors import PipelineError
from qa.pipelines.binding import Fingerprinted, bind_engine
from qa.pipelines.finding import Finder
from qa.pipelines.loader import load_pipeline

_BATCH = 1000
_MORE = 4
"""Passages fetched per text wanted: a review may have several among the best."""


class Retriever(Protocol):
    """Finds texts for a query; ``fingerprint`` names the model behind it, empty without one."""

    @property
    def fingerprint(self) -> str: ...

    def retrieve(self, query: Query, depth: int) -> dict[str, float]:
        """At most ``depth`` text ids with their scores, best first."""
        ...


class PipelineRetriever:
    """A pipeline without its reader over passages; a text scores as its best passage does."""

    def __init__(self, engine: Engine, pipeline: str, encoder: str | None = None) -> None:
        """Raises :class:`qa.errors.QAError`, or :class:`IndexingError` without vectors."""
        loaded = load_pipeline(pipeline, encoder=encoder)
        bind_engine(loaded, engine)
        self._finder = Finder(loaded, pipeline, reading=False)
        loaded.warm_up()
        models = [c.fingerprint for _, c in loaded.walk() if isinstance(c, Fingerprinted)]
        self.fingerprint = " ".join(dict.fromkeys(models))

    def retrieve(self, query: Query, depth: int) -> dict[str, float]:
        wanted = depth
        asked = {"query": query.text, "product_id": query.product_id}
        while True:
            hits = self._finder.documents(self._finder.run(asked, wanted))
            found: dict[str, float] = {}
            for hit in hits:
                found.setdefault(hit.meta["review_id"], hit.score)
            if len(found) >= depth or len(hits) < wanted:
                return dict(list(found.items())[:depth])
            wanted *= _MORE


LEXICAL = ("bm25", "bm25-plain")
"""Without an encoder; the second is BM25 as textbooks have it, to compare with."""

SYSTEMS = (*LEXICAL, "dense", "hybrid", "hybrid+rank")
"""Names of retrievers; those that are not lexical may have ``:ENCODER`` after them."""

_ENCODERS = (HUB, DPR)


def make_retriever(name: str, engine: Engine, *, own: bool = False) -> Retriever:
    """The retriever of that name.

    Args:
        name: one of :data:`SYSTEMS`, perhaps with an encoder as ``hybrid:hub:NAME``; an encoder
            alone (``hub:NAME``, ``dpr:QUESTION,PASSAGE``) is dense; or a pipeline's YAML file.
        own: the store was made for this and is embedded if that is needed.

    Raises:
        PipelineError: no such retriever; the message lists those there are.
        ModelError: its models cannot be used.
        indexing.errors.IndexingError: the store has no vectors, or others.
    """
    pipeline, encoder = _parsed(name)
    if own:
        embed_for(engine, pipeline, encoder)
    return PipelineRetriever(engine, pipeline, encoder)


def embed_for(engine: Engine, pipeline: str, encoder: str | None = None) -> None:
    """Give a store the vectors that a pipeline searches; nothing if it searches none."""
    loaded = load_pipeline(pipeline, encoder=encoder)
    for _, part in loaded.walk():
        if isinstance(part, QueryEmbedder):
            name = part.encoder or SHIPPED_NAME
            embed(engine, _remembering(name), name)


@cache
def _remembering(name: str) -> RememberingEncoder:
    """Systems that are measured one after the other search the same texts."""
    return RememberingEncoder(open_encoder(name))


def _parsed(name: str) -> tuple[str, str | None]:
    if name.startswith(_ENCODERS):
        return "dense", name
    if name.endswith((".yaml", ".yml")):
        return name, None
    system, _, encoder = name.partition(":")
    if system not in SYSTEMS or (encoder and system in LEXICAL):
        raise PipelineError(
            f"no retriever {name!r} to measure: one of {', '.join(SYSTEMS)} (the last three "
            "perhaps with :ENCODER), hub:NAME, dpr:QUESTION,PASSAGE, or a pipeline's YAML file"
        )
    return system, encoder or None


@contextmanager
def searchable(
    engine: Engine | None, texts: Sequence[Text]
) -> Iterator[tuple[Engine, dict[str, tuple[str, ...]]]]:
    """``engine`` as it is, or else a temporary store with the texts and what :func:`fill` says."""
    if engine is not None:
        yield engine, {}
        return
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="reviewqa-"))
        made = open_engine(folder, create=True)
        stack.callback(made.close)
        yield made, fill(made, texts)


def fill(engine: Engine, texts: Sequence[Text]) -> dict[str, tuple[str, ...]]:
    """Write the texts to a store and return, by stored id, every id with the same text.

    A store keeps one of several equal reviews of a product; a hit on it is a hit on all.
    """
    for begin in range(0, len(texts), _BATCH):
        part = texts[begin : begin + _BATCH]
        engine.write([Review(text.id, text.product_id, text.text) for text in part])
    stored = engine.reviews([text.id for text in texts])
    groups: dict[tuple[str, str], list[str]] = {}
    for text in texts:
        groups.setdefault((text.product_id, _folded(text.text)), []).append(text.id)
    return {name: tuple(group) for group in groups.values() for name in group if name in stored}


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
