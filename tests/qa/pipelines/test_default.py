"""Which pipeline answers where nobody names one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexing.engines.base import VectorSpace
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.records import Review
from qa.embedding import embed
from qa.encoders.fake import FakeEncoder
from qa.encoders.registry import SHIPPED_NAME
from qa.pipelines.answer import Answerer
from qa.pipelines.default import default_pipeline

QUESTION = "How long does the battery last?"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(tmp_path / "store", create=True)) as opened:
        opened.write(
            [Review("r1", "p1", "The battery lasts nine hours."), Review("r2", "p1", "Red.")]
        )
        yield opened


def test_without_vectors_words_are_searched(store: EmbeddedEngine) -> None:
    assert default_pipeline(store) == "bm25"
    with Answerer(store, threads=1) as answerer:
        hit = answerer.ask(QUESTION, product_id="p1").passages[0]
    assert hit.origin.bm25 is not None
    assert hit.origin.fused is None


def test_with_vectors_both_are_searched(store: EmbeddedEngine) -> None:
    embed(store, FakeEncoder(64), "fake:64")
    assert default_pipeline(store) == "hybrid"
    with Answerer(store, threads=1) as answerer:
        hits = answerer.ask(QUESTION, product_id="p1").passages
    assert all(hit.origin.dense is not None and hit.origin.fused is not None for hit in hits)
    assert len(hits) == 2  # "Red." shares no word with the question


def test_vectors_of_an_older_shipped_encoder_do_not_stop_answers(store: EmbeddedEngine) -> None:
    ids = [passage.id for page in store.passages_without_vectors() for passage in page]
    older = VectorSpace("of-an-earlier-version", 4, SHIPPED_NAME)
    store.put_vectors(older, ids, np.eye(4, dtype=np.float32)[: len(ids)])
    assert default_pipeline(store) == "bm25"
    with Answerer(store, threads=1) as answerer:
        assert answerer.ask(QUESTION, product_id="p1").passages
