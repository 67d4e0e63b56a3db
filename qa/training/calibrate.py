"""Calibration and threshold of a reader, fitted on questions it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.confidence import is_right
from eval.metrics.squad import f1
from eval.reading import Prediction
from eval.records import EvidenceQuestion, ReadingQuestion
from qa.errors import QAError
from qa.experiments.reading import predict
from qa.reader.calibration import Platt, fit_platt
from qa.reader.package import ReaderCalibration
from qa.reader.reading import read
from qa.reader.session import SpanModel
from qa.reader.spans import SpanRules
from qa.reader.windows import Windower

GRID = np.arange(-8.0, 12.01, 0.25)
"""Log odds that are tried as thresholds."""


@dataclass(frozen=True, slots=True)
class Calibrator:
    """What scores questions while calibrating.

    Raises:
        QAError: the reader is always right or never, so that nothing can be learnt from its scores.
    """

    model: SpanModel
    windower: Windower
    rules: SpanRules

    def span(self, questions: Sequence[ReadingQuestion]) -> Platt:
        """Probability that the best span of a context is right: F1 of 0.5 with a gold span."""
        predictions = predict(self.model, self.windower, questions, rules=self.rules)
        scores = [predictions[q.id].score for q in questions]
        return _fitted(scores, [is_right(predictions[q.id], q) for q in questions])

    def answerable(self, questions: Sequence[EvidenceQuestion]) -> Platt:
        """Probability that any passage answers, from the best score of a product's passages."""
        return _fitted(*self._best_of_products(questions))

    def product_threshold(self, questions: Sequence[EvidenceQuestion]) -> float:
        """The log odds that best tell products that answer from those that do not.

        The best span of many passages scores higher than that of one, so this is above
        :meth:`threshold`. What is maximised is the mean of the rates right on either side.
        """
        scores, answered = map(np.asarray, self._best_of_products(questions))
        values = [
            ((scores[answered] > at).mean() + (scores[~answered] <= at).mean()) / 2 for at in GRID
        ]
        return _smooth_best(values)

    def _best_of_products(
        self, questions: Sequence[EvidenceQuestion]
    ) -> tuple[list[float], list[bool]]:
        """Best scores, and whether any passage answers: as judged, and with answers left out."""
        asked = [*questions, *(without_answers(q) for q in questions)]
        asked = [q for q in asked if q.candidates]
        found = read(
            self.model,
            self.windower,
            [q.question for q in asked],
            [[c.text for c in q.candidates] for q in asked],
            rules=self.rules,
        )
        best = [max(spans[0].score for spans in row if spans) for row in found]
        return best, [any(c.label == 2 for c in q.candidates) for q in asked]

    def threshold(self, questions: Sequence[ReadingQuestion]) -> float:
        """The log odds at which F1 over all questions (rule ``any``) is best."""
        predictions = predict(self.model, self.windower, questions, rules=self.rules)
        return _smooth_best([_f1_at(questions, predictions, float(at)) for at in GRID])


def _smooth_best(values: Sequence[float]) -> float:
    """Where a curve over the grid is highest.

    Neighbours are averaged so that a lucky step of the curve is not taken for its top.
    """
    padded = np.pad(np.asarray(values, float), 3, mode="edge")
    smooth = np.convolve(padded, np.full(7, 1 / 7), mode="valid")
    return float(GRID[int(np.argmax(smooth))])


def calibration(
    calibrator: Calibrator,
    questions: Sequence[ReadingQuestion],
    evidence: Sequence[EvidenceQuestion],
) -> ReaderCalibration:
    """Both curves of a reader."""
    return ReaderCalibration(calibrator.span(questions), calibrator.answerable(evidence))


def without_answers(question: EvidenceQuestion) -> EvidenceQuestion:
    """The same question about a product whose page does not answer or help."""
    rest = tuple(c for c in question.candidates if c.label == 0)
    return replace(question, id=f"{question.id}:unanswered", candidates=rest)


def _f1_at(
    questions: Sequence[ReadingQuestion], predictions: dict[str, Prediction], at: float
) -> float:
    total = 0.0
    for question in questions:
        best = predictions[question.id]
        golds = [span.text for span in question.gold("any")]
        total += f1(best.text if best.score > at else "", golds)
    return total / len(questions)


def _fitted(scores: Sequence[float], right: Sequence[bool]) -> Platt:
    try:
        return fit_platt(scores, right)
    except ValueError as error:
        raise QAError(
            f"the reader cannot be calibrated on {len(right)} held-out questions, of which it has "
            f"{sum(right)} right: {error}; train it longer, or hold out more (`holdout` of parts "
            "and selection)"
        ) from error
