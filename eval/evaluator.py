"""From questions and what a system said to a result with everything a report needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eval.annotators import leave_one_out
from eval.confidence import confidence_figures, confidences, is_right
from eval.marks import Marker
from eval.metrics.calibration import reliability
from eval.metrics.no_answer import best_threshold, threshold_curve
from eval.metrics.ranking import ranking
from eval.metrics.risk_coverage import risk_coverage
from eval.metrics.squad import exact_match, f1
from eval.reading import METRICS, Prediction, judge, reading_columns
from eval.records import MergeRule, ReadingQuestion, RetrievalSet, Text
from eval.results import Asked, Column, Result, figures
from eval.retrieval import (
    metrics_of,
    random_columns,
    retrieval_columns,
    set_columns,
    without_results,
)
from eval.written import further_columns, further_figures, require_further

TOP = (3, 5)


def retrieval_result(
    data: RetrievalSet,
    run: Mapping[str, Mapping[str, float]],
    header: Mapping[str, Any],
    *,
    metrics: Sequence[str] = (),
    depth: int = 100,
    milliseconds: Mapping[str, Sequence[float]] | None = None,
) -> Result:
    """Score a run on its set.

    Args:
        header: about the system; the set's own particulars are added.
        depth: how many texts were asked for at most.

    Raises:
        MalformedData: the run has queries that the set does not have.
    """
    metrics = metrics_of(data, metrics, depth)
    columns = set_columns(data, run, metrics)
    texts = {text.id: text.text for text in data.texts}
    asked = {}
    for query in data.queries:
        ranked = tuple(ranking(run.get(query.id, {}))[:20])
        relevant = tuple(n for n, v in data.qrels[query.id].items() if v >= data.level)
        asked[query.id] = Asked(
            query.text,
            gold=tuple(texts[n] for n in relevant[:3]),
            answer=texts.get(ranked[0], "") if ranked else "",
            product_id=query.product_id or "",
            ranked=ranked,
            relevant=relevant,
            meta=dict(query.meta),
        )
    about = {
        "dataset": data.dataset,
        "split": data.split,
        "protocol": data.protocol,
        "scope": data.scope,
        "texts": len(data.texts),
        "questions": len(data.queries),
        "left_out": data.left_out,
        "unanswerable_counted_as_hits": len(data.unanswerable),
        "without_results": len(without_results(data.qrels, run)),
        "depth": depth,
    }
    return Result(
        "retriever",
        {**header, **about},
        tuple(columns),
        tuple(figures(columns)),
        baselines=tuple(figures(random_columns(data, metrics, depth))),
        curves=_rank_curves(data, run, depth),
        asked=asked,
        milliseconds=milliseconds or {},
        texts={n: texts[n] for one in asked.values() for n in _shown(one) if n in texts},
    )


def reading_result(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    header: Mapping[str, Any],
    *,
    kind: str = "reader",
    merge: MergeRule = "any",
    threshold: float = 0.0,
    tuned: float | None = None,
    metrics: Sequence[str] = (),
    milliseconds: Mapping[str, Sequence[float]] | None = None,
    texts: Sequence[Text] = (),
) -> Result:
    """Score predictions.

    Args:
        kind: ``reader`` or ``pipeline``.
        threshold: the least score of an answer; figures without a word on it are at this one.
        tuned: another threshold, chosen on other questions; its protocols end in ``(tuned)``.
        texts: what the answers to questions without a context of their own may stand in.
        metrics: of :data:`eval.written.FURTHER`, besides those that are always measured.

    Raises:
        UnknownMetric: no such further metric; MissingLibrary: it needs one.
        MalformedData: questions and predictions do not have the same ids.
        ValueError: no questions.
    """
    require_further(metrics)
    columns = reading_columns(questions, predictions, merge=merge, threshold=threshold)
    if tuned is not None:
        columns += reading_columns(
            questions, predictions, merge=merge, threshold=tuned, suffix=" (tuned)"
        )
    columns += _best_columns(questions, predictions, merge)
    columns += _top_columns(questions, predictions, merge)
    marker = Marker(texts, merge)
    asked = {q.id: _asked(q, predictions[q.id], threshold, marker) for q in questions}
    columns += further_columns(questions, predictions, metrics, merge, threshold)
    found = [*figures(columns), *further_figures(questions, predictions, metrics, merge)]
    about = {"merge": merge, "threshold": threshold, "questions": len(questions)}
    if tuned is not None:
        about["tuned_threshold"] = tuned
    return Result(
        kind,
        {**header, **about},
        tuple(columns),
        (*found, *confidence_figures(questions, predictions, merge)),
        baselines=tuple(figures(leave_one_out(questions))) if kind == "reader" else (),
        curves=_reading_curves(questions, predictions, merge),
        asked=asked,
        milliseconds=milliseconds or {},
        texts=marker.texts,
    )


def _rank_curves(
    data: RetrievalSet, run: Mapping[str, Mapping[str, float]], depth: int
) -> dict[str, dict[str, list[float]]]:
    """Success and recall at every cut-off people look at; ``book`` is scored by success alone."""
    cuts = [k for k in (*range(1, 21), 30, 50, 100) if k <= depth]
    curves = {}
    for family in ("success",) if data.protocol == "book" else ("success", "recall"):
        names = [f"{family}@{k}" for k in cuts]
        system = retrieval_columns(
            data.qrels, run, names, level=data.level, unanswerable=data.unanswerable
        )
        chance = random_columns(data, names, depth)[: len(cuts)]
        curves[family] = {
            "k": [float(k) for k in cuts],
            "system": [float(np.mean(list(c.scores.values()))) for c in system],
            "random": [float(np.mean(list(c.scores.values()))) for c in chance],
        }
    return curves


def _best_columns(
    questions: Sequence[ReadingQuestion], predictions: Mapping[str, Prediction], merge: MergeRule
) -> list[Column]:
    """All questions at the threshold that suits each metric best: an upper bound."""
    columns = []
    for metric in METRICS:
        judged = judge(questions, predictions, metric, merge)
        at = best_threshold(list(judged.values())).threshold
        kept = {
            n: one.value if one.score >= at else float(not one.answerable)
            for n, one in judged.items()
        }
        columns.append(Column(f"best_{metric}", "all", kept, "percent"))
    return columns


def _top_columns(
    questions: Sequence[ReadingQuestion], predictions: Mapping[str, Prediction], merge: MergeRule
) -> list[Column]:
    """EM and F1 of the best of the first n answers, over answerable questions."""
    answerable = [q for q in questions if q.gold(merge)]
    if not answerable or not any(predictions[q.id].others for q in answerable):
        return []
    columns = []
    for n in TOP:
        for metric, score in (("em", exact_match), ("f1", f1)):
            values = {}
            for question in answerable:
                one = predictions[question.id]
                golds = [span.text for span in question.gold(merge)]
                values[question.id] = max(score(t, golds) for t in (one.text, *one.others)[:n])
            columns.append(Column(f"{metric}@{n}", "book", values, "percent"))
    return columns


def _reading_curves(
    questions: Sequence[ReadingQuestion], predictions: Mapping[str, Prediction], merge: MergeRule
) -> dict[str, dict[str, list[float]]]:
    scores = [predictions[q.id].score for q in questions]
    right = [float(is_right(predictions[q.id], q, merge)) for q in questions]
    curve = risk_coverage(scores, right)
    curves = {
        "risk-coverage": {
            "coverage": curve.coverage.tolist(),
            "risk": curve.risk.tolist(),
            "threshold": curve.threshold.tolist(),
        }
    }
    for metric in METRICS:
        points = threshold_curve(list(judge(questions, predictions, metric, merge).values()))
        finite = [point for point in points if math.isfinite(point.threshold)]
        curves[f"threshold-{metric}"] = {
            "threshold": [point.threshold for point in finite],
            metric: [100 * point.value for point in finite],
        }
    known = confidences(questions, predictions)
    if known is not None:
        curves["reliability"] = reliability(known, right)
    return curves


def _asked(
    question: ReadingQuestion, prediction: Prediction, threshold: float, marker: Marker
) -> Asked:
    gold_at = marker.gold(question)
    own = (question.context_id,) if question.context_id else ()
    return Asked(
        question.question,
        gold=tuple(span.text for span in question.gold(marker.merge)),
        answer=prediction.text if prediction.score >= threshold else "",
        score=prediction.score,
        product_id=question.product_id,
        ranked=prediction.read or ((prediction.context_id,) if prediction.context_id else ()),
        relevant=own or tuple(dict.fromkeys(mark.text_id for mark in gold_at)),
        meta=dict(question.meta),
        gold_at=gold_at,
        answer_at=marker.answer(question, prediction),
    )


def _shown(asked: Asked) -> tuple[str, ...]:
    """The texts of a retrieval question that people look at: the best one and the wanted ones."""
    return (*asked.ranked[:1], *asked.relevant[:3])
