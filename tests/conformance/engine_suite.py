"""What every engine must do. A test class inherits :class:`EngineSuite` and gives two fixtures."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.engines.base import Engine, IngestEngine
from indexing.errors import IndexingError
from indexing.records import Hit, Review

MakeEngine = Callable[[], IngestEngine]

HOSTILE = (
    'is it 5" wide?',
    "a AND (b OR",
    "text:battery~2 *",
    '"unbalanced',
    "[1 TO 10}",
    "\\",
    "battery\x00life",
    "battery \ud800 life",
    "",
    "   \n",
    "!!! ???",
    "\U0001f600\u202e\u200b",
    "a" * 100_000,
    "battery " * 20_000,
    " ".join(f"word{n}" for n in range(20_000)),
)
WORDS = ("battery", "screen", "great", "bad", "cable", "loud", "cheap", "fits", "broke", "love")
_relaxed = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def review(number: int, product: str = "p1", text: str | None = None, **fields: object) -> Review:
    body = text if text is not None else f"Review number {number} says the battery lasts."
    return Review(id=f"r{number:03d}", product_id=product, text=body, **fields)  # type: ignore[arg-type]


def ids(hits: list[Hit]) -> list[str]:
    return [hit.passage.review_id for hit in hits]


class EngineSuite:
    """Inherit, and override both fixtures."""

    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        """Makes a new empty engine; closing it is the fixture's affair."""
        pytest.fail(f"{type(self).__name__} overrides no make_engine")

    @pytest.fixture
    def engine(self, make_engine: MakeEngine) -> IngestEngine:
        return make_engine()

    # writing and reading

    def test_it_keeps_the_contract(self, engine: Engine) -> None:
        assert isinstance(engine, Engine)
        assert isinstance(engine, IngestEngine)
        assert engine.check() == []
        assert engine.info().reviews == 0

    def test_every_field_comes_back_as_it_was_written(self, engine: Engine) -> None:
        full = Review(
            id="r/1 ü",
            product_id="p'; --",
            text="  Héllo\r\n\x00 <br /> \U0001f600 &amp; world.  ",
            title="t",
            rating=4.5,
            date="2020-02-29",
            author="ann",
            verified=False,
            url="https://example.org",
            product_title="Thing",
            extra={"votes": 3, "nested": {"a": [1, None, "x"]}},
        )
        bare = Review(id="r2", product_id="p2", text="x")
        engine.write([full, bare])
        assert engine.reviews(["r/1 ü", "r2", "nobody"]) == {"r/1 ü": full, "r2": bare}
        assert engine.review("r/1 ü") == full
        assert engine.review("nobody") is None
        assert engine.review("\ud800") is None

    def test_writing_again_changes_nothing(self, engine: Engine) -> None:
        batch = [review(n, text=f"Number {n} differs. {WORDS[n]}") for n in range(5)]
        assert engine.write(batch).stored == 5
        before = engine.info()
        report = engine.write(batch)
        assert (report.stored, report.unchanged, report.replaced) == (0, 5, 0)
        assert engine.info().fingerprint == before.fingerprint
        assert engine.info().revision == before.revision

    def test_same_id_with_other_content_replaces(self, engine: Engine) -> None:
        engine.write([review(1, text="The old screen."), review(2, text="Another cable.")])
        report = engine.write([review(1, "p2", "The new battery.")])
        assert (report.stored, report.replaced) == (0, 1)
        assert ids(engine.search_bm25("screen", k=5)) == []
        assert ids(engine.search_bm25("new battery", k=5)) == ["r001"]
        assert [p.review_id for p in engine.passages("p1")] == ["r002"]
        assert engine.info().reviews == 2

    def test_the_last_of_repeated_ids_in_a_batch_wins(self, engine: Engine) -> None:
        texts = ("First battery.", "Second screen.", "Second screen.", "Third cable.")
        report = engine.write([review(1, text=text) for text in texts])
        assert (report.stored, report.replaced, report.unchanged) == (1, 2, 1)
        found = engine.review("r001")
        assert found is not None
        assert found.text == "Third cable."
        assert engine.check() == []

    def test_exact_duplicates_of_a_product_are_dropped(self, engine: Engine) -> None:
        report = engine.write(
            [
                review(1, "p1", "Great  battery"),
                review(2, "p1", "great battery "),
                review(3, "p2", "Great battery"),
            ]
        )
        assert (report.stored, report.duplicate) == (2, 1)
        assert engine.review("r002") is None

    def test_near_duplicates_are_counted_and_kept(self, engine: Engine) -> None:
        words = [f"w{n}" for n in range(80)]
        other = [f"v{n}" for n in range(80)]
        changed = [*words[:-1], "changed"]
        report = engine.write(
            [
                review(1, "p1", " ".join(words)),
                review(2, "p1", " ".join(changed)),
                review(3, "p1", " ".join(other)),
                review(4, "p2", " ".join(changed)),
            ]
        )
        assert (report.stored, report.near_duplicate) == (4, 1)

    def test_a_failing_write_leaves_nothing(self, engine: Engine) -> None:
        before = engine.info()
        with pytest.raises(IndexingError):
            engine.write([review(1), review(2, text="half a pair \ud800")])
        assert engine.info() == before

    def test_delete_removes_reviews_and_their_passages(self, engine: Engine) -> None:
        engine.write([review(n, text=f"Number {n} battery.") for n in range(6)])
        assert engine.delete(["r001", "r003", "nobody", "r001", "\ud800"]) == 2
        assert engine.delete(["r001"]) == 0
        assert sorted(ids(engine.search_bm25("battery", k=10))) == ["r000", "r002", "r004", "r005"]
        assert engine.info().reviews == 4
        assert engine.check() == []

    def test_a_product_that_lost_its_reviews_is_gone(self, engine: Engine) -> None:
        engine.write([review(1)])
        engine.delete(["r001"])
        assert engine.product("p1") is None
        assert engine.products() == []
        assert engine.info().products == 0

    # identity

    def test_fingerprint_is_blind_to_order_and_batches(self, make_engine: MakeEngine) -> None:
        batch = [review(n, f"p{n % 3}", f"Text {n}. {WORDS[n % 10]}") for n in range(30)]
        first, second = make_engine(), make_engine()
        first.write(batch)
        for item in reversed(batch):
            second.write([item])
        second.write([replace(batch[4], text="something else")])
        assert first.info().fingerprint != second.info().fingerprint
        second.write([batch[4]])
        assert first.info().fingerprint == second.info().fingerprint

    @given(data=st.data())
    @_relaxed
    def test_batches_do_not_matter(self, make_engine: MakeEngine, data: st.DataObject) -> None:
        texts = st.sampled_from(["one", "two", "Two ", "three"])
        one = st.tuples(st.integers(0, 4), st.sampled_from("ab"), texts)
        batch = [review(n, p, t) for n, p, t in data.draw(st.lists(one, max_size=14))]
        size = data.draw(st.integers(1, 5))
        whole, parts = make_engine(), make_engine()
        total = whole.write(batch)
        reports = [parts.write(batch[at : at + size]) for at in range(0, len(batch), size)]
        for name in ("stored", "unchanged", "replaced", "duplicate", "near_duplicate"):
            assert getattr(total, name) == sum(getattr(report, name) for report in reports), name
        assert whole.info().fingerprint == parts.info().fingerprint
        assert whole.check() == parts.check() == []

    # products and passages

    def test_products_are_found_by_id_and_title(self, engine: Engine) -> None:
        engine.write(
            [
                review(1, "B01", "one", product_title="Noise Cancelling", rating=4.0),
                review(2, "B01", "two", rating=5.0),
                review(3, "B02", "three", product_title="GRÜNE Box"),
                review(4, "B03", "four"),
            ]
        )
        assert [p.id for p in engine.products()] == ["B01", "B02", "B03"]
        assert [p.id for p in engine.products("grüne")] == ["B02"]
        assert [p.id for p in engine.products("b0", limit=1, offset=1)] == ["B02"]
        assert engine.products("%") == engine.products("\ud800") == []
        found = engine.product("B01")
        assert found is not None
        assert (found.title, found.reviews, found.passages) == ("Noise Cancelling", 2, 2)
        assert found.mean_rating == 4.5
        assert engine.product("nothing") is None

    def test_passages_come_in_order_and_lie_where_they_say(self, engine: Engine) -> None:
        long = " ".join(f"Sentence number {n} is about the screen." for n in range(100))
        engine.write([review(2, text=long), review(1, text="Short."), review(3, "p2", "Other.")])
        found = list(engine.passages("p1"))
        assert [(p.review_id, p.ordinal) for p in found] == sorted(
            (p.review_id, p.ordinal) for p in found
        )
        assert len(found) > 2
        for passage in found:
            owner = engine.review(passage.review_id)
            assert owner is not None
            assert owner.text[passage.start : passage.end] == passage.text
        assert list(engine.passages("nothing")) == []

    # searching

    @pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
    def test_any_text_is_text(self, engine: Engine, query: str) -> None:
        engine.write([review(n, f"p{n % 2}") for n in range(6)])
        assert len(engine.search_bm25(query, k=3, product_id="p1")) == 3
        assert len(engine.search_bm25(query, k=3)) <= 3
        assert len(engine.search_bm25(query, k=3, product_id="p1", phrase_boost=0.3)) == 3

    def test_k_below_one_is_refused_and_a_huge_one_is_not(self, engine: Engine) -> None:
        engine.write([review(1), review(2, text="Unrelated.")])
        for k in (0, -1):
            with pytest.raises(IndexingError, match=str(k)):
                engine.search_bm25("battery", k=k)
        assert ids(engine.search_bm25("battery", k=10**12)) == ["r001"]
        assert ids(engine.search_bm25("battery", k=10**12, product_id="p1")) == ["r001", "r002"]
        assert engine.search_bm25("battery", k=1, product_id="nothing") == []
        assert engine.search_bm25("battery", k=1, product_id="\ud800") == []

    def test_an_empty_store_finds_nothing(self, engine: Engine) -> None:
        assert engine.search_bm25("battery", k=3) == []
        assert engine.search_bm25("battery", k=3, product_id="p") == []

    def test_what_shares_no_term_comes_last_in_passage_order(self, engine: Engine) -> None:
        engine.write([review(n, text=f"{WORDS[n]} thing") for n in (6, 3, 1, 0)])
        hits = engine.search_bm25("cheap battery", k=4, product_id="p1")
        assert sorted(ids(hits)[:2]) == ["r000", "r006"]
        assert ids(hits)[-2:] == ["r001", "r003"]
        assert [hit.score for hit in hits[-2:]] == [0, 0]

    def test_the_product_filter_does_not_change_scores(self, engine: Engine) -> None:
        engine.write([review(n, f"p{n % 3}", f"{WORDS[n % 10]} {n} battery") for n in range(30)])
        free = {hit.passage.id: hit.score for hit in engine.search_bm25("loud battery", k=99)}
        for hit in engine.search_bm25("loud battery", k=99, product_id="p1"):
            assert hit.score == pytest.approx(free[hit.passage.id], abs=1e-3)

    def test_equal_scores_are_ordered_by_passage_id_also_at_the_cut(self, engine: Engine) -> None:
        numbers = list(range(200))
        random.Random(7).shuffle(numbers)
        for at in range(0, 200, 23):
            engine.write([review(n, f"p{n}", "the same words here") for n in numbers[at : at + 23]])
            engine.search_bm25("words", k=1)
        for k in (1, 5, 50, 199):
            assert ids(engine.search_bm25("same words", k=k)) == [f"r{n:03d}" for n in range(k)]

    @given(data=st.data())
    @_relaxed
    def test_no_other_product_is_ever_seen(
        self, make_engine: MakeEngine, data: st.DataObject
    ) -> None:
        """And k passages come while the product has k, whatever was deleted or replaced."""
        engine = make_engine()
        text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
        product = st.sampled_from(["a", "b", "a b", "A"])
        step = st.lists(st.tuples(st.integers(0, 15), product, text), max_size=12)
        for changes in data.draw(st.lists(step, min_size=1, max_size=4)):
            engine.write([review(number, name, words) for number, name, words in changes])
            engine.delete([f"r{n:03d}" for n in data.draw(st.sets(st.integers(0, 15), max_size=4))])
        query, k = data.draw(text), data.draw(st.integers(1, 20))
        for name in ("a", "b", "a b", "A", "c"):
            there = [passage.id for passage in engine.passages(name)]
            hits = engine.search_bm25(query, k=k, product_id=name)
            assert all(hit.passage.product_id == name for hit in hits)
            assert len(hits) == min(k, len(there))
            found = [hit.passage.id for hit in hits]
            assert len(set(found)) == len(found)
            assert set(found) <= set(there)

    def test_searching_from_many_threads(self, engine: Engine) -> None:
        engine.write([review(n, f"p{n % 5}", f"{WORDS[n % 10]} {n} battery") for n in range(100)])
        expected = {p: engine.search_bm25("loud battery", k=9, product_id=p) for p in ("p1", "p2")}
        wrong: list[object] = []

        def search() -> None:
            for turn in range(25):
                name = ("p1", "p2")[turn % 2]
                try:
                    found = engine.search_bm25("loud battery", k=9, product_id=name)
                except Exception as error:
                    wrong.append(error)
                    return
                if found != expected[name]:
                    wrong.append(found)

        threads = [threading.Thread(target=search) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    # derived things and checkpoints

    @given(data=st.data())
    @_relaxed
    def test_a_rebuilt_index_gives_the_same_answers(
        self, make_engine: MakeEngine, data: st.DataObject
    ) -> None:
        engine = make_engine()
        text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join)
        for batch in data.draw(
            st.lists(st.lists(st.tuples(st.integers(0, 30), text), max_size=9), max_size=4)
        ):
            engine.write([review(number, f"p{number % 2}", words) for number, words in batch])
            engine.search_bm25("love", k=1)
            engine.delete([f"r{data.draw(st.integers(0, 30)):03d}"])
        queries = [data.draw(text) for _ in range(3)]
        engine.sync()
        before = [engine.search_bm25(query, k=7) for query in queries]
        engine.rebuild()
        assert [engine.search_bm25(query, k=7) for query in queries] == before
        assert engine.check() == []

    def test_a_checkpoint_is_stored_with_its_batch_or_not_at_all(
        self, engine: IngestEngine
    ) -> None:
        assert engine.load_checkpoint("run") is None
        engine.write_checkpointed([review(1)], "run", lambda report: {"stored": report.stored})
        assert engine.load_checkpoint("run") == {"stored": 1}

        def fail(_: object) -> dict[str, int]:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            engine.write_checkpointed([review(2)], "run", fail)
        with pytest.raises(KeyboardInterrupt):
            engine.delete_checkpointed(["r001"], "run", fail)
        assert engine.load_checkpoint("run") == {"stored": 1}
        assert engine.review("r002") is None
        assert engine.review("r001") is not None
        assert engine.delete_checkpointed(["r001", "x"], "run", lambda n: {"deleted": n}) == 1
        assert engine.load_checkpoint("run") == {"deleted": 1}
        engine.clear_checkpoint("run")
        assert engine.load_checkpoint("run") is None
