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
from eval.metrics.no_answer import Judged, gated
from eval.metrics.squad import exact_match, f1
from eval.records import MergeRule, ReadingQuestion
from eval.results import Column, Figure, figures

__all__ = ["Figure", "Prediction", "judge", "reading_columns", "same_ids", "score_reading"]

METRICS = {"em": exact_match, "f1": f1}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The best span's text for a question, and its log odds against no answer.

    ``confidence``: the calibrated probability that it is right, where the system has one.
    ``others``: the texts of the next best spans, best first.
    ``context_id``: the text it stands in. ``start``: its offset there, in code points.
    ``read``: ids of the texts that were retrieved for it, best first.
    """

    text: str
    score: float
    confidence: float | None = None
    others: tuple[str, ...] = ()
    context_id: str = ""
    start: int | None = None
    read: tuple[str, ...] = ()


def score_reading(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    *,
    merge: MergeRule = "any",
    threshold: float = 0.0,
) -> list[Figure]:
    """EM and F1 in percent under every protocol.

    Args:
        threshold: the least score (log odds) of an answer; ``book`` does not look at it.

    Raises:
        MalformedData: a question without a prediction, or a prediction without a question.
    """
    return figures(reading_columns(questions, predictions, merge=merge, threshold=threshold))


def reading_columns(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    *,
    merge: MergeRule = "any",
    threshold: float = 0.0,
    suffix: str = "",
) -> list[Column]:
    """The scores that :func:`score_reading` averages; ``suffix`` is put to the protocols' names.

    An answer below the threshold scores as the official evaluation has it: 1 on an unanswerable
    question, 0 on an answerable one.

    Raises:
        MalformedData: a question without a prediction, or a prediction without a question.
    """
    same_ids(questions, predictions)
    columns = []
    for metric in METRICS:
        judged = judge(questions, predictions, metric, merge)
        kept = {name: gated(one, threshold) for name, one in judged.items()}
        halves = {
            "all": kept,
            "has_answer": {n: v for n, v in kept.items() if judged[n].answerable},
            "no_answer": {n: v for n, v in kept.items() if not judged[n].answerable},
            "single": _single(questions, predictions, metric, threshold),
        }
        columns += [Column(metric, name + suffix, v, "percent") for name, v in halves.items() if v]
        if not suffix and halves["has_answer"]:
            book = {n: one.value for n, one in judged.items() if one.answerable}
            columns.append(Column(metric, "book", book, "percent"))
    return columns


def judge(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    metric: str,
    merge: MergeRule = "any",
) -> dict[str, Judged]:
    """EM or F1 (``metric``) of every best answer whatever its score, by question id."""
    judged = {}
    for question in questions:
        golds = [span.text for span in question.gold(merge)]
        best = predictions[question.id]
        value = METRICS[metric](best.text, golds)
        judged[question.id] = Judged(value, best.score, bool(golds), not best.text)
    return judged


def same_ids(questions: Sequence[ReadingQuestion], predictions: Mapping[str, object]) -> None:
    """Raises :class:`MalformedData` unless there is one prediction for every question."""
    asked = {question.id for question in questions}
    for missing in sorted(asked - predictions.keys()):
        raise MalformedData(f"no prediction for question {missing!r}")
    for unknown in sorted(predictions.keys() - asked):
        raise MalformedData(f"prediction for unknown question {unknown!r}")


def _single(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    metric: str,
    threshold: float,
) -> dict[str, float]:
    found = {}
    for question in questions:
        best = predictions[question.id]
        values = []
        for spans in question.annotations:
            value = METRICS[metric](best.text, [span.text for span in spans])
            values.append(gated(Judged(value, best.score, bool(spans)), threshold))
        found[question.id] = sum(values) / len(values)
    return found
