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
