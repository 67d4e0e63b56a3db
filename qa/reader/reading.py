"""Reading: many questions over many contexts in one pass of the model."""

from __future__ import annotations

from collections.abc import Sequence

from qa.reader.session import SpanModel
from qa.reader.spans import ScoredSpan, merge_spans, window_spans
from qa.reader.windows import Windower


def read(
    model: SpanModel,
    windower: Windower,
    questions: Sequence[str],
    contexts: Sequence[Sequence[str]],
    *,
    spans: int = 1,
    max_pieces: int = 64,
) -> list[list[list[ScoredSpan]]]:
    """The best spans of every context of every question.

    Args:
        questions: q questions.
        contexts: for each question its own contexts.
        spans: how many non-overlapping spans to return per context, at most.
        max_pieces: the longest span, in word pieces.

    Returns:
        ``result[q][c]``: spans of context c for question q, best first; empty where the context
        has no text. Scores are comparable throughout.
    """
    windows = windower.cut(questions, contexts)
    found: list[list[list[ScoredSpan]]] = [[[] for _ in group] for group in contexts]
    for window, (start, end) in zip(windows, model.logits(windows), strict=True):
        found[window.question][window.context] += window_spans(
            start, end, window.first, window.offsets, count=spans, max_pieces=max_pieces
        )
    return [[merge_spans(group, spans) for group in row] for row in found]
