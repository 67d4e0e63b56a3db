"""What our document store adds to Haystack's protocol: reviews as documents, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.document_store import ReviewDocumentStore
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.errors import IndexingError, StoreNotFound
from indexing.records import Review

from haystack import Document  # isort: skip
from haystack.dataclasses import ByteStream, SparseEmbedding  # isort: skip
from haystack.document_stores.errors import DocumentStoreError  # isort: skip
from haystack.document_stores.errors import DuplicateDocumentError  # isort: skip
from haystack.document_stores.types import DuplicatePolicy  # isort: skip

REVIEW = Review(
    id="r1",
    product_id="p1",
    text="The battery lasts. " * 60,
    title="Fine",
    rating=4.0,
    date="2020-01-01",
    verified=True,
)
scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text() | st.floats(-9, 9)
encodable = st.text(st.characters(codec="utf-8"))
metas = st.dictionaries(
    encodable.filter(lambda key: key != "product_id"), scalars | st.lists(scalars), max_size=4
)
foreign = st.builds(
    Document,
    content=st.none() | encodable,
    meta=metas,
    embedding=st.none() | st.lists(st.floats(-3, 3), min_size=1, max_size=5),
)


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[ReviewDocumentStore]:
    with closing(ReviewDocumentStore(str(tmp_path / "store"), create=True)) as store:
        yield store


def test_passages_are_documents_that_say_where_they_stand(documents: ReviewDocumentStore) -> None:
    documents.engine.write([REVIEW])
    found = documents.filter_documents()
    assert len(found) == documents.count_documents() == 2
    for document in found:
        start, end = document.meta["start"], document.meta["end"]
        assert document.content == REVIEW.text[start:end]
        assert document.meta["review_id"] == "r1"
        assert document.meta["title"] == "Fine"
        assert document.meta["verified"] is True
        assert "author" not in document.meta


def test_bm25_retrieval_gives_documents_with_scores(documents: ReviewDocumentStore) -> None:
    documents.engine.write([REVIEW, Review(id="r2", product_id="p2", text="A screen.")])
    documents.write_documents([Document(id="own", content="a foreign battery")])
    hits = documents.engine.search_bm25("battery", k=5)
    found = documents.bm25_retrieval("battery", top_k=5)
    assert [(document.id, document.score) for document in found] == [
        (hit.passage.id, hit.score) for hit in hits
    ]
    assert "own" in {document.id for document in found}
    (only,) = documents.bm25_retrieval("battery", top_k=5, product_id="p2")
    assert (only.meta["review_id"], only.score) == ("r2", 0.0)


@given(wanted=st.lists(foreign, max_size=4, unique_by=lambda document: document.id))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_document_comes_back_as_it_was(
    documents: ReviewDocumentStore, wanted: list[Document]
) -> None:
    documents.delete_all_documents()
    assert documents.write_documents(wanted) == len(wanted)
    assert documents.filter_documents() == wanted
    assert documents.engine.check() == []


def test_blobs_and_sparse_embeddings_come_back(documents: ReviewDocumentStore) -> None:
    wanted = Document(
        content="x",
        blob=ByteStream(b"\x00\xff", mime_type="image/png"),
        sparse_embedding=SparseEmbedding([1, 5], [0.5, 0.25]),
        score=0.5,
        meta={"nested": {"a": [1]}},
    )
    documents.write_documents([wanted])
    assert documents.filter_documents() == [wanted]


def test_a_passage_takes_an_embedding_and_metadata_but_no_other_text(
    documents: ReviewDocumentStore,
) -> None:
    documents.engine.write([REVIEW])
    first, second = documents.filter_documents()
    embedded = Document(
        id=first.id, content=first.content, meta={**first.meta, "x": 1}, embedding=[0.5, -1.25]
    )
    before = documents.engine.info().fingerprint
    with pytest.raises(DuplicateDocumentError):
        documents.write_documents([embedded])
    assert documents.write_documents([embedded], DuplicatePolicy.SKIP) == 0
    assert documents.write_documents([embedded], DuplicatePolicy.OVERWRITE) == 1
    assert documents.filter_documents() == [embedded, second]
    assert documents.engine.info().fingerprint == before
    for changed in (
        Document(id=first.id, content="another text", meta=first.meta),
        Document(id=first.id, content=first.content, meta={"product_id": "p2"}),
    ):
        with pytest.raises(DocumentStoreError, match="'r1'"):
            documents.write_documents([changed], DuplicatePolicy.OVERWRITE)
    assert documents.engine.review("r1") == REVIEW
    documents.engine.write([Review(id="r1", product_id="p1", text="Replaced.")])
    assert [document.embedding for document in documents.filter_documents()] == [None]


def test_deleting_a_passage_leaves_its_review(documents: ReviewDocumentStore) -> None:
    documents.engine.write([REVIEW])
    first, second = documents.filter_documents()
    documents.delete_documents([first.id, "nobody"])
    assert documents.filter_documents() == [second]
    assert documents.engine.review("r1") == REVIEW
    assert [hit.passage.id for hit in documents.engine.search_bm25("battery", k=5)] == [second.id]
    assert documents.engine.check() == []


def test_what_cannot_be_stored_is_refused_whole(documents: ReviewDocumentStore) -> None:
    for bad in (
        Document(id="bad", content="half \ud800"),
        Document(id="bad", content="x", meta={"f": object()}),
    ):
        with pytest.raises(DocumentStoreError, match="'bad'"):
            documents.write_documents([Document(content="good"), bad])
    assert documents.count_documents() == 0


def test_it_survives_serialisation(tmp_path: Path) -> None:
    store = ReviewDocumentStore(str(tmp_path / "s"), create=True, read_only=True)
    again = ReviewDocumentStore.from_dict(store.to_dict())
    assert again.to_dict() == store.to_dict()
    assert (again.location, again.create, again.read_only) == (str(tmp_path / "s"), True, True)
    assert not (tmp_path / "s").exists()
    with pytest.raises(StoreNotFound):
        ReviewDocumentStore(str(tmp_path / "s")).count_documents()


def test_an_open_engine_can_be_lent(store: EmbeddedEngine) -> None:
    documents = ReviewDocumentStore.of(store)
    store.write([REVIEW])
    assert documents.count_documents() == 2
    documents.close()
    assert documents.count_documents() == 2
    assert documents.engine is store
    assert issubclass(StoreNotFound, IndexingError)
