"""A store's own labels as gold data: measured on the store itself, as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from eval.datasets.protocols import pipeline_questions, safe_id
from eval.datasets.retrieval import retrieval_set
from eval.errors import DatasetNotFound
from eval.records import ReadingQuestion, RetrievalSet, Text
from indexing.engines.base import Engine
from indexing.engines.registry import open_engine
from qa.labels import labelled_questions, labels_of

_PAGE = 1000


@contextmanager
def opened_store(location: str) -> Iterator[Engine]:
    """The store at ``location``, to be read only.

    Raises:
        IndexingError: there is none, or it cannot be opened.
    """
    engine = open_engine(location, read_only=True)
    try:
        yield engine
    finally:
        engine.close()


class StoredLabels:
    """The labels whose reviews are still what was labelled.

    See :class:`qa.experiments.sources.Source`. There are no splits: whatever is asked for, every
    label is given.

    Raises:
        DatasetNotFound: there are none.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        every = labels_of(engine).all()
        current = [one for one in every if one.state == "current"]
        if not current:
            held = f"{len(every)} stale ones only" if every else "none"
            raise DatasetNotFound(
                f"{name}: no labels to measure on, {held}: add some with `reviewqa labels import`"
            )
        self.engine = engine
        self.about: Mapping[str, Any] = {"stale_labels_left_out": len(every) - len(current)}
        self._name = name
        self._questions = labelled_questions(current)

    def reading(self, split: str) -> list[ReadingQuestion]:
        return self._questions

    def retrieval(self, protocol: str | None) -> RetrievalSet:
        """Under ``product``, the default, texts are the labelled products' reviews."""
        asked = self._safe()
        chosen = protocol or "product"
        products = self._every_product() if chosen == "open" else self._products()
        texts = [] if chosen == "book" else self._texts(products)
        return retrieval_set(self._name, "labels", asked, asked, chosen, texts)

    def pipeline(self, protocol: str | None) -> tuple[list[ReadingQuestion], list[Text], bool]:
        if protocol is not None:
            raise DatasetNotFound(f"{self._name}: a store is asked as it is, not as {protocol!r}")
        texts = list(self._texts(self._products()))
        return pipeline_questions(self._questions, self._questions), texts, True

    def _safe(self) -> list[ReadingQuestion]:
        """TREC files hold no ids with white space."""
        return [replace(q, id=safe_id(q.id)) for q in self._questions]

    def _products(self) -> Iterable[str]:
        return dict.fromkeys(question.product_id for question in self._questions)

    def _every_product(self) -> Iterator[str]:
        offset = 0
        while page := self.engine.products(limit=_PAGE, offset=offset):
            yield from (product.id for product in page)
            offset += len(page)

    def _texts(self, products: Iterable[str]) -> Iterator[Text]:
        for product in products:
            ids = dict.fromkeys(passage.review_id for passage in self.engine.passages(product))
            for review in self.engine.reviews(list(ids)).values():
                yield Text(safe_id(review.id), product, review.text)
