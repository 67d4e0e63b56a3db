"""Sentences that search found for a question over many products, judged by a language model (CC0).

The judgements ship with the package in ``shoppers_data/mined``. Questions and sentences belong to
others and stay in the data root: questions and the sentences of ePQA's training pages are found
by their ids, hetPQA's by a digest, and one of a review by the review's digest and its place. What
an engine puts first is what it takes for an answer, so such lists hold its mistakes; judged, they
teach more than negatives that are only supposed to be ones (Qu et al., 2021, "RocketQA"; Moreira
et al., 2024, "NV-Retriever").
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from eval.datasets.epqa import load_epqa
from eval.datasets.hetpqa import load_hetpqa_answers, load_hetpqa_pages
from eval.datasets.registry import load_reading
from eval.datasets.shoppers import (
    FOLDER,
    HETPQA,
    LABELS,
    LoadReading,
    by_digest,
    load_shoppers,
    load_shoppers_products,
    rows_of,
    text_digest,
)
from eval.errors import DatasetNotFound, MalformedData
from eval.records import Candidate, EvidenceQuestion

MINED = "shoppers:mined"
_EPQA = "epqa:"
"""Before the number of a question of ePQA's train, or of a candidate."""


def load_shoppers_mined(
    root: Path, split: str, folder: Path = FOLDER / "mined"
) -> list[EvidenceQuestion]:
    """The questions of a split with the sentences judged for them.

    Most sentences are of another product than the question: they are judged as if they stood on
    its page. A dev question's own page may have been trained on; its judged list was not.

    Raises:
        DatasetNotFound: no such split, or a set is not in the data root, or lacks a question or a
            sentence.
        MalformedData: a sentence's place is not in its review.
    """
    rows = list(rows_of(MINED, sorted(folder.glob("*.jsonl")), split, "asked", MINED))
    pages, reading = load_epqa(root, "train"), cache(load_reading)
    words, sentences = _questions(root, pages, reading), _Sentences(root, pages, reading)
    found = []
    for place, row in rows:
        name = row["asked"]
        if name not in words:
            raise DatasetNotFound(f"{place}: no question {name} in the data root")
        candidates = tuple(
            sentences.found(reference, label, place)
            for group, label in LABELS.items()
            for reference in row[group]
        )
        found.append(EvidenceQuestion(f"{MINED}:{name}", words[name], name, candidates))
    return found


def _questions(root: Path, pages: list[EvidenceQuestion], reading: LoadReading) -> dict[str, str]:
    """By id, the questions that lists were mined for, all of training parts."""
    return {
        **{f"{_EPQA}{q.id}": q.question for q in pages},
        **{q.id: q.question for q in load_hetpqa_answers(root, "train")},
        **{q.id: q.question for q in load_shoppers_products(root, "train")},
        **{q.id: q.question for q in load_shoppers(root, "reviews", "train", reading)},
    }


class _Sentences:
    """The sentences of a data root, by what ``shoppers_data/mined`` calls them."""

    def __init__(self, root: Path, pages: list[EvidenceQuestion], reading: LoadReading) -> None:
        others = load_hetpqa_pages(root).values()
        self._of_pages = {f"{_EPQA}{c.id}": c.text for q in pages for c in q.candidates}
        self._of_pages |= {f"{HETPQA}{text_digest(text)}": text for page in others for text in page}
        self._of_set = cache(lambda name: by_digest(reading(name, "train", root)))

    def found(self, reference: str, label: int, place: str) -> Candidate:
        """The sentence as a candidate; errors as :func:`load_shoppers_mined`."""
        text = self._of_pages.get(reference) or self._of_review(reference, place)
        return Candidate(reference, text, label, reference.partition(":")[0])

    def _of_review(self, reference: str, place: str) -> str:
        name, _, rest = reference.rpartition(":")
        digest, _, span = rest.partition("@")
        start, _, end = span.partition("-")
        review = self._of_set(name).get(digest) if span else None
        if review is None:
            raise DatasetNotFound(f"{place}: no sentence {reference} in the data root")
        text = review.context
        if not (start.isdigit() and end.isdigit() and int(start) < int(end) <= len(text)):
            raise MalformedData(f"{place}: no place in its review: {reference}")
        return text[int(start) : int(end)]
