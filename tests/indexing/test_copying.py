"""A copy is the store again, in whichever engine, and says so only if it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from indexing.copying import copy
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import StoreError
from indexing.records import Label, Review
from tests.conformance.vector_suite import SPACE, BothEngine, embed, vector_of

Make = Callable[[str], BothEngine]
FULL = Review(
    id="r/ü 1",
    product_id="p1",
    text="  The battery\r\nlasts. \U0001f600 ",
    title="t",
    rating=4.5,
    date="2020-02-29",
    author="ann",
    verified=False,
    extra={"votes": 3, "nested": {"a": [1, None, 0.1]}},
)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:

        def made(kind: str) -> BothEngine:
            if kind == "embedded":
                folder = tmp_path / f"store{len(list(tmp_path.iterdir()))}"
                return stack.enter_context(closing(EmbeddedEngine(folder, create=True)))
            from tests.elasticsearch_server import stores

            return stack.enter_context(stores())()

        yield made


def filled(engine: BothEngine) -> BothEngine:
    """With vectors, labels, long reviews, and one that has come to repeat another."""
    long = " ".join(f"Sentence number {n} is about the screen." for n in range(60))
    engine.write([FULL, Review("r2", "p1", long), Review("r3", "p2", "Another text.")])
    engine.write([Review("r3", "p1", FULL.text)])
    embed(engine, size=2)
    engine.labels.write([Label("q1", "how long?", "r2", long, (((0, 8),), ()), {"a": "b"})])
    engine.sync()
    return engine


KINDS = ("embedded", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch))


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_the_store_again(make: Make, kind: str, to: str) -> None:
    source, target = filled(make(kind)), make(to)
    told: list[tuple[int, int]] = []
    report = copy(source, target, lambda *counts: told.append(counts))
    assert (report.reviews, report.vectors, report.labels, report.labels_left_out) == (3, 2, 1, 0)
    assert told[-1] == (3, 3)
    assert report.fingerprint == source.fingerprint() == target.fingerprint()
    assert target.review(FULL.id) == FULL
    assert list(target.passages("p1")) == list(source.passages("p1"))
    assert target.labels.all() == source.labels.all()
    assert target.vector_space() == SPACE
    query = vector_of("x")
    for engine in (source, target):
        assert engine.check() == []
    assert target.search_vectors(query, k=9) == source.search_vectors(query, k=9)
    assert target.search_bm25("battery screen", k=9) == source.search_bm25("battery screen", k=9)
    assert copy(source, target) == report


def test_a_target_with_other_reviews_is_no_copy(make: Make) -> None:
    source, target = filled(make("embedded")), make("embedded")
    target.write([Review("other", "p9", "Something else.")])
    with pytest.raises(StoreError, match=r"is no copy of .*: reviews 4 instead of 3"):
        copy(source, target)
