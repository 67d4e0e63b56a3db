"""Scores that choose between checkpoints: mean F1 over held-out sets, none of them a test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.metrics.squad import exact_match, f1
from eval.records import ReadingQuestion
from qa.reader.reading import read
from qa.reader.session import SpanModel
from qa.reader.windows import Windower

Scores = dict[str, dict[str, float]]


def score_sets(
    model: SpanModel,
    windower: Windower,
    sets: Mapping[str, Sequence[ReadingQuestion]],
    max_pieces: int,
) -> Scores:
    """EM and F1 of each set (rule ``any``, threshold 0), and ``span_f1`` where an answer exists."""
    return {
        name: _scores(model, windower, questions, max_pieces) for name, questions in sets.items()
    }


def mean_f1(scores: Scores) -> float:
    """What checkpoints are chosen by: F1 at threshold 0 and span F1, averaged over the sets."""
    return sum(s["f1"] + s["span_f1"] for s in scores.values()) / (2 * len(scores))


def _scores(
    model: SpanModel, windower: Windower, questions: Sequence[ReadingQuestion], max_pieces: int
) -> dict[str, float]:
    found = read(
        model, windower, [q.question for q in questions], [[q.context] for q in questions],
        max_pieces=max_pieces,
    )  # fmt: skip
    em, all_f1, span_f1 = [], [], []
    for question, ((spans,),) in zip(questions, ((row,) for row in found), strict=True):
        golds = [span.text for span in question.gold("any")]
        text = question.context[spans[0].start : spans[0].end] if spans else ""
        gated = text if spans and spans[0].score > 0 else ""
        em.append(exact_match(gated, golds))
        all_f1.append(f1(gated, golds))
        if golds:
            span_f1.append(f1(text, golds))
    return {name: 100 * sum(v) / max(1, len(v)) for name, v in
            (("em", em), ("f1", all_f1), ("span_f1", span_f1))}  # fmt: skip
