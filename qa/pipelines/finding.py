"""The part of a pipeline that finds passages: everything in front of its reader."""

from __future__ import annotations

from typing import Any

from haystack import Pipeline
from haystack.core.errors import PipelineRuntimeError

from indexing.errors import IndexingError
from qa.errors import PipelineError, QAError

READER, GATE, RANKER = "reader", "gate", "ranker"
_DOCUMENTS = "documents"


class Finder:
    """Runs a loaded pipeline and knows whose documents its reader gets.

    Raises:
        PipelineError: nothing is connected to ``reader.documents``.
    """

    def __init__(self, pipeline: Pipeline, name: str, *, reading: bool = True) -> None:
        """
        Args:
            name: of the pipeline, for messages.
            reading: run reader and gate, too; else they are taken out of the pipeline.
        """
        self._pipeline = pipeline
        self.last = _last(pipeline, name)
        if not reading:
            for after in (READER, GATE):
                if after in pipeline.graph:
                    pipeline.remove_component(after)
        sockets = pipeline.inputs(include_components_with_connected_inputs=True)
        self._sockets = {name: set(inputs) for name, inputs in sockets.items()}

    @property
    def components(self) -> set[str]:
        """Names of all components that take something."""
        return set(self._sockets)

    def run(self, values: dict[str, Any], top_k: int | None = None) -> dict[str, Any]:
        """Outputs of every component by its name.

        Each gets those of the values that it has a socket for and that are not None. ``top_k`` is
        for the last one before the reader; the ones before it find at least as many.

        Raises:
            IndexingError: the store could not be searched.
            QAError: a component says what is wrong.
        """
        data = {
            name: {key: v for key, v in values.items() if key in sockets and v is not None}
            for name, sockets in self._sockets.items()
        }
        if top_k is not None:
            for name in data:
                if "top_k" in self._sockets[name]:
                    own = getattr(self._pipeline.get_component(name), "top_k", 0)
                    data[name]["top_k"] = top_k if name == self.last else max(own, top_k)
        return self._run(data)

    def _run(self, data: dict[str, Any]) -> dict[str, Any]:
        try:
            result: dict[str, Any] = self._pipeline.run(data, include_outputs_from=self.components)
            return result
        except PipelineRuntimeError as error:
            # Haystack wraps whatever a component raises; callers know our errors by their kinds.
            if not isinstance(error.__cause__, IndexingError | QAError):
                raise
            ours = error.__cause__
        raise ours

    def documents(self, found: dict[str, Any]) -> list[Any]:
        """What the reader got, best first."""
        documents: list[Any] = found[self.last][_DOCUMENTS]
        return documents

    def corrections(self, found: dict[str, Any]) -> dict[str, str]:
        """Words of the query that gave way to others in a search, by what retrievers say."""
        replaced: dict[str, str] = {}
        for out in found.values():
            replaced |= out.get("corrections", {})
        return replaced

    def milliseconds(self, found: dict[str, Any]) -> dict[str, float]:
        """Time of ``retrieve``, and of ``rank`` where there is a ranker."""
        taken = {
            name: out["milliseconds"]
            for name, out in found.items()
            if name != READER and "milliseconds" in out
        }
        ranking = {"rank": taken.pop(RANKER)} if RANKER in taken else {}
        return {"retrieve": sum(taken.values()), **ranking}


def _last(pipeline: Pipeline, name: str) -> str:
    for sender, receiver, edge in pipeline.graph.edges(data=True):
        if receiver == READER and edge["to_socket"].name == _DOCUMENTS:
            return str(sender)
    raise PipelineError(f"pipeline {name}: nothing is connected to reader.documents")
