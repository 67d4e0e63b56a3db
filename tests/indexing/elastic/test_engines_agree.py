"""Both engines rank real questions on real reviews alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from eval.datasets.subjqa import load_subjqa
from eval.records import ReadingQuestion
from indexing.engines.base import VectorSpace
from indexing.engines.elastic.engine import ElasticEngine
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.records import Hit, Review
from tests.elasticsearch_server import stores

pytestmark = [pytest.mark.elasticsearch, pytest.mark.data]
DIMENSION, TOP = 64, 10
Pair = tuple[EmbeddedEngine, ElasticEngine]


@pytest.fixture(scope="module")
def questions(data_root: Path) -> list[ReadingQuestion]:
    return [
        question
        for domain in ("electronics", "grocery")
        for split in ("train", "dev", "test")
        for question in load_subjqa(data_root, domain, split)
    ]


@pytest.fixture(scope="module")
def engines(
    questions: list[ReadingQuestion], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """The reviews of SubjQA's electronics and grocery in both engines, with vectors."""
    texts = {(q.product_id, q.context): q.context_id for q in questions}
    reviews = [
        Review(id=f"{product}/{name}/{n}", product_id=product, text=text)
        for n, ((product, text), name) in enumerate(texts.items())
    ]
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("agree") / "store"
        embedded = stack.enter_context(closing(EmbeddedEngine(folder, create=True)))
        elastic = stack.enter_context(stores())()
        for engine in (embedded, elastic):
            for at in range(0, len(reviews), 1000):
                engine.write(reviews[at : at + 1000])
            for page in engine.passages_without_vectors():
                rows = np.stack([vector_of(passage.text) for passage in page])
                space = VectorSpace("projected", DIMENSION)
                engine.put_vectors(space, [p.id for p in page], rows)
            engine.sync()
        yield embedded, elastic


def vector_of(text: str) -> np.ndarray:
    """A random projection of the bag of words, of length one."""
    rows = [
        np.random.default_rng(crc32(word.encode())).standard_normal(DIMENSION)
        for word in text.lower().split()
    ]
    total = np.sum(rows, axis=0) if rows else np.ones(DIMENSION)
    return (total / np.linalg.norm(total)).astype(np.float32)


def overlap(one: list[Hit], other: list[Hit]) -> float:
    first = {hit.passage.id for hit in one}
    return len(first & {hit.passage.id for hit in other}) / max(len(first), 1)


def mean_overlap(
    engines: Pair, questions: list[ReadingQuestion], search: Callable[..., list[Hit]]
) -> dict[str, float]:
    """Of the best ten, within the question's product and over all."""
    asked = random.Random(1).sample(questions, 200)
    found: dict[str, list[float]] = {"product": [], "all": []}
    for question in asked:
        for scope, product in (("product", question.product_id), ("all", None)):
            one, other = (search(engine, question.question, product) for engine in engines)
            found[scope].append(overlap(one, other))
    return {scope: float(np.mean(values)) for scope, values in found.items()}


def test_the_same_reviews_make_the_same_store(engines: Pair) -> None:
    one, other = (engine.info() for engine in engines)
    assert one.fingerprint == other.fingerprint
    assert (one.reviews, one.passages, one.products, one.vectors) == (
        other.reviews,
        other.passages,
        other.products,
        other.vectors,
    )


@pytest.mark.parametrize("boost", [0.0, 0.3])
def test_bm25_agrees(engines: Pair, questions: list[ReadingQuestion], boost: float) -> None:
    def search(engine: EmbeddedEngine, query: str, product: str | None) -> list[Hit]:
        return engine.search_bm25(query, k=TOP, product_id=product, phrase_boost=boost)

    found = mean_overlap(engines, questions, search)
    assert min(found.values()) >= 0.95


def test_vector_search_agrees(engines: Pair, questions: list[ReadingQuestion]) -> None:
    def search(engine: EmbeddedEngine, query: str, product: str | None) -> list[Hit]:
        return engine.search_vectors(vector_of(query), k=TOP, product_id=product)

    found = mean_overlap(engines, questions, search)
    assert found["product"] == 1
    assert found["all"] >= 0.98
