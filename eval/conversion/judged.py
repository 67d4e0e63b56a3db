"""Questions with judged texts: what BEIR folders and DPR training files have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eval.datasets.protocols import group_key, safe_id
from eval.records import ReadingQuestion, RetrievalSet


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that can be retrieved."""

    id: str
    text: str
    title: str = ""
    product_id: str = ""


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question and what is known of texts for it.

    Attributes:
        product_id: only this product's texts are searched; None: all.
        answers: distinct texts that answer.
        relevance: grade by passage id; below the set's ``level`` is a hard negative.
        negatives: passages that nobody judged but that are taken not to answer.
        readings: the annotated (question, text) pairs it was made of, where they are known.
    """

    id: str
    question: str
    product_id: str | None
    answers: tuple[str, ...]
    relevance: Mapping[str, int]
    negatives: tuple[str, ...] = ()
    readings: tuple[ReadingQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """Judged questions and the passages they refer to, and perhaps more passages."""

    passages: Mapping[str, Passage]
    questions: tuple[JudgedQuestion, ...]
    level: int = 1


def judged_set(data: RetrievalSet, readings: Sequence[ReadingQuestion] = ()) -> JudgedSet:
    """A retrieval set with the readings behind it.

    Texts that somebody read for a question without finding an answer are judged 0. Questions that
    have no relevant text are kept, so that a count of them survives.

    Args:
        readings: the questions that ``data`` was made of under ``open`` or ``product``.
    """
    by_product = data.protocol == "product"
    groups: dict[object, list[ReadingQuestion]] = {}
    for reading in readings:
        groups.setdefault(group_key(reading) if by_product else reading.id, []).append(reading)
    members = {group[0].id: tuple(group) for group in groups.values()}
    known = {query.id: query for query in data.queries}
    questions = [
        _from_readings(group, by_product, data.qrels.get(name, {}))
        for name, group in members.items()
    ]
    questions += [
        JudgedQuestion(query.id, query.text, query.product_id, (), data.qrels[query.id])
        for query in known.values()
        if query.id not in members
    ]
    passages = {t.id: Passage(t.id, t.text, product_id=t.product_id) for t in data.texts}
    return JudgedSet(passages, tuple(questions), data.level)


def _from_readings(
    group: tuple[ReadingQuestion, ...], by_product: bool, qrels: Mapping[str, int]
) -> JudgedQuestion:
    first = group[0]
    relevance = dict(qrels)
    for reading in group:
        relevance.setdefault(safe_id(reading.context_id), 0)
    return JudgedQuestion(
        first.id,
        first.question,
        first.product_id if by_product else None,
        distinct(span.text for reading in group for span in reading.gold()),
        relevance,
        readings=group,
    )


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, in order."""
    return tuple(dict.fromkeys(texts))
