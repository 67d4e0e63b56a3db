"""The reader's own evidence as a ranking of passages, as a Haystack component."""

from __future__ import annotations

from typing import Any

from haystack import Document, component

from qa.components.origin import EVIDENCE
from qa.components.passage_ranker import PassageRanker
from qa.components.reader_bound import ReaderBound
from qa.components.readings import Readings
from qa.ranker.scorer import log_odds
from qa.reader.spans import ScoredSpan


@component
class EvidenceRanker(ReaderBound, PassageRanker):
    """Ranks passages by the log odds of the best answer span that the reader finds in them."""

    origin = EVIDENCE

    def __init__(
        self,
        model: str | None = None,
        top_n: int = 30,
        milliseconds: float | None = None,
        weight: float = 0.65,
        top_k: int = 10,
        threads: int = 0,
    ) -> None:
        """
        Args:
            model: a reader folder; the shipped one if absent.
            top_n, milliseconds, weight, top_k, threads: see :class:`PassageRanker`.
        """
        self.model = model
        PassageRanker.__init__(self, top_n, milliseconds, weight, top_k, threads)

    @property
    def fingerprint(self) -> str:
        """Of the reader, which is loaded if need be."""
        return self.reader.manifest.fingerprint

    @component.output_types(documents=list[Document], readings=Readings, milliseconds=float)
    def run(
        self, query: str, documents: list[Document], top_k: int | None = None
    ) -> dict[str, Any]:
        """The passages that were read, best evidence first, then the others in their order.

        ``readings`` are for a reader of the same model that comes after.
        """
        known: dict[str, list[ScoredSpan]] = {}

        def odds(texts: list[str]) -> list[float]:
            (reading,) = self.reader.read([query], [texts])
            known.update(zip(texts, reading.spans, strict=True))
            return log_odds(reading.spans)

        found = self.ranked(odds, documents, top_k)
        return found | {"readings": Readings(query, self.fingerprint, 1, known)}
