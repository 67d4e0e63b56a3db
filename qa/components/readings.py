"""What one component has read, for the next, so that nothing is read twice for one question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa.reader.spans import ScoredSpan


@dataclass(frozen=True, slots=True)
class Readings:
    """Spans by text, as the reader with this fingerprint marks them for this question.

    ``count``: how many spans of a text it was asked for.
    """

    query: str
    fingerprint: str
    count: int
    spans: Mapping[str, list[ScoredSpan]]
