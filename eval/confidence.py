"""What a system's confidence is worth: whether it is calibrated, and whether it sorts answers.

Every figure is about the best span of every question, answered or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from eval.metrics.calibration import (
    brier_score,
    expected_calibration_error,
    resampled_calibration_error,
)
from eval.metrics.risk_coverage import (
    aurc,
    coverage_at_precision,
    resampled_aurc,
    resampled_coverage,
)
from eval.metrics.squad import f1
from eval.reading import Prediction
from eval.records import MergeRule, ReadingQuestion
from eval.results import Figure
from eval.significance import bootstrap_interval, bootstrap_statistics

PROTOCOL = "best span"
RIGHT = 0.5
"""Token F1 with a gold span from which an answer counts as right."""


def is_right(prediction: Prediction, question: ReadingQuestion, merge: MergeRule = "any") -> bool:
    """Whether the best answer, whatever its score, is one that an annotator would accept."""
    golds = [span.text for span in question.gold(merge)]
    return bool(golds) and f1(prediction.text, golds) >= RIGHT


def confidences(
    questions: Sequence[ReadingQuestion], predictions: Mapping[str, Prediction]
) -> list[float] | None:
    """The calibrated probabilities in the order of the questions; None unless all have one."""
    sure = [predictions[question.id].confidence for question in questions]
    known = [value for value in sure if value is not None]
    return known if len(known) == len(sure) else None


def confidence_figures(
    questions: Sequence[ReadingQuestion],
    predictions: Mapping[str, Prediction],
    merge: MergeRule = "any",
) -> list[Figure]:
    """AURC and coverage by score; ECE and Brier score where there are probabilities.

    Raises:
        ValueError: no questions.
    """
    scores = [predictions[q.id].score for q in questions]
    right = [float(is_right(predictions[q.id], q, merge)) for q in questions]
    found = {
        "aurc": (aurc(scores, right), partial(resampled_aurc, scores, right)),
        "coverage@90": (
            coverage_at_precision(scores, right),
            partial(resampled_coverage, scores, right),
        ),
    }
    sure = confidences(questions, predictions)
    if sure is not None:
        error = expected_calibration_error(sure, right)
        found["ece"] = (error, partial(resampled_calibration_error, sure, right))
    intervals = bootstrap_statistics([of for _, of in found.values()], len(right))
    made = [
        Figure(name, PROTOCOL, value, interval, len(right))
        for (name, (value, _)), interval in zip(found.items(), intervals, strict=True)
    ]
    return made if sure is None else [*made, _brier(sure, right)]


def _brier(sure: Sequence[float], right: Sequence[float]) -> Figure:
    """A mean of squares, so it is resampled as means are."""
    squares = (np.asarray(sure) - np.asarray(right)) ** 2
    interval = bootstrap_interval(squares.tolist())
    return Figure("brier", PROTOCOL, brier_score(sure, right), interval, len(right))
