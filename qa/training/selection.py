"""Scores that choose between checkpoints: held-out sets, none of them a test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.metrics.squad import exact_match, f1
from eval.records import ReadingQuestion
from qa.reader.reading import read
from qa.reader.session import SpanModel
from qa.reader.spans import ScoredSpan, SpanRules
from qa.reader.windows import Windower
from qa.training.reader_data import SOMEWHERE
from qa.training.staged import Scores

NOTHING = ScoredSpan(0, 0, -1e9)


def score_sets(
    model: SpanModel,
    windower: Windower,
    sets: Mapping[str, Sequence[ReadingQuestion]],
    rules: SpanRules,
) -> dict[str, dict[str, float]]:
    """What each set can tell, in percent, under merge rule ``any``.

    ``f1``, ``em`` at threshold 0 and ``span_f1`` where an answer exists (not for evidence, which
    has no spans); ``auc``: how well the score tells answerable from unanswerable.
    """
    return {name: _scores(model, windower, questions, rules) for name, questions in sets.items()}


def selection_value(scores: Scores) -> float:
    """What checkpoints are chosen by: the mean over sets of their F1s and AUC."""
    kinds = ("f1", "span_f1", "auc")
    means = [[s[kind] for kind in kinds if kind in s] for s in scores.values()]
    return sum(sum(values) / len(values) for values in means) / len(means)


def _scores(
    model: SpanModel, windower: Windower, questions: Sequence[ReadingQuestion], rules: SpanRules
) -> dict[str, float]:
    found = read(
        model,
        windower,
        [q.question for q in questions],
        [[q.context] for q in questions],
        rules=rules,
    )
    best = [spans[0] if spans else NOTHING for (spans,) in found]
    result: dict[str, float] = {}
    if not any(SOMEWHERE in q.meta for q in questions):
        result |= _span_scores(questions, best)
    answerable = np.array([bool(q.gold("any")) for q in questions])
    if answerable.any() and not answerable.all():
        result["auc"] = 100 * area_under_roc(np.array([s.score for s in best]), answerable)
    return result


def _span_scores(
    questions: Sequence[ReadingQuestion], best: Sequence[ScoredSpan]
) -> dict[str, float]:
    em, all_f1, span_f1 = [], [], []
    for question, span in zip(questions, best, strict=True):
        golds = [gold.text for gold in question.gold("any")]
        text = question.context[span.start : span.end]
        gated = text if span.score > 0 else ""
        em.append(exact_match(gated, golds))
        all_f1.append(f1(gated, golds))
        if golds:
            span_f1.append(f1(text, golds))
    named = (("em", em), ("f1", all_f1), ("span_f1", span_f1))
    return {name: 100 * sum(values) / max(1, len(values)) for name, values in named}


def area_under_roc(scores: npt.NDArray[Any], right: npt.NDArray[np.bool_]) -> float:
    """The chance that a right item scores above a wrong one, ties counting half."""
    wrong = np.sort(scores[~right])
    below = np.searchsorted(wrong, scores[right], side="left")
    upto = np.searchsorted(wrong, scores[right], side="right")
    return float((below + upto).mean() / (2 * len(wrong)))
