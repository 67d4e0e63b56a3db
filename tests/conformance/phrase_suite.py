"""What every engine's phrases must weigh; inherits like :class:`EngineSuite`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.engines.base import Engine, IngestEngine
from indexing.errors import IndexingError
from indexing.records import Review
from tests.conformance import bm25_oracle

MakeEngine = Callable[[], IngestEngine]
_relaxed = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def review(number: int, product: str, text: str) -> Review:
    return Review(id=f"r{number:03d}", product_id=product, text=text)


class PhraseSuite:
    """Beside :class:`tests.conformance.engine_suite.EngineSuite`, whose fixtures it takes."""

    @given(data=st.data())
    @_relaxed
    def test_neighbours_in_the_query_count_as_phrases(
        self, make_engine: MakeEngine, data: st.DataObject
    ) -> None:
        """As the formula says; the words are their own stems."""
        engine = make_engine()
        words = st.lists(
            st.sampled_from(("loud", "bad", "cable", "the", "with")), min_size=1, max_size=7
        )
        text = words.map(" ".join)
        for batch in data.draw(
            st.lists(st.lists(st.tuples(st.integers(0, 30), text), max_size=9), max_size=3)
        ):
            engine.write([review(number, f"p{number % 2}", one) for number, one in batch])
            engine.search_bm25("loud", k=1)
        engine.sync()
        query, boost = data.draw(text), data.draw(st.sampled_from((0.0, 0.3, 2.0)))
        stored = {p.id: p.text for name in ("p0", "p1") for p in engine.passages(name)}
        wanted = bm25_oracle.rank(stored, query, str.split, boost, frozenset({"the", "with"}))
        hits = engine.search_bm25(query, k=99, phrase_boost=boost)
        assert {hit.passage.id for hit in hits} == {name for name, _ in wanted}
        for hit in hits:
            assert hit.score == pytest.approx(dict(wanted)[hit.passage.id], abs=2e-3)
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        of_product = engine.search_bm25(query, k=99, product_id="p1", phrase_boost=boost)
        free = [hit.passage.id for hit in hits if hit.passage.product_id == "p1"]
        assert [hit.passage.id for hit in of_product if hit.score > 0] == free

    def test_a_phrase_is_ordered_without_a_gap_and_weighs_once(self, engine: Engine) -> None:
        texts = ("loud cable", "cable loud", "loud bad cable", "loud loud cable")
        engine.write([review(n, "p1", f"{text} fits {n}") for n, text in enumerate(texts)])
        plain = {h.passage.id: h.score for h in engine.search_bm25("loud cable", k=9)}
        once = {
            h.passage.review_id: h.score - plain[h.passage.id]
            for h in engine.search_bm25("loud cable", k=9, phrase_boost=1.0)
        }
        assert sorted(name for name, gain in once.items() if gain > 1e-3) == ["r000", "r003"]
        twice = engine.search_bm25("loud cable. Loud cable", k=9, phrase_boost=1.0)
        more = [hit for hit in twice if hit.passage.review_id == "r000"]
        # The pair "cable loud" is in none that has "loud cable"; the repeated one counts once.
        assert more[0].score - plain[more[0].passage.id] == pytest.approx(once["r000"], abs=2e-3)

    @pytest.mark.parametrize("boost", [-0.1, float("nan"), float("inf")])
    def test_an_impossible_boost_is_refused(self, engine: Engine, boost: float) -> None:
        with pytest.raises(IndexingError, match="phrase_boost must be"):
            engine.search_bm25("battery", k=1, phrase_boost=boost)
