"""Questions to reviewqa's own JSONL (:mod:`eval.datasets.jsonl`), which holds all of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from eval.conversion.atomic import dumps, whole_file
from eval.conversion.report import Ledger
from eval.datasets.jsonl import question_tree
from eval.records import ReadingQuestion


def write_jsonl(
    path: Path, questions: Iterable[ReadingQuestion], ledger: Ledger, *, force: bool = False
) -> None:
    """Write one question per line, as they come."""
    with whole_file(path, force=force) as stream:
        for question in questions:
            stream.write(dumps(question_tree(question)) + "\n")
            ledger.written["questions"] += 1
