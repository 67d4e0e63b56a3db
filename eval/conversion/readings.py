"""Annotated readings inside BEIR and DPR files, in a field that others do not read.

A reading is an object of :mod:`eval.datasets.jsonl` with ``passage``, an id of the file, in the
place of its ``context``; so a conversion into these formats and back gives the same spans.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eval.datasets.jsonl import question_from, question_tree
from eval.errors import MalformedData
from eval.records import ReadingQuestion

FIELD = "readings"


def reading_tree(reading: ReadingQuestion, passage: str) -> dict[str, Any]:
    """A reading without its context."""
    tree = question_tree(reading)
    del tree["context"]
    return tree | {"passage": passage}


def readings_from(
    place: str, trees: Any, context: Callable[[str], str | None]
) -> tuple[ReadingQuestion, ...]:
    """The readings of a question; ``context`` gives a passage's text by its id.

    Raises:
        MalformedData: something that is no reading, or a passage that the file lacks.
    """
    if not isinstance(trees, list) or not all(isinstance(tree, dict) for tree in trees):
        raise MalformedData(f"{place}: {FIELD!r} is no list of objects")
    found = []
    for tree in trees:
        text = context(str(tree.get("passage")))
        if text is None:
            raise MalformedData(f"{place}: {FIELD!r}: no passage {tree.get('passage')!r:.60}")
        found.append(question_from(f"{place}: {FIELD!r}", {**tree, "context": text}))
    return tuple(found)
