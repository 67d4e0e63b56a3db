"""Whether to answer at all, as a Haystack component."""

from __future__ import annotations

from typing import Any

from haystack import component
from haystack.dataclasses import ExtractedAnswer


@component
class AnswerGate:
    """Keeps the answers that are sure enough; an empty list says that nothing read answers."""

    def __init__(self, threshold: float = 0.5) -> None:
        """
        Args:
            threshold: the least confidence of an answer, in [0, 1], when a run does not say.
        """
        self.threshold = _checked(threshold)

    @component.output_types(
        answers=list[ExtractedAnswer], below_threshold=list[ExtractedAnswer], threshold=float
    )
    def run(self, answers: list[ExtractedAnswer], threshold: float | None = None) -> dict[str, Any]:
        """Split answers by their confidence, order kept."""
        least = self.threshold if threshold is None else _checked(threshold)
        return {
            "answers": [answer for answer in answers if answer.score >= least],
            "below_threshold": [answer for answer in answers if answer.score < least],
            "threshold": least,
        }


def _checked(threshold: float) -> float:
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold}, it must be between 0 and 1")
    return threshold
