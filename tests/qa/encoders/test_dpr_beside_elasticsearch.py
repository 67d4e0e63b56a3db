"""BM25 in Elasticsearch and the vectors of a DPR pair in FAISS beside it, through the pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexing.engines.elastic import search
from indexing.engines.elastic.engine import ElasticEngine
from indexing.records import Review
from qa.embedding import embed
from qa.encoders.registry import open_encoder
from qa.pipelines.answer import Answerer
from tests.elasticsearch_server import stores
from tests.qa.texts import QUESTION, TEXTS

pytestmark = pytest.mark.elasticsearch


@pytest.fixture(scope="module")
def name(dpr: tuple[Path, Path]) -> str:
    return f"dpr:{dpr[0]},{dpr[1]}"


@pytest.fixture(scope="module")
def store(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ElasticEngine]:
    with stores(tmp_path_factory.mktemp("folders")) as make:
        engine = make()
        engine.write([Review(f"r{n}", f"p{n % 2}", text) for n, text in enumerate(TEXTS)])
        embed(engine, open_encoder(name), name)
        yield engine


@pytest.fixture(autouse=True)
def _no_server_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(search, "by_vector")


def test_dense_is_the_inner_product_of_both_towers(store: ElasticEngine, name: str) -> None:
    encoder = open_encoder(name)
    (query,) = encoder.encode_queries([QUESTION])
    rows = encoder.encode_passages(TEXTS)
    assert not np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
    wanted = sorted(((float(rows[n] @ query), f"r{n}#0000") for n in (0, 2, 4)), reverse=True)
    with Answerer(store, pipeline="dense", threads=1) as answerer:
        hits = answerer.ask(QUESTION, product_id="p0", threshold=0.0).passages
    assert [hit.passage.id for hit in hits] == [passage for _, passage in wanted]
    assert [hit.score for hit in hits] == pytest.approx([score for score, _ in wanted], abs=1e-3)


@pytest.mark.parametrize("pipeline", ["dense", "hybrid", "hybrid+rank"])
def test_every_pipeline_answers(store: ElasticEngine, pipeline: str) -> None:
    with Answerer(store, pipeline=pipeline, threads=1) as answerer:
        result = answerer.ask(QUESTION, product_id="p0", passages=3, threshold=0.0)
    assert {hit.passage.product_id for hit in result.passages} == {"p0"}
    assert "nine hours" in result.answers[0].text
