"""Asking over the bundled sample, with the real engine and the shipped reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets.squad import read_squad
from indexing.engines.base import Engine
from indexing.engines.registry import open_engine
from indexing.records import Review
from indexing.sample import questions_path, reviews_path
from qa.errors import InvalidQuestion, ModelError, PipelineError, ProductNotFound
from qa.pipelines.answer import MAX_QUESTION, Answerer


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_engine(tmp_path_factory.mktemp("answer") / "store", create=True)
    lines = reviews_path().read_text("utf-8").splitlines()
    opened.write([Review(**json.loads(line)) for line in lines])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def answerer(engine: Engine) -> Iterator[Answerer]:
    with Answerer(engine, threads=1) as made:
        yield made


QUESTIONS = [(q.question, q.product_id) for q in read_squad(questions_path())]


@given(asked=st.sampled_from(QUESTIONS), passages=st.integers(1, 12), top_k=st.integers(1, 5))
def test_every_answer_is_in_a_review_of_the_product(
    engine: Engine, answerer: Answerer, asked: tuple[str, str], passages: int, top_k: int
) -> None:
    question, product = asked
    result = answerer.ask(question, product_id=product, passages=passages, top_k=top_k)
    assert len(result.passages) == passages
    assert len(result.answers) <= top_k
    assert {hit.passage.product_id for hit in result.passages} == {product}
    for answer in result.answers + result.below_threshold:
        for item in answer.support:
            stored = engine.review(item.review.id)
            assert stored is not None
            assert stored.product_id == product
            assert stored.text[item.start : item.end] == item.text != ""
            low, high = item.sentence
            assert low <= item.start < item.end <= high <= len(stored.text)
            assert 0 <= item.confidence <= 1
    assert all(answer.confidence >= result.threshold for answer in result.answers)
    assert all(answer.confidence < result.threshold for answer in result.below_threshold)
    assert 0 <= result.no_answer_probability <= 1


def test_the_threshold_decides(answerer: Answerer) -> None:
    question = "does the strap hold a heavy camera?"
    everything = answerer.ask(question, product_id="camera-strap", threshold=0.0)
    nothing = answerer.ask(question, product_id="camera-strap", threshold=1.0)
    assert everything.answered
    assert not everything.below_threshold
    assert not nothing.answered
    assert nothing.below_threshold[0] == everything.answers[0]


def test_threads_get_the_same_answers(answerer: Answerer) -> None:
    asked = QUESTIONS[:24]

    def texts(pair: tuple[str, str]) -> list[str]:
        result = answerer.ask(pair[0], product_id=pair[1], threshold=0.0)
        return [answer.text for answer in result.answers]

    alone = [texts(pair) for pair in asked]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(texts, asked)) == alone


def test_all_products_can_be_asked_at_once(answerer: Answerer) -> None:
    result = answerer.ask("does the strap hold a heavy camera?", passages=20)
    assert result.product_id is None
    assert "camera-strap" in {hit.passage.product_id for hit in result.passages}


def test_a_misspelt_question_is_answered_as_it_was_meant(engine: Engine) -> None:
    meant, typed = "does the strap hold a heavy camera?", "does the strpa hold a heavey camrea?"
    with Answerer(engine, pipeline="bm25", threads=1) as answerer:
        wanted = answerer.ask(meant, product_id="camera-strap")
        found = answerer.ask(typed, product_id="camera-strap")
        assert wanted.corrections == {}
        assert found.corrections == {"strpa": "strap", "heavey": "heavy", "camrea": "camera"}
        assert found.question == typed
        assert found.passages == wanted.passages
        assert {"strap", "heavy", "camera"} <= {
            t for hit in found.passages for t in hit.origin.terms
        }
        assert answerer.ask(typed).corrections == {}
    with Answerer(engine, pipeline="bm25-plain", threads=1) as plain:
        assert plain.ask(typed, product_id="camera-strap").corrections == {}


def test_a_question_without_a_word_is_read_all_the_same(answerer: Answerer) -> None:
    result = answerer.ask("?!", product_id="camera-strap", passages=5)
    assert len(result.passages) == 5


@pytest.mark.parametrize("question", ["", "  \n", "x" * (MAX_QUESTION + 1)])
def test_a_question_that_is_none_is_refused(answerer: Answerer, question: str) -> None:
    with pytest.raises(InvalidQuestion):
        answerer.ask(question, product_id="camera-strap")


def test_an_unknown_product_is_named(answerer: Answerer) -> None:
    with pytest.raises(ProductNotFound, match="'no-such'"):
        answerer.ask("is it loud?", product_id="no-such")


def test_what_cannot_be_loaded_is_named(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="one of bm25"):
        Answerer(engine, pipeline="nonsense")
    with pytest.raises(ModelError, match="is not a reader"):
        Answerer(engine, model=str(tmp_path)).warm_up()
