"""SQuAD 1.1 and 2.0 JSON (Rajpurkar et al., 2016 and 2018), and sets in that form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from eval.datasets.files import find, read_json
from eval.errors import MalformedData
from eval.records import Annotation, ReadingQuestion, Span

_FIELDS = ("id", "question", "answers", "is_impossible", "context")


def read_squad(path: Path) -> list[ReadingQuestion]:
    """The questions of a file, in file order.

    Every listed answer counts as one annotator's, but those with the same ``annotator`` count as
    the spans of one; an impossible question has one empty annotation.
    Beside the standard's fields are read: ``product_id`` of an article (else its title),
    ``review_id`` of a paragraph, and whatever texts, numbers and flags a question has (``meta``).

    Raises:
        MalformedData: a missing key, an answer that is not at its offset, an id that occurs twice.
    """
    return squad_questions(path, read_json(find(path)))


def squad_questions(path: Path, data: Any) -> list[ReadingQuestion]:
    """The questions of a file's parsed JSON; see :func:`read_squad`."""
    if not isinstance(data, dict) or not isinstance(data.get("data"), list):
        raise MalformedData(f"{path}: not SQuAD JSON: no list under 'data'")
    questions = list(_articles(path, data["data"]))
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise MalformedData(f"{path}: question id {question.id!r} occurs twice")
        seen.add(question.id)
    return questions


def part_of_title(title: str) -> str:
    """``dev``, ``test`` or ``train`` of SQuADShifts-Amazon, by the SHA-1 of its title."""
    number = int(hashlib.sha1(title.encode(), usedforsecurity=False).hexdigest(), 16) % 8
    return {1: "dev", 2: "test"}.get(number, "train")


def _articles(path: Path, articles: list[Any]) -> Iterator[ReadingQuestion]:
    for number, article in enumerate(articles):
        try:
            yield from _paragraphs(path, article)
        except (KeyError, TypeError, AttributeError) as error:
            raise MalformedData(f"{path}: article {number}: missing or wrong {error}") from error


def _paragraphs(path: Path, article: dict[str, Any]) -> Iterator[ReadingQuestion]:
    title = str(article.get("title", ""))
    for ordinal, paragraph in enumerate(article["paragraphs"]):
        context_id = str(paragraph.get("review_id", f"{title}#{ordinal}"))
        for entry in paragraph["qas"]:
            yield ReadingQuestion(
                id=str(entry["id"]),
                question=entry["question"].strip(),
                context=paragraph["context"],
                annotations=_annotations(path, entry, paragraph["context"]),
                context_id=context_id,
                product_id=str(article.get("product_id", title)),
                meta=_more(entry) | {"title": title},
            )


def _more(entry: dict[str, Any]) -> dict[str, str]:
    return {
        key: str(value)
        for key, value in entry.items()
        if key not in _FIELDS and isinstance(value, str | int | float)
    }


def _annotations(path: Path, entry: dict[str, Any], context: str) -> tuple[Annotation, ...]:
    if entry.get("is_impossible") or not entry["answers"]:
        return ((),)
    marked: dict[object, list[Span]] = {}
    for number, answer in enumerate(entry["answers"]):
        start, text = answer["answer_start"], answer["text"]
        if context[start : start + len(text)] != text:
            raise MalformedData(f"{path}: {entry['id']}: no {text!r} at offset {start}")
        whose = ("named", answer["annotator"]) if "annotator" in answer else ("only", number)
        marked.setdefault(whose, []).append(Span(start, start + len(text), text))
    return tuple(map(tuple, marked.values()))


def squad_answers(annotations: Iterable[Annotation]) -> list[dict[str, Any]]:
    """Annotators' spans as a question's ``answers``, named apart where one has several."""
    marked = [spans for spans in annotations if spans]
    named = any(len(spans) > 1 for spans in marked)
    return [
        {"text": span.text, "answer_start": span.start} | ({"annotator": number} if named else {})
        for number, spans in enumerate(marked, 1)
        for span in spans
    ]
