"""Pipelines as YAML: the shipped ones load, foreign classes do not, components round-trip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from haystack import Document, Pipeline
from haystack.core.serialization import component_to_dict
from haystack.dataclasses import ExtractedAnswer

from indexing.document_store import ReviewDocumentStore
from indexing.engines.registry import open_engine
from indexing.records import Review
from qa.components.answer_gate import AnswerGate
from qa.components.bm25_retriever import BM25PassageRetriever
from qa.components.cross_encoder_ranker import CrossEncoderRanker
from qa.components.dense_retriever import DensePassageRetriever
from qa.components.evidence_ranker import EvidenceRanker
from qa.components.extractive_reader import ExtractiveReader
from qa.components.hybrid_joiner import HybridJoiner
from qa.components.query_embedder import QueryEmbedder
from qa.errors import PipelineError
from qa.pipelines.loader import load_pipeline, shipped_pipelines

COMPONENTS = [
    BM25PassageRetriever(
        ReviewDocumentStore("elsewhere"), top_k=7, phrase_boost=0.2, rewrite=True, spelling=True
    ),
    DensePassageRetriever(ReviewDocumentStore("elsewhere"), top_k=8),
    QueryEmbedder(encoder="fake:8", threads=2),
    HybridJoiner(
        "reciprocal_rank",
        weight=0.3,
        rank_constant=5,
        top_k=6,
        similarity_weight=9.0,
        product_similarity_weight=12.0,
        long_review_penalty=1.5,
    ),
    EvidenceRanker(model="folder", top_n=9, milliseconds=40.0, weight=0.7, top_k=4, threads=1),
    CrossEncoderRanker("folder", top_n=9, milliseconds=40.0, weight=0.7, top_k=4, threads=1),
    ExtractiveReader(model="folder", spans_per_passage=2, threads=3),
    AnswerGate(threshold=0.3),
]


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: type(c).__name__)
def test_every_parameter_survives_save_and_load(component: Any) -> None:
    pipeline = Pipeline()
    pipeline.add_component("it", component)
    text = pipeline.dumps()
    again = Pipeline.loads(text, allowed_modules=["qa.components.*", "indexing.document_store"])
    assert again.dumps() == text
    assert again.to_dict()["components"]["it"]["init_parameters"] != {}


@pytest.mark.parametrize("name", shipped_pipelines())
def test_shipped_pipelines_load_and_take_settings(name: str) -> None:
    pipeline = load_pipeline(name, store="there", model="here", threads=2)
    assert pipeline.get_component("reader").model == "here"
    assert pipeline.get_component("reader").threads == 2
    stores = [c.document_store for _, c in pipeline.walk() if hasattr(c, "document_store")]
    assert {store.location for store in stores} == {"there"}


def test_a_readers_folder_is_no_rankers(tmp_path: Path) -> None:
    pipeline = load_pipeline("hybrid+rank").to_dict()
    pipeline["components"]["ranker"] = component_to_dict(CrossEncoderRanker("mine"), "ranker")
    pipeline["connections"] = [
        one for one in pipeline["connections"] if one["sender"] != "ranker.readings"
    ]
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(pipeline), "utf-8")
    loaded = load_pipeline(str(path), model="here", threads=3)
    assert loaded.get_component("reader").model == "here"
    assert loaded.get_component("ranker").model == "mine"
    assert loaded.get_component("ranker").threads == 3


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("components: {x: {type: subprocess.Popen, init_parameters: {args: [ls]}}}", "subprocess"),
        ("components: [", "not YAML"),
        ("just: this", "no 'components'"),
        (
            "components: {x: {type: qa.components.answer_gate.AnswerGate, "
            "init_parameters: {threshold: 7}}}",
            "threshold is 7",
        ),
    ],
)
def test_a_bad_pipeline_file_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(PipelineError, match=complaint):
        load_pipeline(str(path))


def test_components_work_in_anybodys_pipeline(tmp_path: Path) -> None:
    with_reviews = open_engine(tmp_path / "store", create=True)
    with_reviews.write([Review("r1", "p", "Arrived late. The battery lasts nine hours.")])
    with_reviews.close()
    store = ReviewDocumentStore(str(tmp_path / "store"))
    pipeline = Pipeline()
    pipeline.add_component("find", BM25PassageRetriever(store, top_k=3))
    pipeline.add_component("read", ExtractiveReader(threads=1))
    pipeline.add_component("gate", AnswerGate(threshold=0.0))
    pipeline.connect("find.documents", "read.documents")
    pipeline.connect("read.answers", "gate.answers")
    question = "How long does the battery last?"
    found = pipeline.run({"find": {"query": question}, "read": {"query": question}})
    (answer,) = found["gate"]["answers"]
    assert isinstance(answer, ExtractedAnswer)
    assert "nine hours" in answer.data
    assert answer.document.meta["review_id"] == "r1"
    store.close()


def test_the_gate_splits_by_confidence() -> None:
    answers = [
        ExtractedAnswer(query="q", score=s, document=Document(content="x")) for s in (0.9, 0.5, 0.4)
    ]
    found = AnswerGate().run(answers)
    assert [a.score for a in found["answers"]] == [0.9, 0.5]
    assert [a.score for a in found["below_threshold"]] == [0.4]
    with pytest.raises(ValueError, match="between 0 and 1"):
        AnswerGate().run(answers, threshold=1.5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BM25PassageRetriever(ReviewDocumentStore("x"), top_k=0),
        lambda: BM25PassageRetriever(ReviewDocumentStore("x"), phrase_boost=-1),
        lambda: BM25PassageRetriever(ReviewDocumentStore("x"), phrase_boost=float("nan")),
        lambda: DensePassageRetriever(ReviewDocumentStore("x"), top_k=0),
        lambda: HybridJoiner(method="sum"),
        lambda: HybridJoiner(weight=1.1),
        lambda: HybridJoiner(rank_constant=-1),
        lambda: HybridJoiner(similarity_weight=-1),
        lambda: HybridJoiner(similarity_weight=float("inf")),
        lambda: HybridJoiner(product_similarity_weight=float("nan")),
        lambda: HybridJoiner(long_review_penalty=-1),
        lambda: HybridJoiner(top_k=0),
        lambda: EvidenceRanker(top_n=0),
        lambda: EvidenceRanker(top_k=0),
        lambda: EvidenceRanker(milliseconds=0),
        lambda: EvidenceRanker(weight=-0.1),
        lambda: CrossEncoderRanker("x", top_n=0),
        lambda: ExtractiveReader(spans_per_passage=0),
        lambda: AnswerGate(threshold=-0.1),
    ],
)
def test_impossible_settings_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        make()
