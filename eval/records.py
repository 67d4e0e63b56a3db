"""Gold data as plain tuples: what was asked on which text, and what each annotator marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

MergeRule = Literal["any", "first"]


@dataclass(frozen=True, slots=True)
class Span:
    """``context[start:end] == text``, in Unicode code points."""

    start: int
    end: int
    text: str


Annotation = tuple[Span, ...]
"""What one annotator marked; empty means "no answer here"."""


@dataclass(frozen=True, slots=True)
class ReadingQuestion:
    """One question on one context, with at least one annotation."""

    id: str
    question: str
    context: str
    annotations: tuple[Annotation, ...]
    context_id: str = ""
    product_id: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)

    def gold(self, merge: MergeRule = "any") -> Annotation:
        """Distinct spans under a merge rule; empty when unanswerable under it.

        ``any``: answerable if any annotator marked a span, all marked spans are gold.
        ``first``: the first annotator's spans only.
        """
        if merge == "first":
            return self.annotations[0]
        return tuple(dict.fromkeys(span for spans in self.annotations for span in spans))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One piece of evidence for a question: 2 answers it, 1 helps, 0 does neither."""

    id: str
    text: str
    label: int
    source: str


@dataclass(frozen=True, slots=True)
class EvidenceQuestion:
    """A question about a product with judged candidates from that product's page."""

    id: str
    question: str
    product_id: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """What can be retrieved: a review, a paragraph, a candidate sentence."""

    id: str
    product_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question to a retriever; with ``product_id`` only that product's texts are searched."""

    id: str
    text: str
    product_id: str | None = None
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Queries, the texts they are asked of, and which of them are relevant, how much.

    Attributes:
        protocol: ``open``, ``product``, ``evidence``, ``book`` or ``judged`` (somebody's qrels).
        qrels: relevance by query and text id, the gain of nDCG.
        level: the least relevance that counts as relevant in every other metric.
        unanswerable: queries without a relevant text that count as hits (protocol ``book``).
        left_out: questions that have no relevant text and are not asked.
    """

    dataset: str
    split: str
    protocol: str
    texts: tuple[Text, ...]
    queries: tuple[Query, ...]
    qrels: Mapping[str, Mapping[str, int]]
    unanswerable: frozenset[str] = frozenset()
    left_out: int = 0
    level: int = 1

    @property
    def scope(self) -> str:
        """``product`` where every query has a product filter, else ``open``."""
        return "product" if all(q.product_id is not None for q in self.queries) else "open"
