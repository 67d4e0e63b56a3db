"""Scoring predicted answers against gold: who is asked, which merge rule, which threshold.

Protocols (see docs/evaluation.md): ``all`` scores every question, an unanswerable one is right
when nothing is predicted; ``has_answer`` and ``no_answer`` are its two halves; ``book`` scores the
answerable ones with the best span whatever its score, as chapter 7 of *NLP with Transformers* does;
``single`` scores ``all`` against one annotator at a time and averages, which is the fair
comparison with annotators scored against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.errors import MalformedData
from eval.metrics.squad import exact_match, f1
from eval.records import MergeRule, ReadingQuestion
from eval.significance import bootstrap_interval


@dataclass(frozen=True, slots=True)
class Prediction:
    """The best span's text for a question, and its log odds against no answer."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean in percent over ``count`` questions, and its 95 % bootstrap interval."""

    metric: str
    protocol: str
    value: float
    interval: tuple[float, float]
    count: int


def score_reading(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    *,
    merge: MergeRule = "any",
    threshold: float = 0.0,
) -> list[Figure]:
    """EM and F1 under every protocol.

    Args:
        threshold: the least score (log odds) of an answer; ``book`` does not look at it.

    Raises:
        MalformedData: a question without a prediction, or a prediction without a question.
    """
    _same_ids(questions, predictions)
    rows: dict[str, list[tuple[float, float]]] = {}
    for question in questions:
        golds = [span.text for span in question.gold(merge)]
        best = predictions[question.id]
        gated = best.text if best.score > threshold else ""
        pair = (exact_match(gated, golds), f1(gated, golds))
        rows.setdefault("all", []).append(pair)
        rows.setdefault("single", []).append(_single(gated, question))
        rows.setdefault("has_answer" if golds else "no_answer", []).append(pair)
        if golds:
            book = (exact_match(best.text, golds), f1(best.text, golds))
            rows.setdefault("book", []).append(book)
    return [
        _figure(metric, protocol, [row[column] for row in pairs])
        for protocol, pairs in rows.items()
        for column, metric in enumerate(("em", "f1"))
    ]


def _single(text: str, question: ReadingQuestion) -> tuple[float, float]:
    golds = [[span.text for span in spans] for spans in question.annotations]
    pairs = [(exact_match(text, spans), f1(text, spans)) for spans in golds]
    return sum(em for em, _ in pairs) / len(pairs), sum(f for _, f in pairs) / len(pairs)


def _figure(metric: str, protocol: str, scores: list[float]) -> Figure:
    low, high = bootstrap_interval(scores)
    mean = 100 * sum(scores) / len(scores)
    return Figure(metric, protocol, mean, (100 * low, 100 * high), len(scores))


def _same_ids(questions: Sequence[ReadingQuestion], predictions: Mapping[str, Prediction]) -> None:
    asked = {question.id for question in questions}
    for missing in asked - predictions.keys():
        raise MalformedData(f"no prediction for question {missing!r}")
    for unknown in predictions.keys() - asked:
        raise MalformedData(f"prediction for unknown question {unknown!r}")
