"""What every engine that keeps vectors must do; inherits like :class:`EngineSuite`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.engines.base import IngestEngine, VectorEngine, VectorSpace
from indexing.errors import IndexingError, NoVectors, VectorMismatch
from indexing.records import Hit, Review

SPACE = VectorSpace("0123456789abcdef", 4, "one")
PRODUCTS = ("a", "b", "a b", "A")
_relaxed = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.differing_executors,  # several classes inherit the suite, nothing is replayed
    ],
)


class BothEngine(IngestEngine, VectorEngine):
    """What the suite drives: reviews come in, and vectors with them."""


MakeVectorEngine = Callable[[], BothEngine]


def review(number: int, product: str = "a", words: int = 1) -> Review:
    text = " ".join(f"Sentence {n} of review {number} is about a screen." for n in range(words))
    return Review(id=f"r{number:03d}", product_id=product, text=text)


def vector_of(passage_id: str, size: int = 4, coarse: bool = False) -> np.ndarray:
    """A passage's vector, by its id alone; coarse ones often tie."""
    rng = np.random.default_rng([ord(letter) for letter in passage_id])
    if coarse:
        return rng.integers(-1, 2, size).astype(np.float32)
    return rng.standard_normal(size).astype(np.float32)


def embed(
    engine: VectorEngine, space: VectorSpace = SPACE, size: int | None = None, **how: bool
) -> None:
    """Give every passage that has none its vector."""
    for page in engine.passages_without_vectors():
        ids = [passage.id for passage in page][:size]
        rows = [vector_of(name, space.dimension, **how) for name in ids]
        engine.put_vectors(space, ids, rows)
        if size is not None:
            return


def ranked(ids: list[str], query: np.ndarray, **how: bool) -> list[tuple[str, float]]:
    """By brute force, in 64-bit floats."""
    scores = {
        name: round(
            float(vector_of(name, len(query), **how).astype(float) @ query.astype(float)), 6
        )
        for name in ids
    }
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def found(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.passage.id, hit.score) for hit in hits]


