"""What a store remembers of itself, each in one document of the truth: settings, checkpoints."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from elasticsearch import ConflictError

from indexing.engines.base import VectorSpace
from indexing.engines.elastic import documents
from indexing.engines.elastic.documents import CHECKPOINT, STORE
from indexing.engines.elastic.indices import Indices
from indexing.errors import StoreMismatch
from indexing.splitter import SplitterSettings

_REMEMBERED_SECONDS = 2.0
_ID = documents.document_id(STORE, "state")


@dataclass(frozen=True, slots=True)
class StoreState:
    """``field`` names the vectors' field; it is a new one each time vectors are cleared."""

    target: int
    maximum: int
    splitter: str
    """The fingerprint of the splitter that cut the passages."""
    encoder: str = ""
    dimension: int = 0
    encoder_name: str = ""
    generation: int = 0
    graph: bool = True
    """Whether the server has an HNSW graph of the vectors, or only keeps them."""

    @property
    def space(self) -> VectorSpace | None:
        if not self.dimension:
            return None
        return VectorSpace(self.encoder, self.dimension, self.encoder_name)

    @property
    def field(self) -> str:
        return f"v{self.generation}"

    @property
    def settings(self) -> SplitterSettings:
        return SplitterSettings(self.target, self.maximum)

    def with_space(self, space: VectorSpace | None, *, graph: bool = True) -> StoreState:
        if space is None:
            return replace(self, encoder="", dimension=0, encoder_name="")
        return replace(
            self,
            encoder=space.encoder,
            dimension=space.dimension,
            encoder_name=space.name,
            generation=self.generation + 1,
            graph=graph,
        )


class States:
    """Reads and changes the store's state; other processes' changes are seen within seconds."""

    def __init__(self, indices: Indices) -> None:
        self._indices = indices
        self._seen: tuple[float, StoreState] | None = None

    def adopt(self, settings: SplitterSettings | None) -> None:
        """Give a new store its settings; one that has some keeps them."""
        chosen = settings or SplitterSettings()
        state = StoreState(chosen.target, chosen.maximum, chosen.fingerprint)
        source = {"kind": STORE, "state": json.dumps(asdict(state))}
        self._indices.server.write(
            lambda client: client.options(ignore_status=409).create(
                index=self._indices.truth, id=_ID, document=source
            )
        )

    def current(self) -> StoreState:
        """As it was at most two seconds ago."""
        seen = self._seen
        if seen is None or time.monotonic() - seen[0] > _REMEMBERED_SECONDS:
            return self.read()
        return seen[1]

    def read(self) -> StoreState:
        """As it is now."""
        sources = self._indices.get(self._indices.truth, [_ID], ["state"])
        if _ID not in sources:
            where = self._indices.location
            raise StoreMismatch(f"{where} is unfinished; open it once for writing")
        return self._remember(StoreState(**json.loads(sources[_ID]["state"])))

    def for_writing(self) -> StoreState:
        """Raises :class:`StoreMismatch` when the store was cut by other rules than this code's."""
        state = self.current()
        if state.splitter != state.settings.fingerprint:
            where = self._indices.location
            raise StoreMismatch(
                f"the passages of {where} were cut by another version of the splitter; "
                f"run `reviewqa store rebuild --store {where}` before adding to it"
            )
        return state

    def save(self, new: StoreState, instead_of: StoreState) -> bool:
        """Whether ``new`` stands now; not if another process has changed the state meanwhile."""
        found = self._indices.server.search(
            lambda client: client.get(index=self._indices.truth, id=_ID).body
        )
        if StoreState(**json.loads(found["_source"]["state"])) != instead_of:
            return False
        try:
            self._indices.server.write(
                lambda client: client.index(
                    index=self._indices.truth,
                    id=_ID,
                    document={"kind": STORE, "state": json.dumps(asdict(new))},
                    if_seq_no=found["_seq_no"],
                    if_primary_term=found["_primary_term"],
                )
            )
        except Exception as error:
            if isinstance(error.__cause__, ConflictError):
                return False
            raise
        self._remember(new)
        return True

    def load_checkpoint(self, name: str) -> dict[str, Any] | None:
        key = documents.document_id(CHECKPOINT, name)
        source = self._indices.get(self._indices.truth, [key], ["state"]).get(key)
        return json.loads(source["state"]) if source else None

    def save_checkpoint(self, name: str, state: Mapping[str, Any]) -> None:
        """Durable when it returns."""
        source = {"kind": CHECKPOINT, "state": json.dumps(state)}
        self._indices.server.write(
            lambda client: client.index(
                index=self._indices.truth,
                id=documents.document_id(CHECKPOINT, name),
                document=source,
            )
        )

    def clear_checkpoint(self, name: str) -> None:
        self._indices.server.write(
            lambda client: client.options(ignore_status=404).delete(
                index=self._indices.truth, id=documents.document_id(CHECKPOINT, name)
            )
        )

    def _remember(self, state: StoreState) -> StoreState:
        self._seen = (time.monotonic(), state)
        return state
