"""What retrievers share: the document store they were made with, or an engine that is open."""

from __future__ import annotations

from typing import Any

from haystack import default_from_dict, default_to_dict

from indexing.document_store import ReviewDocumentStore
from indexing.engines.base import Engine


class EngineBoundRetriever:
    """Searches ``document_store`` unless :meth:`bind` gives it an engine; ``top_k`` by default."""

    def __init__(self, document_store: ReviewDocumentStore, top_k: int) -> None:
        if top_k < 1:
            raise ValueError(f"top_k is {top_k}, it must be at least 1")
        self.document_store = document_store
        self.top_k = top_k
        self._bound: Engine | None = None

    def bind(self, engine: Engine) -> None:
        """Search an engine that is open already instead of the document store's own."""
        self._bound = engine

    @property
    def engine(self) -> Engine:
        """The engine that is searched."""
        return self._bound or self.document_store.engine

    def to_dict(self) -> dict[str, Any]:
        """For Haystack's serialisation."""
        result: dict[str, Any] = default_to_dict(
            self,
            document_store=self.document_store.to_dict(),
            top_k=self.top_k,
            **self._settings(),
        )
        return result

    def _settings(self) -> dict[str, Any]:
        """What a retriever has besides."""
        return {}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Any:
        """For Haystack's serialisation."""
        parameters = data["init_parameters"]
        store = ReviewDocumentStore.from_dict(parameters["document_store"])
        return default_from_dict(
            cls, data | {"init_parameters": parameters | {"document_store": store}}
        )