class VectorSuite:
    """Inherit, and override the fixture."""

    @pytest.fixture
    def make_engine(self) -> MakeVectorEngine:
        """Makes a new empty engine; closing it is the fixture's affair."""
        pytest.fail(f"{type(self).__name__} overrides no make_engine")

    @pytest.fixture
    def vectored(self, make_engine: MakeVectorEngine) -> BothEngine:
        return make_engine()

    def test_it_keeps_the_contract_of_vectors(self, vectored: BothEngine) -> None:
        assert isinstance(vectored, VectorEngine)
        assert vectored.vector_space() is None
        assert vectored.count_without_vectors() == 0
        assert list(vectored.passages_without_vectors()) == []

    def test_without_vectors_the_remedy_is_named(self, vectored: BothEngine) -> None:
        vectored.write([review(1)])
        with pytest.raises(NoVectors, match="reviewqa store embed --store"):
            vectored.search_vectors(np.ones(4), k=1)

    def test_passages_wait_until_they_have_vectors(self, vectored: BothEngine) -> None:
        vectored.write([review(n, words=60) for n in range(3)])
        everything = {p.id for p in vectored.passages("a")}
        assert len(everything) > 3
        assert vectored.count_without_vectors() == len(everything)
        embed(vectored, size=2)
        waiting = {p.id for page in vectored.passages_without_vectors() for p in page}
        assert len(waiting) == len(everything) - 2 == vectored.count_without_vectors()
        embed(vectored)
        assert list(vectored.passages_without_vectors()) == []
        vectored.write([review(1, words=2)])
        assert [p.id for p in next(vectored.passages_without_vectors())] == ["r001#0000"]
        assert vectored.vector_space() == SPACE
        assert vectored.check() == []

    def test_passages_that_are_gone_are_passed_over(self, vectored: BothEngine) -> None:
        vectored.write([review(1)])
        assert vectored.put_vectors(SPACE, ["r001#0000", "gone#0000"], np.ones((2, 4))) == 1

    def test_the_last_vector_of_a_passage_counts(self, vectored: BothEngine) -> None:
        vectored.write([review(1), review(2)])
        embed(vectored)
        before = vectored.search_vectors(np.ones(4), k=1)
        assert before
        vectored.put_vectors(SPACE, ["r001#0000"], [[9, 9, 9, 9]])
        vectored.put_vectors(SPACE, ["r002#0000"] * 2, [[9, 9, 9, 9], [2, 2, 2, 2]])
        for product in (None, "a"):
            hits = vectored.search_vectors(np.ones(4), k=5, product_id=product)
            assert found(hits) == [("r001#0000", 36.0), ("r002#0000", 8.0)]

    def test_vectors_of_another_encoder_are_refused(self, vectored: BothEngine) -> None:
        vectored.write([review(1)])
        embed(vectored)
        other = VectorSpace("fedcba9876543210", 4, "other")
        for refused in (
            lambda: vectored.put_vectors(other, ["r001#0000"], np.ones((1, 4))),
            lambda: vectored.search_vectors(np.ones(4), k=1, encoder=other.encoder),
        ):
            with pytest.raises(VectorMismatch, match="reviewqa store embed --model"):
                refused()
        with pytest.raises(VectorMismatch, match="4 dimensions, not 5"):
            vectored.search_vectors(np.ones(5), k=1)
        vectored.clear_vectors()
        assert vectored.vector_space() is None
        embed(vectored, VectorSpace("fedcba9876543210", 3))
        assert len(vectored.search_vectors(np.ones(3), k=1, encoder=other.encoder)) == 1

    @pytest.mark.parametrize(
        "rows", [[[1, 2, 3]], [[1, 2, 3, 4]] * 2, [[1, 2, 3, float("nan")]], [1, 2, 3, 4]]
    )
    def test_what_is_no_vector_is_refused(self, vectored: BothEngine, rows: list[float]) -> None:
        vectored.write([review(1)])
        with pytest.raises(IndexingError):
            vectored.put_vectors(SPACE, ["r001#0000"], rows)
        assert vectored.vector_space() is None

    def test_k_below_one_is_refused_and_a_huge_one_is_not_for_vectors(
        self, vectored: BothEngine
    ) -> None:
        vectored.write([review(1), review(2, "b")])
        embed(vectored)
        for k in (0, -1):
            with pytest.raises(IndexingError, match=str(k)):
                vectored.search_vectors(np.ones(4), k=k)
        assert len(vectored.search_vectors(np.ones(4), k=10**12)) == 2
        assert len(vectored.search_vectors(np.ones(4), k=10**12, product_id="b")) == 1
        for nothing in ("nothing", "\ud800", ""):
            assert vectored.search_vectors(np.ones(4), k=1, product_id=nothing) == []

    def test_equal_scores_are_ordered_by_passage_id(self, vectored: BothEngine) -> None:
        vectored.write([review(n, f"p{n % 3}") for n in (5, 1, 4, 2, 3, 0)])
        for page in vectored.passages_without_vectors():
            vectored.put_vectors(SPACE, [p.id for p in page], np.ones((len(page), 4)))
        for k in range(1, 7):
            hits = vectored.search_vectors([1, 2, 3, 4], k=k)
            assert [hit.passage.review_id for hit in hits] == [f"r{n:03d}" for n in range(k)]

    def test_what_has_no_vector_comes_last_in_a_product(self, vectored: BothEngine) -> None:
        vectored.write([review(n) for n in range(4)])
        vectored.put_vectors(SPACE, ["r001#0000", "r002#0000"], [[-1] * 4, [-2] * 4])
        hits = vectored.search_vectors(np.ones(4), k=4, product_id="a")
        assert found(hits) == [
            ("r001#0000", -4.0),
            ("r002#0000", -8.0),
            ("r000#0000", -8.0),
            ("r003#0000", -8.0),
        ]
        assert len(vectored.search_vectors(np.ones(4), k=4)) == 2

    @given(data=st.data())
    @_relaxed
    def test_search_is_brute_force(
        self, make_engine: MakeVectorEngine, data: st.DataObject
    ) -> None:
        """Whatever is written, embedded, replaced and deleted; with and without the filter."""
        engine, coarse = make_engine(), data.draw(st.booleans())
        step = st.lists(
            st.tuples(st.integers(0, 20), st.sampled_from(PRODUCTS), st.integers(1, 40)),
            max_size=12,
        )
        for changes in data.draw(st.lists(step, min_size=1, max_size=4)):
            engine.write([review(*change) for change in changes])
            embed(engine, coarse=coarse)
            if data.draw(st.booleans()):
                engine.sync()
            engine.delete([f"r{n:03d}" for n in data.draw(st.sets(st.integers(0, 20), max_size=5))])
            if engine.vector_space() is None:
                continue
            query = vector_of(data.draw(st.sampled_from("xyz")), coarse=coarse)
            k = data.draw(st.integers(1, 30))
            stored = {name: [p.id for p in engine.passages(name)] for name in PRODUCTS}
            for name, ids in stored.items():
                hits = engine.search_vectors(query, k=k, product_id=name)
                assert found(hits) == ranked(ids, query, coarse=coarse)[:k]
            every = [one for ids in stored.values() for one in ids]
            wanted = ranked(every, query, coarse=coarse)[:k]
            assert found(engine.search_vectors(query, k=k)) == wanted
        assert engine.check() == []
