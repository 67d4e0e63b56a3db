"""Reading: many questions over many contexts in one pass of the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from indexing.splitter import may_end_sentence, sentence_ends
from qa.reader.session import Logits, SpanModel
from qa.reader.spans import ScoredSpan, SpanRules, merge_spans, window_spans
from qa.reader.windows import IntArray, Window, Windower

ANY_SPAN = SpanRules()


def read(
    model: SpanModel,
    windower: Windower,
    questions: Sequence[str],
    contexts: Sequence[Sequence[str]],
    *,
    spans: int = 1,
    rules: SpanRules = ANY_SPAN,
) -> list[list[list[ScoredSpan]]]:
    """The best spans of every context of every question.

    Args:
        questions: q questions.
        contexts: for each question its own contexts.
        spans: how many non-overlapping spans to return per context, at most.
        rules: which spans may answer.

    Returns:
        ``result[q][c]``: spans of context c for question q, best first; empty where the context
        has no text. Scores are comparable throughout.
    """
    windows = windower.cut(questions, contexts)
    found: list[list[list[ScoredSpan]]] = [[[] for _ in group] for group in contexts]
    ends_of = cache(sentence_ends)  # of a long text once, not for each of its windows
    for window, logits in zip(windows, model.logits(windows), strict=True):
        text = contexts[window.question][window.context]
        found[window.question][window.context] += _spans(
            window, logits, text, ends_of, count=spans, rules=rules
        )
    return [[merge_spans(group, spans) for group in row] for row in found]


def _spans(
    window: Window,
    logits: Logits,
    text: str,
    ends_of: Callable[[str], list[int]],
    *,
    count: int,
    rules: SpanRules,
) -> list[ScoredSpan]:
    def best(sentences: IntArray | None = None) -> list[ScoredSpan]:
        return window_spans(
            *logits,
            window.first,
            window.offsets,
            count=count,
            max_pieces=rules.max_pieces,
            sentences=sentences,
        )

    if not rules.within_sentence:
        return best()
    # The best of all spans mostly lies in one sentence, and then it is the best of those that do.
    if count == 1:
        found = best()
        if not any(_may_cross(text, span) for span in found):
            return found
    return best(np.searchsorted(ends_of(text), window.offsets[:, 0], side="right"))


def _may_cross(text: str, span: ScoredSpan) -> bool:
    """Whether a sentence may end in a span and another begin; False is certain, and quickly said.

    Closing quotes and tags end with their sentence, so an end before the span can reach into it.
    """
    from_before = text[max(0, span.start - 1) : span.end]
    return not text[span.start].isalnum() or may_end_sentence(from_before)
