"""Labels of a store as files of SQuAD's form, and as gold data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from eval.datasets.squad import read_squad, squad_answers
from eval.formats.predictions import write_json
from eval.records import ReadingQuestion, Span
from indexing.engines.base import Engine, LabelEngine, LabelReport, Labels
from indexing.errors import LabelMismatch, StoreError
from indexing.records import Label, Review, StoredLabel

_VERSION = "v2.0"
_TITLE = "title"


@dataclass(frozen=True, slots=True)
class Exported:
    """How many labels were written, and which were left out because their review has changed."""

    written: int
    stale: tuple[StoredLabel, ...]


def labels_of(engine: Engine) -> Labels:
    """The labels of a store; raises :class:`StoreError` where the engine keeps none."""
    if not isinstance(engine, LabelEngine):
        raise StoreError(f"the {engine.name} engine keeps no labels: use an embedded store")
    return engine.labels


def import_labels(engine: Engine, path: Path) -> LabelReport:
    """Take the questions of a SQuAD 1.1 or 2.0 file into a store, all or none.

    Every paragraph needs its ``review_id``. Its context may be a part of the review from the
    beginning, or another version, as long as every answer stands where it says in the stored
    text; where there is no answer, the whole text has to be the same.

    Raises:
        EvalError: no such file, or it is no SQuAD file.
        LabelMismatch: a review is not there or does not hold an answer; the message names file,
            question, review and remedy.
    """
    questions = read_squad(path)
    reviews = engine.reviews(list({question.context_id for question in questions}))
    labels = [_label(question, reviews.get(question.context_id)) for question in questions]
    try:
        return labels_of(engine).write(labels)
    except LabelMismatch as error:
        raise LabelMismatch(f"{path}: {error}") from error


def export_labels(engine: Engine, path: Path, *, stale: bool = False) -> Exported:
    """Write the labels as SQuAD 2.0, whole or not at all; :func:`import_labels` reads them.

    Args:
        stale: also those whose review has changed or gone, with the text they were made on.
    """
    every = labels_of(engine).all()
    left = () if stale else tuple(one for one in every if one.state != "current")
    kept = [one for one in every if stale or one.state == "current"]
    try:
        write_json(path, {"version": _VERSION, "data": _articles(kept)})
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
    return Exported(len(kept), left)


def labelled_questions(labels: Iterable[StoredLabel]) -> list[ReadingQuestion]:
    """Labels as gold data; the context is the text they were made on."""
    return [_question(one) for one in labels]


def _label(question: ReadingQuestion, review: Review | None) -> Label:
    spans = [span for marked in question.annotations for span in marked]
    text = question.context
    if review and spans and all(review.text[s.start : s.end] == s.text for s in spans):
        text = review.text
    return Label(
        question.id,
        question.question,
        question.context_id,
        text,
        tuple(tuple((s.start, s.end) for s in marked) for marked in question.annotations),
        {key: value for key, value in question.meta.items() if key != _TITLE},
    )


def _question(one: StoredLabel) -> ReadingQuestion:
    label = one.label
    return ReadingQuestion(
        label.id,
        label.question,
        label.text,
        tuple(tuple(Span(s, e, label.text[s:e]) for s, e in spans) for spans in label.annotations),
        label.review_id,
        one.product_id,
        label.meta,
    )


def _articles(labels: Iterable[StoredLabel]) -> list[dict[str, Any]]:
    return [
        {
            "title": product,
            "product_id": product,
            "paragraphs": [
                {"context": text, "review_id": review, "qas": [_entry(one.label) for one in group]}
                for (review, text), group in groupby(
                    members, key=lambda one: (one.label.review_id, one.label.text)
                )
            ],
        }
        for product, members in groupby(labels, key=lambda one: one.product_id)
    ]


def _entry(label: Label) -> dict[str, Any]:
    annotations = [
        tuple(Span(start, end, label.text[start:end]) for start, end in marked)
        for marked in label.annotations
    ]
    return {
        **label.meta,
        "id": label.id,
        "question": label.question,
        "answers": squad_answers(annotations),
        "is_impossible": not any(annotations),
    }
