"""The span reader as a Haystack component."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from haystack import Document, component
from haystack.dataclasses import ExtractedAnswer

from qa.components.reader_bound import ReaderBound
from qa.components.readings import Readings
from qa.reader.spans import ScoredSpan


@component
class ExtractiveReader(ReaderBound):
    """Marks answer spans in documents, with calibrated confidences comparable across documents.

    Unlike Haystack's own reader it scores each span against the null answer of its window, never
    against the other spans of its document, and passes segment ids.
    """

    def __init__(
        self, model: str | None = None, spans_per_passage: int = 1, threads: int = 0
    ) -> None:
        """
        Args:
            model: a reader folder; the shipped one if absent.
            spans_per_passage: non-overlapping spans to mark in a passage, at most.
            threads: CPU threads of the model; 0 takes every core.
        """
        if spans_per_passage < 1:
            raise ValueError(f"spans_per_passage is {spans_per_passage}, it must be at least 1")
        self.model = model
        self.spans_per_passage = spans_per_passage
        self.threads = threads

    @component.output_types(
        answers=list[ExtractedAnswer], no_answer_probability=float, milliseconds=float
    )
    def run(
        self, query: str, documents: list[Document], readings: Readings | None = None
    ) -> dict[str, Any]:
        """Answers of all documents, surest first, and how likely it is that none answers.

        Args:
            readings: what was read already; used where it is what this reader would find.
        """
        started = perf_counter()
        found = self._spans(query, [document.content or "" for document in documents], readings)
        answers = [
            _answer(query, document, span, self.reader.confidence(span))
            for document, spans in zip(documents, found, strict=True)
            for span in spans
        ]
        answers.sort(key=lambda answer: -answer.score)
        return {
            "answers": answers,
            "no_answer_probability": 1 - self.reader.answerable(found),
            "milliseconds": 1000 * (perf_counter() - started),
        }

    def _spans(
        self, query: str, texts: list[str], readings: Readings | None
    ) -> list[list[ScoredSpan]]:
        """Spans of each text; those that no reading has are read."""
        count = self.spans_per_passage
        own = (query, self.reader.manifest.fingerprint, count)
        known: dict[str, list[ScoredSpan]] = {}
        if readings is not None and (readings.query, readings.fingerprint, readings.count) == own:
            known.update(readings.spans)
        unread = [text for text in dict.fromkeys(texts) if text not in known]
        (fresh,) = self.reader.read([query], [unread], spans=count)
        known.update(zip(unread, fresh.spans, strict=True))
        return [known[text] for text in texts]


def _answer(query: str, document: Document, span: ScoredSpan, score: float) -> ExtractedAnswer:
    text = document.content or ""
    offset = ExtractedAnswer.Span(start=span.start, end=span.end)
    return ExtractedAnswer(
        query=query,
        score=score,
        data=text[span.start : span.end],
        document=document,
        context=text,
        document_offset=offset,
        context_offset=offset,
        meta={"log_odds": span.score},
    )
