"""Passages' vectors, each in the passage's own document, in a field of the encoder's."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from indexing.engines.arguments import FLOAT, Matrix, checked_rows, refuse_other
from indexing.engines.base import VectorSpace
from indexing.engines.elastic import bulk, documents, search, template
from indexing.engines.elastic.bulk import Action
from indexing.engines.elastic.indices import Indices
from indexing.engines.elastic.state import States, StoreState
from indexing.engines.elastic.vector_folder import VectorFolder
from indexing.errors import NoVectors, StoreBusy, StoreError
from indexing.records import Hit, Passage

_PAGE = 2000
_COUNTED_SECONDS = 30.0
_CLAIM_TRIES = 5


class Vectors:
    """The vectors of one store; see :class:`indexing.engines.base.VectorEngine`."""

    def __init__(
        self, indices: Indices, states: States, folder: VectorFolder | None = None
    ) -> None:
        """``folder``: what answers in the server's place where it can."""
        self._indices = indices
        self._states = states
        self._folder = folder
        self._counted: tuple[float, str, int] | None = None

    def put(self, space: VectorSpace, passage_ids: Sequence[str], rows: Any) -> int:
        matrix = checked_rows(rows, len(passage_ids), space.dimension)
        state = self._claim(space)
        latest = dict(zip(passage_ids, matrix.tolist(), strict=True))
        keys = {documents.passage_document_id(name): row for name, row in latest.items()}
        report = bulk.run(
            self._indices.server,
            (
                Action(
                    "update", self._indices.passages, key, {"doc": {"vectors": {state.field: row}}}
                )
                for key, row in keys.items()
            ),
        )
        self._indices.written(self._indices.passages)
        self._counted = None
        if report.refused:
            name, reason = next(iter(report.refused.items()))
            raise StoreError(f"{self._indices.location}: no vector for {name}: {reason}")
        return sum(
            documents.passage_document_id(name) not in report.missing for name in passage_ids
        )

    def of(self, passage_ids: Sequence[str]) -> dict[str, Matrix]:
        """Vectors of those passages that have one, by passage id."""
        name = f"vectors.{self._states.current().field}"
        found: dict[str, Matrix] = {}
        for at in range(0, len(passage_ids), search.EXACT_UP_TO):
            some = {"terms": {"id": list(passage_ids[at : at + search.EXACT_UP_TO])}}
            query = {"bool": {"filter": [some, {"exists": {"field": name}}]}}
            for hits in self._indices.scan(
                self._indices.passages, query, source_includes=["id"], docvalue_fields=[name]
            ):
                for hit in hits:
                    row = np.array(hit["fields"][name][0], FLOAT)
                    found[hit["_source"]["id"]] = row
        return found

    def clear(self) -> None:
        """The old field stays where it is until a rebuild; nobody asks for it any more."""
        for _ in range(_CLAIM_TRIES):
            state = self._states.read()
            if state.space is None or self._states.save(state.with_space(None), state):
                return
        raise StoreBusy(f"{self._indices.location}: others are changing its vectors; try again")

    def missing(self) -> Iterator[list[Passage]]:
        """Pages of passages without a vector, by id; a page may be put before the next one."""
        query = self._without(self._states.read())
        for hits in self._indices.scan(self._indices.passages, query, size=_PAGE):
            yield [documents.passage_from(hit["_source"]) for hit in hits]

    def count_missing(self) -> int:
        return self._count(self._without(self._states.read()))

    def count(self, state: StoreState) -> int:
        return self._count(_having(state)) if state.space else 0

    def search(self, vector: Any, k: int, product_id: str | None, encoder: str | None) -> list[Hit]:
        state = self._states.current()
        space, where = state.space, self._indices.location
        if space is None:
            raise NoVectors(
                f"{where} has no vectors to search; make them with "
                f"`reviewqa store embed --store {where}`"
            )
        refuse_other(space, encoder, len(vector), where)
        query: Matrix = checked_rows([vector], 1, space.dimension)[0]
        if self._folder is not None:
            hits = self._folder.search(query, k, product_id)
            if hits is not None:
                return hits
        approximate = product_id is None and state.graph and self._is_large(state)
        return search.by_vector(
            self._indices, state.field, query.tolist(), k, product_id, approximate
        )

    def _claim(self, space: VectorSpace) -> StoreState:
        """The state in which vectors of this encoder may be written."""
        for _ in range(_CLAIM_TRIES):
            state = self._states.read()
            if state.space is not None:
                refuse_other(state.space, space.encoder, space.dimension, self._indices.location)
                return state
            claimed = state.with_space(space, graph=self._folder is None)
            self._add_field(claimed)
            if self._states.save(claimed, state):
                return claimed
        raise StoreBusy(f"{self._indices.location}: others are changing its vectors; try again")

    def _add_field(self, state: StoreState) -> None:
        mapping = template.vector_field(state.field, state.dimension, graph=state.graph)
        self._indices.server.write(
            lambda client: client.indices.put_mapping(
                index=self._indices.passages, properties=mapping
            )
        )

    def _is_large(self, state: StoreState) -> bool:
        counted = self._counted
        now = time.monotonic()
        if counted is None or counted[1] != state.field or now - counted[0] > _COUNTED_SECONDS:
            counted = self._counted = (now, state.field, self.count(state))
        return counted[2] > search.EXACT_UP_TO

    def _without(self, state: StoreState) -> dict[str, Any]:
        if state.space is None:
            return {"match_all": {}}
        return {"bool": {"must_not": [_having(state)]}}

    def _count(self, query: dict[str, Any]) -> int:
        answer = self._indices.search(
            self._indices.passages, query=query, size=0, track_total_hits=True
        )
        return int(answer["hits"]["total"]["value"])


def _having(state: StoreState) -> dict[str, Any]:
    return {"exists": {"field": f"vectors.{state.field}"}}
