"""Retrievers to measure, by name, each over a store that holds exactly one set's texts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

from eval.records import Query, Text
from indexing.engines.base import Engine
from indexing.engines.registry import open_engine
from indexing.records import Review
from qa.errors import PipelineError

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


class Bm25Retriever:
    """The engine's BM25 over passages; a text scores as its best passage does."""

    fingerprint = ""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def retrieve(self, query: Query, depth: int) -> dict[str, float]:
        wanted = depth
        while True:
            hits = self._engine.search_bm25(query.text, k=wanted, product_id=query.product_id)
            found: dict[str, float] = {}
            for hit in hits:
                found.setdefault(hit.passage.review_id, hit.score)
            if len(found) >= depth or len(hits) < wanted:
                return dict(list(found.items())[:depth])
            wanted *= _MORE


SYSTEMS: dict[str, Callable[[Engine], Retriever]] = {"bm25": Bm25Retriever}


def make_retriever(name: str, engine: Engine) -> Retriever:
    """The retriever of that name; raises :class:`PipelineError` listing those there are."""
    if name.startswith("hub:"):
        raise PipelineError(
            f"{name}: dense retrievers of the hub cannot be measured by this version; "
            f"retrievers there are: {', '.join(SYSTEMS)}"
        )
    make = SYSTEMS.get(name)
    if make is None:
        raise PipelineError(f"no retriever {name!r} to measure: one of {', '.join(SYSTEMS)}")
    return make(engine)


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
