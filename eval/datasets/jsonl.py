"""reviewqa's own form of gold data: one question on one context per line of JSON.

==============  ==========================================================================
``id``          required, unique in the file
``question``    required
``context``     required: the text that was read
``annotations`` required: one list per annotator of the spans they marked, each an object of
                ``start`` (code points into ``context``) and ``text``; an empty list says
                "no answer here"
``context_id``  the text's id; by default made from the text
``product_id``  whose review it is; by default none
``meta``        an object of texts: whatever else is known
==============  ==========================================================================
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from eval.datasets.files import find, reading_text
from eval.errors import MalformedData
from eval.records import Annotation, ReadingQuestion, Span


def read_jsonl(path: Path) -> list[ReadingQuestion]:
    """The questions of a file, in file order; errors as for :func:`iter_jsonl`."""
    return list(iter_jsonl(path))


def iter_jsonl(path: Path) -> Iterator[ReadingQuestion]:
    """The questions of a file, one at a time; empty lines are skipped.

    Raises:
        DatasetNotFound: no such file.
        MalformedData: a line that is no such object, a span that is not in its context, an id
            that occurs twice; the message names file, line and field.
    """
    seen: set[str] = set()
    with reading_text(find(path)) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            question = question_from(f"{path}: line {number}", json_line(path, number, line))
            if question.id in seen:
                raise MalformedData(f"{path}: line {number}: id {question.id!r} occurs twice")
            seen.add(question.id)
            yield question


def json_line(path: Path, number: int, line: str) -> Any:
    """The value of a line of JSON; :class:`MalformedData` says where the syntax breaks."""
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise MalformedData(f"{path}: line {number}: {error.msg}") from error
    except RecursionError as error:
        raise MalformedData(f"{path}: line {number}: nested too deeply to be data") from error


def question_from(place: str, tree: Any) -> ReadingQuestion:
    """A question from its object; ``place`` begins the message of what is wrong with it."""
    if not isinstance(tree, dict):
        raise MalformedData(f"{place}: no object with 'id', 'question', 'context', 'annotations'")
    context = _text(place, tree, "context")
    meta = tree.get("meta", {})
    if not isinstance(meta, dict) or not all(isinstance(v, str) for v in meta.values()):
        raise MalformedData(f"{place}: 'meta' is no object of texts")
    return ReadingQuestion(
        id=_text(place, tree, "id"),
        question=_text(place, tree, "question").strip(),
        context=context,
        annotations=_annotations(place, tree.get("annotations"), context),
        context_id=_text(place, tree, "context_id", text_id(context)),
        product_id=_text(place, tree, "product_id", ""),
        meta=meta,
    )


def question_tree(question: ReadingQuestion) -> dict[str, Any]:
    """What :func:`question_from` reads."""
    return {
        "id": question.id,
        "question": question.question,
        "context": question.context,
        "annotations": [
            [{"start": span.start, "text": span.text} for span in spans]
            for spans in question.annotations
        ],
        "context_id": question.context_id,
        "product_id": question.product_id,
        "meta": dict(question.meta),
    }


def text_id(text: str) -> str:
    """16 hex digits that stand for a text without an id of its own."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _text(place: str, tree: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = tree.get(key, default)
    if not isinstance(value, str):
        fault = "is missing" if value is None else f"is no text but {value!r:.60}"
        raise MalformedData(f"{place}: {key!r} {fault}")
    return value


def _annotations(place: str, tree: Any, context: str) -> tuple[Annotation, ...]:
    if not isinstance(tree, list) or not tree or not all(isinstance(one, list) for one in tree):
        raise MalformedData(
            f"{place}: 'annotations' is no list of one list of spans per annotator "
            "(no answer: [[]])"
        )
    return tuple(tuple(_span(place, span, context) for span in spans) for spans in tree)


def _span(place: str, tree: Any, context: str) -> Span:
    start, text = (tree.get("start"), tree.get("text")) if isinstance(tree, dict) else (None, None)
    if not isinstance(start, int) or isinstance(start, bool) or not isinstance(text, str):
        raise MalformedData(f"{place}: 'annotations': {tree!r:.60} has no 'start' and 'text'")
    if start < 0 or context[start : start + len(text)] != text:
        raise MalformedData(
            f"{place}: 'annotations': no {text!r:.60} at offset {start} of the context "
            "(offsets count code points from 0)"
        )
    return Span(start, start + len(text), text)
