"""Turning tokenised text ("ca n't", "Yum !") back into what people write, with offsets kept."""

from __future__ import annotations

import re

from eval.records import Annotation, ReadingQuestion, Span

# A space before these, or after those, was put there by a tokeniser.
_BEFORE = re.compile(
    r" (?=(?:[.,!?;:)\]}%]|'(?:s|re|ve|ll|d|m|t)\b|n't\b|'(?:\s|$)))", re.IGNORECASE
)
_AFTER = re.compile(r"(?<=[(\[{$#]) ")


def detokenize(text: str) -> tuple[str, list[int]]:
    """The text without tokeniser spaces, and the new offset of every old one.

    Returns:
        The new text and a list of ``len(text) + 1`` offsets into it.
    """
    dropped = {m.start() for m in _BEFORE.finditer(text)} | {
        m.start() for m in _AFTER.finditer(text)
    }
    offsets: list[int] = []
    kept: list[str] = []
    for position, char in enumerate(text):
        offsets.append(len(kept))
        if position not in dropped:
            kept.append(char)
    return "".join(kept), [*offsets, len(kept)]


def detokenized(question: ReadingQuestion) -> ReadingQuestion:
    """The same question on detokenised text, its spans moved along."""
    context, moved = detokenize(question.context)
    return ReadingQuestion(
        id=f"{question.id}:detokenized",
        question=detokenize(question.question)[0],
        context=context,
        annotations=tuple(_move(spans, context, moved) for spans in question.annotations),
        context_id=question.context_id,
        product_id=question.product_id,
        meta=question.meta,
    )


def _move(spans: Annotation, context: str, moved: list[int]) -> Annotation:
    pairs = ((moved[span.start], moved[span.end]) for span in spans)
    return tuple(Span(start, end, context[start:end]) for start, end in pairs if start < end)
