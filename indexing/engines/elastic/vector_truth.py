"""The vectors that a server keeps, as what a vector index beside it follows.

Their numbers are the server's own sequence numbers: every change of a passage's document gets
the next one of its shard, and none is given twice within an index.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np

from indexing.engines.arguments import FLOAT
from indexing.engines.derived.vector_index import Moment, Numbers
from indexing.engines.derived.vector_segment import Row
from indexing.engines.elastic.indices import Indices
from indexing.engines.elastic.state import States

_REMEMBERED_SECONDS = 1.0
_SETTLED_SECONDS, _POLL_SECONDS = 2.0, 0.02
_PAGE_BYTES = 4_000_000
_BYTES_A_NUMBER = 12  # of a vector, as JSON


class ElasticTruth:
    """See :class:`indexing.engines.derived.vector_index.VectorTruth`."""

    def __init__(self, indices: Indices, states: States) -> None:
        self._indices = indices
        self._states = states
        self._seen: tuple[float, int, Moment | None] | None = None
        self.store_id = ""
        """The server's identifier of the truth, once anything was asked."""

    def moment(self) -> Moment | None:
        """As it was at most a second ago, and after all that this process has written."""
        seen = self._seen
        if (
            seen is None
            or seen[1] != self._indices.writes
            or time.monotonic() - seen[0] > _REMEMBERED_SECONDS
        ):
            return self.latest()
        return seen[2]

    def latest(self) -> Moment | None:
        began, writes = time.monotonic(), self._indices.writes
        found = self._look()
        self._seen = (began, writes, found)
        return found

    @contextmanager
    def snapshot(self) -> Iterator[ElasticSnapshot | None]:
        """Raises :class:`StoreForbidden` for who may not refresh an index."""
        here = self.latest()
        if here is None:
            yield None
            return
        reached = self._settled(here)
        # After this, searches find whatever was done for good before.
        self._indices.force_refresh(self._indices.passages)
        yield ElasticSnapshot(self._indices, replace(here, reached=reached))

    def _look(self) -> Moment | None:
        identities = self._indices.identities()
        self.store_id = identities.pop(self._indices.truth)
        state = self._states.read()
        if state.space is None or not identities:
            return None
        ((name, identity),) = identities.items()
        return Moment(
            self.store_id,
            f"{name}/{identity}/{state.field}",
            state.encoder,
            state.dimension,
            tuple(newest for newest, _ in self._indices.sequences(name)),
        )

    def _settled(self, here: Moment) -> Numbers:
        """What is done for good; changes under way at the moment are waited for a little."""
        deadline = time.monotonic() + _SETTLED_SECONDS
        while True:
            reached = tuple(done for _, done in self._indices.sequences(index_of(here.generation)))
            if all(a >= b for a, b in zip(reached, here.reached, strict=False)):
                return reached
            if time.monotonic() > deadline:
                return reached
            time.sleep(_POLL_SECONDS)


class ElasticSnapshot:
    """What is found of the changes up to ``moment.reached``; removed ones are missing."""

    def __init__(self, indices: Indices, moment: Moment) -> None:
        self._indices = indices
        self.moment = moment
        self._index, _, field = moment.generation.split("/")
        self._field = f"vectors.{field}"

    def count(self) -> int:
        answer = self._indices.search(
            self._index,
            query={"exists": {"field": self._field}},
            size=0,
            track_total_hits=True,
        )
        return int(answer["hits"]["total"]["value"])

    def rows(self, after: Numbers) -> Iterator[Row]:
        reached = self.moment.reached
        ranges = zip(after or (-1,) * len(reached), reached, strict=True)
        shards = [self._shard(n, *numbers) for n, numbers in enumerate(ranges)]
        yield from heapq.merge(*shards, key=lambda row: row.product_id)

    def _shard(self, number: int, above: int, upto: int) -> Iterator[Row]:
        query = {
            "bool": {
                "filter": [
                    {"range": {"_seq_no": {"gt": above, "lte": upto}}},
                    {"exists": {"field": self._field}},
                ]
            }
        }
        for hit in self._hits(number, query):
            vector = np.array(hit["fields"][self._field][0], FLOAT)
            source = hit["_source"]
            key = passage_key(source["id"])
            yield Row(source["product_id"], hit["_seq_no"], key, vector.tobytes())

    def _hits(self, shard: int, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        size = max(10, min(1000, _PAGE_BYTES // (_BYTES_A_NUMBER * self.moment.dimension)))
        after: list[Any] | None = None
        while True:
            answer = self._indices.search(
                self._index,
                query=dict(query),
                size=size,
                sort=[{"product_id": "asc"}, {"id": "asc"}],
                source_includes=["id", "product_id"],
                docvalue_fields=[self._field],
                seq_no_primary_term=True,
                preference=f"_shards:{shard}",
                track_total_hits=False,
                **({"search_after": after} if after else {}),
            )
            hits = answer["hits"]["hits"]
            yield from hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]


def index_of(generation: str) -> str:
    """The index of passages whose numbers these are."""
    return generation.partition("/")[0]


def passage_key(passage_id: str) -> int:
    """64 bits of a passage's id: with the sequence number they tell shards apart."""
    digest = blake2b(passage_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
