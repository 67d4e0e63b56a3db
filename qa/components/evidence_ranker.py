"""The reader's own evidence as a ranking of passages, as a Haystack component."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from haystack import Document, component

from qa.components.origin import EVIDENCE, with_origin
from qa.fusion import best_first, min_max
from qa.reader.reader import Reader

_BATCH = 8
"""Passages read between two looks at the clock."""
_NO_SPAN = -20.0
"""Log odds of a passage without a word to mark; farther off they would level all others."""
_BELOW = 2.0
"""Puts the scores of what was not read, stretched to [0, 1], below those of what was."""


@component
class EvidenceRanker:
    """Ranks passages by the log odds of the best answer span that the reader finds in them."""

    def __init__(
        self,
        model: str | None = None,
        top_n: int = 30,
        milliseconds: float | None = None,
        weight: float = 0.5,
        top_k: int = 10,
        threads: int = 0,
    ) -> None:
        """
        Args:
            model: a reader folder; the shipped one if absent.
            top_n: so many of the first passages are read; the rest follows as it came.
            milliseconds: stop reading when so much time has gone; None reads all ``top_n``, which
                alone makes the order the same on every machine.
            weight: the evidence's share in [0, 1]; the score that passages come with has the rest.
            top_k: documents to return when a run does not say.
            threads: CPU threads of the reader; 0 takes every core.
        """
        for name, value in (("top_n", top_n), ("top_k", top_k)):
            if value < 1:
                raise ValueError(f"{name} is {value}, it must be at least 1")
        if milliseconds is not None and milliseconds <= 0:
            raise ValueError(f"milliseconds is {milliseconds}, it must be more than 0")
        if not 0 <= weight <= 1:
            raise ValueError(f"weight is {weight}, it must be between 0 and 1")
        self.model = model
        self.top_n = top_n
        self.milliseconds = milliseconds
        self.weight = weight
        self.top_k = top_k
        self.threads = threads
        self._reader: Reader | None = None

    def warm_up(self) -> None:
        """Load the reader; raises :class:`qa.errors.ModelError`."""
        if self._reader is None:
            folder = Path(self.model) if self.model else None
            self._reader = Reader.load(folder, threads=self.threads)

    def close(self) -> None:
        """Let go of the reader."""
        self._reader = None

    @property
    def fingerprint(self) -> str:
        """Of the reader, which is loaded if need be."""
        self.warm_up()
        assert self._reader is not None
        return self._reader.manifest.fingerprint

    @component.output_types(documents=list[Document], milliseconds=float)
    def run(
        self, query: str, documents: list[Document], top_k: int | None = None
    ) -> dict[str, Any]:
        """The passages that were read, best evidence first, then the others in their order."""
        started = perf_counter()
        self.warm_up()
        evidence = self._evidence(query, documents[: self.top_n], started)
        rest = documents[len(evidence) :]
        after = min_max({document.id: document.score or 0.0 for document in rest})
        unread = [replace(document, score=after[document.id] - _BELOW) for document in rest]
        limit = self.top_k if top_k is None else top_k
        return {
            "documents": [*self._ranked(documents, evidence), *unread][:limit],
            "milliseconds": 1000 * (perf_counter() - started),
        }

    def _ranked(self, documents: list[Document], evidence: list[float]) -> list[Document]:
        """Those that were read; their new scores are in [0, 1]."""
        known = {d.id: (d, odds) for d, odds in zip(documents, evidence, strict=False)}
        before = min_max({name: d.score or 0.0 for name, (d, _) in known.items()})
        now = min_max({name: odds for name, (_, odds) in known.items()})
        total = {n: (1 - self.weight) * before[n] + self.weight * now[n] for n in known}
        return [
            replace(with_origin(known[name][0], EVIDENCE, rank, known[name][1]), score=score)
            for rank, (name, score) in enumerate(best_first(total).items(), 1)
        ]

    def _evidence(self, query: str, documents: list[Document], started: float) -> list[float]:
        """Log odds of the first documents, as far as time reaches; at least one batch's."""
        assert self._reader is not None
        batch = _BATCH if self.milliseconds is not None else max(1, len(documents))
        found: list[float] = []
        for begin in range(0, len(documents), batch):
            gone = 1000 * (perf_counter() - started)
            if begin and self.milliseconds is not None and gone >= self.milliseconds:
                break
            texts = [document.content or "" for document in documents[begin : begin + batch]]
            (reading,) = self._reader.read([query], [texts])
            found.extend(spans[0].score if spans else _NO_SPAN for spans in reading.spans)
        return found
