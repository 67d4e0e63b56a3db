"""The dense, hybrid and ranking pipelines over real stores, embedded by a fake encoder."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from haystack import Document

from api.convert import ask_response
from indexing.document_store import ReviewDocumentStore
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import NoVectors, VectorMismatch
from indexing.records import Review
from qa.components.dense_retriever import DensePassageRetriever
from qa.components.evidence_ranker import EvidenceRanker
from qa.components.extractive_reader import ExtractiveReader
from qa.components.hybrid_joiner import HybridJoiner
from qa.components.origin import BM25, DENSE, FUSED, documents_of, origin_of, with_origin
from qa.embedding import embed
from qa.encoders.fake import FakeEncoder
from qa.fusion import (
    LONG_REVIEW_PENALTY,
    PRODUCT_SIMILARITY_WEIGHT,
    SIMILARITY_WEIGHT,
    weighted_fusion,
)
from qa.pipelines.answer import Answerer
from qa.pipelines.loader import load_pipeline
from qa.reader.reader import Reader
from tests.qa.texts import QUESTION, TEXTS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(tmp_path / "store", create=True)) as opened:
        opened.write([Review(f"r{n}", f"p{n % 2}", text) for n, text in enumerate(TEXTS)])
        yield opened


@pytest.fixture
def embedded(store: EmbeddedEngine) -> EmbeddedEngine:
    embed(store, FakeEncoder(64), "fake:64")
    return store


@pytest.mark.parametrize("pipeline", ["dense", "hybrid", "hybrid-rank", "hybrid+rank"])
def test_every_pipeline_answers(embedded: EmbeddedEngine, pipeline: str) -> None:
    with Answerer(embedded, pipeline=pipeline, threads=1) as answerer:
        result = answerer.ask(QUESTION, product_id="p0", passages=2, threshold=0.0)
        assert answerer.ask(QUESTION, product_id="p0").reviews_read == 3
    assert len(result.passages) == 2
    assert {hit.passage.product_id for hit in result.passages} == {"p0"}
    assert "nine hours" in result.answers[0].text
    assert result.milliseconds.keys() - {"rank"} == {"retrieve", "read", "total"}
    assert ("rank" in result.milliseconds) == ("rank" in pipeline)
    scores = [hit.score for hit in result.passages]
    assert scores == sorted(scores, reverse=True)


def test_passages_say_where_they_came_from(embedded: EmbeddedEngine) -> None:
    with Answerer(embedded, pipeline="hybrid+rank", threads=1) as answerer:
        result = answerer.ask(QUESTION, product_id="p0")
    first = ask_response(result).passages[0].origin
    assert first.bm25 is not None
    assert (first.bm25.rank, first.bm25.terms) == (1, ["the", "battery", "last"])
    (query,) = FakeEncoder(64).encode_queries([QUESTION])
    (wanted,) = FakeEncoder(64).encode_passages([TEXTS[0]]) @ query
    assert first.dense is not None
    assert first.dense.score == pytest.approx(wanted, abs=1e-5)
    assert first.fused is not None
    assert first.fused.rank == 1
    (reading,) = Reader.load(threads=1).read([QUESTION], [[TEXTS[0]]])
    assert first.evidence is not None
    assert first.evidence.score == pytest.approx(reading.spans[0][0].score, abs=1e-4)


def test_words_that_were_not_searched_for_are_no_reason(store: EmbeddedEngine) -> None:
    """Nor do they find anything: only the plain pipeline goes by "how" and "does"."""
    store.write([Review("r9", "p9", "How it does that, the manual says, battery and all.")])
    for pipeline, terms in (
        ("bm25", ["the", "battery"]),
        ("bm25-plain", ["How", "does", "the", "battery"]),
    ):
        with Answerer(store, pipeline=pipeline, threads=1) as answerer:
            (passage,) = ask_response(answerer.ask(QUESTION, product_id="p9")).passages
        assert passage.origin.bm25 is not None
        assert passage.origin.bm25.terms == terms


def test_what_was_not_taken_is_null(store: EmbeddedEngine) -> None:
    with Answerer(store, pipeline="bm25", threads=1) as answerer:
        origin = ask_response(answerer.ask(QUESTION, product_id="p0")).passages[0].origin
    assert origin.bm25 is not None
    assert (origin.dense, origin.fused, origin.evidence) == (None, None, None)


@pytest.mark.parametrize("pipeline", ["dense", "hybrid", "hybrid-rank"])
def test_a_store_without_vectors_is_refused_with_the_remedy(
    store: EmbeddedEngine, pipeline: str
) -> None:
    answerer = Answerer(store, pipeline=pipeline, threads=1)
    with pytest.raises(NoVectors, match="reviewqa store embed --store"):
        answerer.warm_up()


def test_a_question_of_another_encoder_is_refused(embedded: EmbeddedEngine) -> None:
    retriever = DensePassageRetriever(ReviewDocumentStore("nowhere"))
    retriever.bind(embedded)
    assert len(retriever.run([1.0] * 64, encoder="fake-64")["documents"]) == 6
    with pytest.raises(VectorMismatch, match="fake-9"):
        retriever.run([1.0] * 64, encoder="fake-9")


def test_a_store_that_fails_in_a_search_says_so_itself(embedded: EmbeddedEngine) -> None:
    with Answerer(embedded, pipeline="dense", threads=1) as answerer:
        embedded.clear_vectors()
        with pytest.raises(NoVectors, match="reviewqa store embed --store"):
            answerer.ask(QUESTION, product_id="p0")


def documents(source: str, **scores: float) -> list[Document]:
    return [
        with_origin(Document(id=name, content=name), source, rank, score)
        for rank, (name, score) in enumerate(scores.items(), 1)
    ]


def test_the_joiner_fuses_and_remembers() -> None:
    bm25, dense = {"a": 9.0, "b": 5.0, "c": 1.0}, {"c": 0.8, "d": 0.6}
    joiner = HybridJoiner(weight=0.25, top_k=3)
    found = joiner.run(documents(BM25, **bm25), documents(DENSE, **dense))["documents"]
    wanted = list(weighted_fusion([bm25, dense], (0.75, 0.25)).items())[:3]
    assert [(d.id, d.score) for d in found] == wanted
    (shared,) = [d for d in found if d.id == "c"]
    assert origin_of(shared)[BM25] == {"rank": 3, "score": 1.0}
    assert origin_of(shared)[DENSE] == {"rank": 1, "score": 0.8}
    assert origin_of(shared)[FUSED]["rank"] == found.index(shared) + 1


def test_the_linear_joiner_sums_what_it_is_given() -> None:
    bm25, dense = {"a": 9.0, "b": 5.0, "c": 1.0}, {"c": 0.8, "d": 0.6}
    joiner = HybridJoiner("linear", similarity_weight=20)
    found = joiner.run(documents(BM25, **bm25), documents(DENSE, **dense))["documents"]
    assert {d.id: d.score for d in found} == pytest.approx({"a": 21, "b": 17, "c": 17, "d": 13})
    longer = {name: 100 * score for name, score in dense.items()}
    found = joiner.run(documents(BM25, **bm25), documents(DENSE, **longer))["documents"]
    assert {d.id: d.score for d in found} == pytest.approx({"a": 24, "b": 20, "c": 21, "d": 16})


def test_within_a_product_similarities_have_a_weight_of_their_own() -> None:
    lists = documents(BM25, a=9.0, b=5.0), documents(DENSE, b=0.8, a=0.5)
    joiner = HybridJoiner("linear", similarity_weight=10, product_similarity_weight=20)
    everywhere = joiner.run(*lists)["documents"]
    assert {d.id: d.score for d in everywhere} == pytest.approx({"a": 14, "b": 13})
    within = joiner.run(*lists, product_id="p0")["documents"]
    assert {d.id: d.score for d in within} == pytest.approx({"b": 21, "a": 19})
    same = HybridJoiner("linear", similarity_weight=10).run(*lists, product_id="p0")["documents"]
    assert [d.id for d in same] == ["a", "b"]


def test_passages_of_long_reviews_lose_points() -> None:
    bm25, dense = documents(BM25, a=9.0, b=5.0, c=4.0), documents(DENSE, a=0.5, b=0.5, c=0.5)
    for document, length in zip([*bm25, *dense], (6000, 600, 1, 6000, 600, 1), strict=True):
        document.meta["review_length"] = length
    joiner = HybridJoiner("linear", similarity_weight=10, long_review_penalty=2)
    found = joiner.run(bm25, dense)["documents"]
    wanted = {"a": 14 - 2 * math.log(10), "b": 10, "c": 9}
    assert {d.id: d.score for d in found} == pytest.approx(wanted)
    assert [d.id for d in found] == ["b", "a", "c"]
    plain = HybridJoiner("linear", similarity_weight=10).run(bm25, dense)["documents"]
    assert {d.id: d.score for d in plain} == pytest.approx({"a": 14, "b": 10, "c": 9})


def test_found_passages_know_how_long_their_review_is(embedded: EmbeddedEngine) -> None:
    hits = embedded.search_bm25(QUESTION, k=50)
    reviews = embedded.reviews([hit.passage.review_id for hit in hits])
    lengths = [d.meta["review_length"] for d in documents_of(embedded, hits, BM25)]
    assert lengths == [len(reviews[hit.passage.review_id].text) for hit in hits]
    assert len(set(lengths)) > 1


@pytest.mark.parametrize("name", ["hybrid", "hybrid+rank"])
def test_the_shipped_pipelines_tell_their_joiner_the_product(
    embedded: EmbeddedEngine, name: str
) -> None:
    with Answerer(embedded, pipeline=name, threads=1) as answerer:
        finder = answerer._finder
        runs = [
            finder.documents(finder.run({"query": QUESTION, "product_id": product, "threshold": 0}))
            for product in (None, "p0")
        ]
    joiner = load_pipeline(name).get_component("joiner")
    chosen_by = (SIMILARITY_WEIGHT, PRODUCT_SIMILARITY_WEIGHT)
    assert (joiner.similarity_weight, joiner.product_similarity_weight) == chosen_by
    assert joiner.long_review_penalty == LONG_REVIEW_PENALTY
    for found, points in zip(runs, chosen_by, strict=True):
        first, second = [origin_of(d) for d in found if {BM25, DENSE, FUSED} <= set(origin_of(d))][
            :2
        ]
        gap = first[BM25]["score"] - second[BM25]["score"]
        gap += points * (first[DENSE]["score"] - second[DENSE]["score"])
        assert first[FUSED]["score"] - second[FUSED]["score"] == pytest.approx(gap, abs=1e-4)


def ranked_by_reader(weight: float, **settings: float) -> list[Document]:
    came = [
        Document(id=str(n), content=text, score=1 - n / 10) for n, text in enumerate(TEXTS[::-1])
    ]
    ranker = EvidenceRanker(weight=weight, threads=1, **settings)  # type: ignore[arg-type]
    found: list[Document] = ranker.run(QUESTION, came)["documents"]
    scores = [document.score or 0.0 for document in found]
    assert scores == sorted(scores, reverse=True)
    return found


def test_the_ranker_goes_by_the_readers_evidence() -> None:
    (reading,) = Reader.load(threads=1).read([QUESTION], [list(TEXTS[::-1])])
    odds = [spans[0].score for spans in reading.spans]
    wanted = sorted(range(6), key=lambda n: -odds[n])
    assert [int(d.id) for d in ranked_by_reader(1.0)] == wanted
    assert [int(d.id) for d in ranked_by_reader(0.0)] == list(range(6))
    assert [d.id for d in ranked_by_reader(1.0, top_n=2)][2:] == ["2", "3", "4", "5"]
    assert len(ranked_by_reader(1.0, top_k=2)) == 2


def test_the_budget_ends_the_reading_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.components.passage_ranker._BATCH", 2)
    found = ranked_by_reader(1.0, milliseconds=1e-6)
    assert {d.id for d in found[:2]} == {"0", "1"}
    assert [d.id for d in found[2:]] == ["2", "3", "4", "5"]


class Counting(Reader):
    """The shipped reader; remembers what it was asked to read."""

    def read(self, questions, contexts, *, spans=1):  # type: ignore[no-untyped-def]
        self.asked = [*getattr(self, "asked", []), *(text for group in contexts for text in group)]
        return super().read(questions, contexts, spans=spans)


@pytest.mark.parametrize(("count", "again"), [(1, [TEXTS[5]]), (2, list(TEXTS[3:]))])
def test_a_reading_is_handed_on_and_changes_no_answer(count: int, again: list[str]) -> None:
    came = [Document(id=str(n), content=text, score=1.0) for n, text in enumerate(TEXTS)]
    readings = EvidenceRanker(top_n=5, threads=1).run(QUESTION, came)["readings"]
    reader = ExtractiveReader(spans_per_passage=count, threads=1)
    wanted = reader.run(QUESTION, came[3:])
    reader._reader = Counting.load(threads=1)
    found = reader.run(QUESTION, came[3:], readings)
    assert reader._reader.asked == again
    assert found["answers"] == wanted["answers"]
    assert found["no_answer_probability"] == wanted["no_answer_probability"]


def test_another_questions_reading_is_not_taken() -> None:
    came = [Document(id=str(n), content=text, score=1.0) for n, text in enumerate(TEXTS)]
    readings = EvidenceRanker(threads=1).run("Which colour is the strap?", came)["readings"]
    reader = ExtractiveReader(threads=1)
    assert reader.run(QUESTION, came, readings)["answers"] == reader.run(QUESTION, came)["answers"]


def test_nothing_found_is_nothing_ranked() -> None:
    assert EvidenceRanker(threads=1).run(QUESTION, [])["documents"] == []
    assert HybridJoiner().run([], [])["documents"] == []
