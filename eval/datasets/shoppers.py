"""Shoppers' questions on reviews and product pages, written by a language model (CC0).

They ship with the package as ``shoppers_data/*.jsonl``. What they are asked on belongs to others
and stays in the data root: SubjQA's and SQuADShifts-Amazon's training reviews, found by a digest,
and ePQA's training pages, found by the id of the question whose candidates they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.datasets.epqa import load_epqa
from eval.errors import DatasetNotFound, MalformedData
from eval.records import EvidenceQuestion, ReadingQuestion, Span

REVIEWS = "shoppers:reviews"
PRODUCTS = "shoppers:products"
SPLITS = ("train", "dev")
FOLDER = Path(__file__).parent / "shoppers_data"
_DEV = 8
LoadReading = Callable[[str, str, Path], list[ReadingQuestion]]


def text_digest(text: str) -> str:
    """What a review is found by: the first 16 hexadecimal digits of its SHA-1."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:16]


def split_of(key: str) -> str:
    """An eighth of the texts, by the SHA-1 of their keys, is dev; the rest is train."""
    digest = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()
    return "train" if int(digest[:8], 16) % _DEV else "dev"


def load_shoppers(
    root: Path, part: str, split: str, load_reading: LoadReading, folder: Path = FOLDER
) -> list[ReadingQuestion]:
    """Questions on reviews, with the spans that answer them; without spans, nothing there does.

    Args:
        load_reading: loads the sets that the reviews belong to.
        folder: where ``reviews.jsonl`` is.

    Raises:
        DatasetNotFound: no such part or split, or a set that reviews belong to is not there, or
            lacks one of them.
        MalformedData: a span is not in its review.
    """
    if part != REVIEWS.partition(":")[2]:
        raise DatasetNotFound(f"no part {part!r} of shoppers: reviews")
    contexts: dict[str, dict[str, ReadingQuestion]] = {}
    found = []
    for number, row in _rows(folder / "reviews.jsonl", split, "text"):
        name = row["set"]
        if name not in contexts:
            questions = load_reading(name, "train", root)
            contexts[name] = {text_digest(q.context): q for q in reversed(questions)}
        place = f"{folder / 'reviews.jsonl'}: line {number}"
        if row["text"] not in contexts[name]:
            raise DatasetNotFound(f"{place}: no review {row['text']} in the train of {name}")
        found.append(_asked(contexts[name][row["text"]], row, number, place))
    return found


def load_shoppers_products(root: Path, split: str, folder: Path = FOLDER) -> list[EvidenceQuestion]:
    """Questions on the candidates of ePQA's training pages, judged as ePQA judges them.

    Raises:
        DatasetNotFound: no such split, or ePQA is not there, or lacks a page or a candidate.
    """
    pages = {question.id: question for question in load_epqa(root, "train")}
    found = []
    for number, row in _rows(folder / "products.jsonl", split, "page"):
        place = f"{folder / 'products.jsonl'}: line {number}"
        if row["page"] not in pages:
            raise DatasetNotFound(f"{place}: no question {row['page']} in ePQA's train")
        found.append(_judged(pages[row["page"]], row, number, place))
    return found


def _asked(on: ReadingQuestion, row: dict[str, Any], number: int, place: str) -> ReadingQuestion:
    spans = tuple(Span(start, end, on.context[start:end]) for start, end in row["spans"])
    if not all(0 <= span.start < span.end <= len(on.context) for span in spans):
        raise MalformedData(f"{place}: a span is not in the review")
    return replace(
        on,
        id=f"{REVIEWS}:{number}",
        question=row["question"],
        annotations=(spans,),
        meta={},
    )


def _judged(
    page: EvidenceQuestion, row: dict[str, Any], number: int, place: str
) -> EvidenceQuestion:
    labels = dict.fromkeys(row["helps"], 1) | dict.fromkeys(row["answers"], 2)
    if unknown := set(labels) - {c.id for c in page.candidates}:
        raise DatasetNotFound(f"{place}: no candidate {min(unknown)} of ePQA's question {page.id}")
    judged = tuple(replace(c, label=labels.get(c.id, 0)) for c in page.candidates)
    return EvidenceQuestion(f"{PRODUCTS}:{number}", row["question"], page.product_id, judged)


def _rows(path: Path, split: str, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    if split not in SPLITS:
        raise DatasetNotFound(f"shoppers:{path.stem} has no split {split!r}: it has train and dev")
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            row = json.loads(line)
            if split_of(row[key]) == split:
                yield number, row
