"""Reader experiments: predictions of a span model on questions with their contexts given."""

from __future__ import annotations

from collections.abc import Sequence

from eval.reading import Prediction
from eval.records import ReadingQuestion
from qa.reader.reading import read
from qa.reader.session import SpanModel
from qa.reader.spans import SpanRules
from qa.reader.windows import Windower

NO_TEXT = -1e9
"""Score of a question whose context has no word piece: certainly no answer."""


def predict(
    model: SpanModel,
    windower: Windower,
    questions: Sequence[ReadingQuestion],
    *,
    rules: SpanRules,
    chunk: int = 256,
) -> dict[str, Prediction]:
    """The best span of every question by id; ``chunk`` questions are in memory at once."""
    predictions = {}
    for begin in range(0, len(questions), chunk):
        part = questions[begin : begin + chunk]
        found = read(
            model,
            windower,
            [q.question for q in part],
            [[q.context] for q in part],
            rules=rules,
        )
        for question, (spans,) in zip(part, found, strict=True):
            predictions[question.id] = (
                Prediction(question.context[spans[0].start : spans[0].end], spans[0].score)
                if spans
                else Prediction("", NO_TEXT)
            )
    return predictions
