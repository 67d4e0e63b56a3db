"""Haystack's own suite for document stores, all of it that applies to any store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexing.document_store import ReviewDocumentStore

from haystack import Document  # isort: skip
from haystack.document_stores.errors import DuplicateDocumentError  # isort: skip
from haystack.document_stores.types import DuplicatePolicy  # isort: skip
from haystack.testing.document_store import (  # isort: skip
    CountDocumentsByFilterTest,
    CountUniqueMetadataByFilterTest,
    DocumentStoreBaseExtendedTests,
    GetMetadataFieldMinMaxTest,
    GetMetadataFieldsInfoTest,
    GetMetadataFieldUniqueValuesTest,
)


class TestReviewDocumentStore(
    DocumentStoreBaseExtendedTests,
    CountDocumentsByFilterTest,
    CountUniqueMetadataByFilterTest,
    GetMetadataFieldsInfoTest,
    GetMetadataFieldMinMaxTest,
    GetMetadataFieldUniqueValuesTest,
):
    @pytest.fixture
    def document_store(self, tmp_path: Path) -> Iterator[ReviewDocumentStore]:
        store = ReviewDocumentStore(str(tmp_path / "store"), create=True)
        yield store
        store.close()

    def test_write_documents(self, document_store: ReviewDocumentStore) -> None:
        document = Document(content="the default is to refuse duplicates")
        assert document_store.write_documents([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents([document])
        assert document_store.write_documents([document], policy=DuplicatePolicy.SKIP) == 0
