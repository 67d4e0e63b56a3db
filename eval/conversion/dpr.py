"""Judged questions to and from the retriever training JSON of facebookresearch/DPR.

Per question ``question``, ``answers`` and the lists ``positive_ctxs``, ``negative_ctxs`` and
``hard_negative_ctxs`` of objects with ``title`` and ``text``, which is what DPR reads (its
README and ``biencoder_data.py``). Written beside them, and read where present: ``id``,
``product_id`` and ``readings`` (:mod:`eval.conversion.readings`) of a question; ``passage_id``,
``product_id`` and ``relevance`` of a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eval.conversion.atomic import dumps, whole_file
from eval.conversion.json_array import iter_json_array
from eval.conversion.judged import JudgedQuestion, JudgedSet, Passage, distinct
from eval.conversion.readings import FIELD, reading_tree, readings_from
from eval.conversion.report import Ledger
from eval.datasets.jsonl import text_id
from eval.datasets.protocols import safe_id
from eval.errors import MalformedData
from eval.records import ReadingQuestion, Span

LISTS = {"positive_ctxs": 1, "hard_negative_ctxs": 0, "negative_ctxs": None}


def read_dpr(path: Path, ledger: Ledger) -> JudgedSet:
    """All questions with their texts; texts without an id get one made of themselves.

    Raises:
        DatasetNotFound: no such file.
        MalformedData: an element of the wrong form, two texts with one id, an id that occurs twice.
    """
    passages: dict[str, Passage] = {}
    questions: dict[str, JudgedQuestion] = {}
    for place, question, found in iter_dpr(path):
        ledger.read["questions"] += 1
        for passage in found.values():
            if passages.setdefault(passage.id, passage).text != passage.text:
                raise MalformedData(f"{place}: two different texts have the id {passage.id!r}")
        if question.id in questions:
            raise MalformedData(f"{place}: question id {question.id!r} occurs twice")
        questions[question.id] = question
    return JudgedSet(passages, tuple(questions.values()))


def iter_dpr(path: Path) -> Iterator[tuple[str, JudgedQuestion, dict[str, Passage]]]:
    """Place, question and texts of each element, one at a time; raises as :func:`read_dpr`."""
    for number, tree in enumerate(iter_json_array(path), 1):
        place = f"{path}: element {number}"
        if not isinstance(tree, dict) or not isinstance(tree.get("question"), str):
            raise MalformedData(f"{place}: no object with a text 'question'")
        yield place, *_question(place, str(number), tree)


def readings_of(path: Path, ledger: Ledger) -> Iterator[ReadingQuestion]:
    """Annotated readings: those written by reviewqa, else answers found in positive texts."""
    for _, question, passages in iter_dpr(path):
        ledger.read["questions"] += 1
        yield from question.readings or _located(question, passages, ledger)


def write_dpr(path: Path, data: JudgedSet, ledger: Ledger, *, force: bool = False) -> None:
    """Write the array; texts that no question refers to have no place in it."""
    used: set[str] = set()
    with whole_file(path, force=force) as stream:
        for number, question in enumerate(data.questions):
            stream.write(",\n" if number else "[\n")
            stream.write(dumps(_tree(question, data)))
            used.update(question.relevance, question.negatives)
            _count(question, data.level, ledger)
        stream.write("\n]\n" if data.questions else "[]\n")
    unused = len(data.passages) - len(used)
    ledger.lost["texts that no question refers to"] += unused


def _count(question: JudgedQuestion, level: int, ledger: Ledger) -> None:
    positives = sum(grade >= level for grade in question.relevance.values())
    ledger.written["questions"] += 1
    ledger.written["positive texts"] += positives
    ledger.written["hard negative texts"] += len(question.relevance) - positives
    ledger.written["negative texts"] += len(question.negatives)
    if not positives:
        ledger.written["questions without a positive text, which DPR skips"] += 1


def _tree(question: JudgedQuestion, data: JudgedSet) -> dict[str, Any]:
    positive, hard = [], []
    for name, grade in question.relevance.items():
        ctx = _ctx(data.passages[name])
        if grade >= data.level:
            positive.append(ctx if grade == 1 else ctx | {"relevance": grade})
        else:
            hard.append(ctx if grade == 0 else ctx | {"relevance": grade})
    tree: dict[str, Any] = {
        "question": question.question,
        "answers": list(question.answers),
        "positive_ctxs": positive,
        "negative_ctxs": [_ctx(data.passages[name]) for name in question.negatives],
        "hard_negative_ctxs": hard,
        "id": question.id,
    }
    if question.product_id is not None:
        tree["product_id"] = question.product_id
    if question.readings:
        tree[FIELD] = [reading_tree(one, safe_id(one.context_id)) for one in question.readings]
    return tree


def _ctx(passage: Passage) -> dict[str, Any]:
    ctx: dict[str, Any] = {
        "title": passage.title,
        "text": passage.text,
        "passage_id": passage.id,
    }
    return ctx | ({"product_id": passage.product_id} if passage.product_id else {})


def _question(
    place: str, number: str, tree: Mapping[str, Any]
) -> tuple[JudgedQuestion, dict[str, Passage]]:
    answers = tree.get("answers", [])
    if not isinstance(answers, list) or not all(isinstance(text, str) for text in answers):
        raise MalformedData(f"{place}: 'answers' is no list of texts")
    passages: dict[str, Passage] = {}
    relevance: dict[str, int] = {}
    negatives: list[str] = []
    for field, default in LISTS.items():
        for passage, grade in _ctxs(place, field, tree.get(field, []), default):
            if passages.setdefault(passage.id, passage).text != passage.text:
                raise MalformedData(f"{place}: two different texts have the id {passage.id!r}")
            if grade is None:
                negatives.append(passage.id)
            else:
                relevance.setdefault(passage.id, grade)
    readings: tuple[ReadingQuestion, ...] = ()
    if FIELD in tree:
        texts = {name: passage.text for name, passage in passages.items()}
        readings = readings_from(place, tree[FIELD], texts.get)
    product = tree.get("product_id")
    question = JudgedQuestion(
        str(tree.get("id", number)),
        tree["question"].strip(),
        None if product is None else str(product),
        tuple(answers),
        relevance,
        distinct(negatives),
        readings,
    )
    return question, passages


def _ctxs(
    place: str, field: str, trees: Any, default: int | None
) -> Iterator[tuple[Passage, int | None]]:
    if not isinstance(trees, list):
        raise MalformedData(f"{place}: {field!r} is no list")
    for tree in trees:
        if not isinstance(tree, dict) or not isinstance(tree.get("text"), str):
            raise MalformedData(f"{place}: {field!r}: no object with 'title' and 'text'")
        grade = tree.get("relevance", default)
        if grade is not None and (isinstance(grade, bool) or not isinstance(grade, int)):
            raise MalformedData(
                f"{place}: {field!r}: 'relevance' is {grade!r:.60}, no whole number"
            )
        title = str(tree.get("title") or "")
        name = tree.get("passage_id", tree.get("psg_id"))
        if name is None:
            name = text_id(f"{title}\n{tree['text']}")
        yield Passage(str(name), tree["text"], title, str(tree.get("product_id", ""))), grade


def _located(
    question: JudgedQuestion, passages: Mapping[str, Passage], ledger: Ledger
) -> Iterator[ReadingQuestion]:
    positives = [name for name, grade in question.relevance.items() if grade >= 1]
    ledger.lost["negative texts, of which nobody says that they hold no answer"] += (
        len(question.relevance) + len(question.negatives) - len(positives)
    )
    if not positives:
        ledger.dropped["without a positive text"] += 1
    for name in positives:
        context = passages[name].text
        starts = ((context.find(answer), answer) for answer in question.answers if answer)
        spans = [Span(at, at + len(answer), answer) for at, answer in starts if at >= 0]
        if spans:
            yield ReadingQuestion(
                f"{question.id}#{name}",
                question.question,
                context,
                tuple((span,) for span in spans),
                name,
                passages[name].product_id,
            )
        else:
            ledger.dropped["positive texts in which no answer occurs as it is written"] += 1
