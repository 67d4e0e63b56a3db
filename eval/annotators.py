"""How well annotators agree with each other: the line beside which a reader is judged.

Leave one out: each annotation is scored as if it were a prediction, "no answer" included, with
the spans of all the other annotators as gold; the mean is over annotations. Compare it with
protocol ``single``: a maximum over several annotators flatters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eval.metrics.squad import exact_match, f1
from eval.records import ReadingQuestion
from eval.results import Column

ANNOTATORS = "annotators"
BOTH_MARKED = "annotators (both marked)"


def leave_one_out(questions: Iterable[ReadingQuestion]) -> list[Column]:
    """EM, F1 and agreement whether there is an answer; one score per annotation.

    ``annotators`` takes every question with two annotations or more, ``annotators (both marked)``
    the annotations with a span to which some other annotator marked one, too. Scores are keyed
    ``question id/number of the annotation``. Empty where no question has two annotations.
    """
    rows = {name: (text, golds) for q in questions for name, text, golds in _left_out(q)}
    if not rows:
        return []
    both = {name: row for name, row in rows.items() if row[0] and row[1]}
    agree = {name: float(bool(text) == bool(golds)) for name, (text, golds) in rows.items()}
    columns = [*_scored(ANNOTATORS, rows), Column("agreement", ANNOTATORS, agree, "percent")]
    return columns + (_scored(BOTH_MARKED, both) if both else [])


def _left_out(question: ReadingQuestion) -> Iterator[tuple[str, str, list[str]]]:
    marked = question.annotations
    if len(marked) < 2:
        return
    for number, own in enumerate(marked):
        others = [span.text for at, spans in enumerate(marked) if at != number for span in spans]
        yield f"{question.id}/{number}", own[0].text if own else "", others


def _scored(protocol: str, rows: dict[str, tuple[str, list[str]]]) -> list[Column]:
    return [
        Column(metric, protocol, {name: score(*row) for name, row in rows.items()}, "percent")
        for metric, score in (("em", exact_match), ("f1", f1))
    ]
