"""Shoppers' questions on reviews and product pages, written by a language model (CC0).

They ship with the package as ``shoppers_data/*.jsonl``. What they are asked on belongs to others
and stays in the data root: SubjQA's and SQuADShifts-Amazon's training reviews, found by a digest;
ePQA's training pages, found by the id of the question whose candidates they are; and the texts of
hetPQA's products, found by ASIN and digests. Rewordings ask what a question of ePQA's train or of
hetPQA's judged part asks, in other words, of the same candidates with their annotators' labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from eval.datasets.epqa import load_epqa
from eval.datasets.hetpqa import load_hetpqa_evidence, load_hetpqa_pages
from eval.datasets.jsonl import json_line
from eval.errors import DatasetNotFound, MalformedData
from eval.records import Candidate, EvidenceQuestion, ReadingQuestion, Span

REVIEWS = "shoppers:reviews"
PRODUCTS = "shoppers:products"
REWORDINGS = "shoppers:rewordings"
HETPQA = "hetpqa:"
"""Before the ASIN of hetPQA's pages, which are all train: hetPQA's questions are on them, too."""
SPLITS = ("train", "dev")
FOLDER = Path(__file__).parent / "shoppers_data"
LABELS = {"answers": 2, "helps": 1, "neither": 0}
"""ePQA's labels by what a line calls the sentences that have them."""
_DEV = 8
LoadReading = Callable[[str, str, Path], list[ReadingQuestion]]


def text_digest(text: str) -> str:
    """What a review is found by: the first 16 hexadecimal digits of its SHA-1."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:16]


def by_digest(questions: Iterable[ReadingQuestion]) -> dict[str, ReadingQuestion]:
    """The first question asked on each review, by the review's :func:`text_digest`."""
    first: dict[str, ReadingQuestion] = {}
    for question in questions:
        first.setdefault(question.context, question)
    return {text_digest(context): question for context, question in first.items()}


def split_of(key: str) -> str:
    """An eighth of the texts, by the SHA-1 of their keys, is dev; the rest is train."""
    if key.startswith(HETPQA):
        return "train"
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
    for place, row in rows_of(REVIEWS, [folder / "reviews.jsonl"], split, "text"):
        name = row["set"]
        if name not in contexts:
            contexts[name] = by_digest(load_reading(name, "train", root))
        if row["text"] not in contexts[name]:
            raise DatasetNotFound(f"{place}: no review {row['text']} in the train of {name}")
        review = contexts[name][row["text"]]
        for number, (asked, spans) in enumerate(row["asked"].items()):
            key = f"{REVIEWS}:{row['text']}:{number}"
            found.append(_asked(replace(review, id=key, question=asked), spans, place))
    return found


def load_shoppers_products(root: Path, split: str, folder: Path = FOLDER) -> list[EvidenceQuestion]:
    """Questions on ePQA's training pages and hetPQA's, judged as ePQA judges its candidates.

    Raises:
        DatasetNotFound: no such split, or ePQA or hetPQA is not there, or lacks a page or a
            candidate.
    """
    pages = {question.id: question for question in load_epqa(root, "train")}
    others = cache(partial(_hetpqa_candidates, root))
    found = []
    for place, row in rows_of(PRODUCTS, [folder / "products.jsonl"], split, "page"):
        name = row["page"]
        if name.startswith(HETPQA):
            product = name.removeprefix(HETPQA)
            candidates = _of_page(others().get(product, {}), row, place)
        elif name in pages:
            product, candidates = pages[name].product_id, pages[name].candidates
        else:
            raise DatasetNotFound(f"{place}: no question {name} in ePQA's train")
        for number, (asked, judgement) in enumerate(row["asked"].items()):
            judged = _judged(candidates, judgement, f"{place}: page {name}")
            key = f"{PRODUCTS}:{name}:{number}"
            found.append(EvidenceQuestion(key, asked, product, judged))
    return found


def load_shoppers_rewordings(
    root: Path, split: str, folder: Path = FOLDER
) -> list[EvidenceQuestion]:
    """Questions of ePQA's train and hetPQA's judged part in other words; their labels hold.

    Raises:
        DatasetNotFound: no such split (there is ``train``), or a set or question is not there.
    """
    if split != "train":
        raise DatasetNotFound(f"{REWORDINGS} has no split {split!r}: it has train")
    asked = {q.id: q for q in [*load_epqa(root, "train"), *load_hetpqa_evidence(root, "train")]}
    found = []
    for place, row in _lines(folder / "rewordings.jsonl"):
        name = row["of"]
        if name not in asked:
            raise DatasetNotFound(f"{place}: no question {name} in ePQA's train or hetPQA")
        for number, words in enumerate(row["questions"]):
            key = f"{REWORDINGS}:{name}:{number}"
            found.append(replace(asked[name], id=key, question=words))
    return found


def _hetpqa_candidates(root: Path) -> dict[str, dict[str, Candidate]]:
    """By ASIN and digest."""
    return {
        asin: {
            (key := text_digest(text)): Candidate(key, text, 0, source)
            for text, source in page.items()
        }
        for asin, page in load_hetpqa_pages(root).items()
    }


def _of_page(page: dict[str, Candidate], row: dict[str, Any], place: str) -> tuple[Candidate, ...]:
    if unknown := set(row["page_texts"]) - set(page):
        raise DatasetNotFound(f"{place}: no text {min(unknown)} of {row['page']} at hand")
    return tuple(page[digest] for digest in row["page_texts"])


def _asked(question: ReadingQuestion, marked: list[list[int]], place: str) -> ReadingQuestion:
    text = question.context
    spans = tuple(Span(start, end, text[start:end]) for start, end in marked)
    if not all(0 <= span.start < span.end <= len(text) for span in spans):
        raise MalformedData(f"{place}: a span is not in the review")
    return replace(question, annotations=(spans,), meta={})


def _judged(
    candidates: tuple[Candidate, ...], judgement: dict[str, list[str]], place: str
) -> tuple[Candidate, ...]:
    labels = dict.fromkeys(judgement["helps"], 1) | dict.fromkeys(judgement["answers"], 2)
    if unknown := set(labels) - {c.id for c in candidates}:
        raise DatasetNotFound(f"{place}: no candidate {min(unknown)}")
    return tuple(replace(c, label=labels.get(c.id, 0)) for c in candidates)


def rows_of(
    name: str, paths: Iterable[Path], split: str, key: str, prefix: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines of a split, which ``prefix`` and their ``key`` belong to, with their places.

    Raises:
        DatasetNotFound: the set ``name`` has no such split.
    """
    if split not in SPLITS:
        raise DatasetNotFound(f"{name} has no split {split!r}: it has {' and '.join(SPLITS)}")
    for path in paths:
        for place, row in _lines(path):
            if split_of(f"{prefix}{row[key]}") == split:
                yield place, row


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            yield f"{path}: line {number}", json_line(path, number, line)
