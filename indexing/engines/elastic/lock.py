"""Keeps writers and the making of a new index of passages from missing each other.

A document of the truth says who makes the passages anew, and counts how often that was begun.
Writers wait while it is held. One whose batch was under way when it was taken sees that the
count has moved, and writes its passages once more, to the index that came of it.

No clock is compared with another machine's. The holder's heart beats in the document; who waits
and sees no beat for a while, by the time that passes for itself, takes it that the holder has
died, and frees the lock. A holder that was only slow finds its next beat refused, and gives up.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from indexing.engines.elastic import documents
from indexing.engines.elastic.documents import LOCK
from indexing.engines.elastic.indices import Indices
from indexing.errors import StoreBusy

LEASE_SECONDS = 30.0
"""Without a beat for so long, the holder counts as dead."""

FIELDS = ("owner", "beat", "count")
ID = documents.document_id(LOCK, "rebuild")
_POLL_SECONDS = 0.5
_CONFLICT = 409
_FREE = 0
_Place = tuple[int, int]
"""Sequence number and primary term of a document, which change with every write to it."""


class RebuildLock:
    """Held by one thread of one process at a time."""

    def __init__(self, indices: Indices) -> None:
        self._indices = indices
        self._mutex = threading.Lock()
        self._owner = ""
        self._count = 0
        self._beat = _FREE
        self._place: _Place | None = None

    def wait(self) -> int:
        """Wait until nobody holds it; returns the count.

        Raises :class:`StoreBusy` where that takes longer than the patience for writes.
        """
        return self.wait_after(self._read())

    def wait_after(self, found: Mapping[str, Any] | None) -> int:
        """:meth:`wait`, for who has just fetched :data:`FIELDS` of :data:`ID`."""
        patience = self._indices.server.settings.write_patience
        deadline = time.monotonic() + max(patience, LEASE_SECONDS + 2 * _POLL_SECONDS)
        seen, since = found, time.monotonic()
        while found and found.get("beat", _FREE) != _FREE:
            now = time.monotonic()
            if found != seen:
                seen, since = found, now
            if now - since > LEASE_SECONDS:
                self._free(found)
            elif now > deadline:
                raise self._busy("are being made anew; run the command again when that has ended")
            time.sleep(_POLL_SECONDS)
            found = self._read()
        return int(found["count"]) if found else 0

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Waits for who else does; raises :class:`StoreBusy`."""
        with self._mutex:
            self._take()
            try:
                yield
            finally:
                self._beat = _FREE
                self._save()

    def renew(self) -> None:
        """One more beat; raises :class:`StoreBusy` where others took the holder for dead."""
        self._beat += 1
        if not self._save():
            raise self._busy(
                "were not made anew: it stood still for so long that others went on; run "
                f"`reviewqa store rebuild --store {self._indices.location}`"
            )

    def _take(self) -> None:
        self._owner = uuid.uuid4().hex
        while True:
            self.wait()
            source, self._place = self._located()
            if source.get("beat", _FREE) == _FREE:
                self._count, self._beat = int(source.get("count", 0)) + 1, 1
                if self._save():
                    return

    def _free(self, abandoned: Mapping[str, Any]) -> None:
        """Unless it has changed meanwhile."""
        source, place = self._located()
        if place is not None and all(source.get(name) == abandoned[name] for name in FIELDS):
            self._write({**source, "beat": _FREE}, place)

    def _save(self) -> bool:
        """Whether the document says now what this holder wants."""
        wanted = {"kind": LOCK, "owner": self._owner, "beat": self._beat, "count": self._count}
        place = self._write(wanted, self._place)
        if place is None:
            # Perhaps our own write, repeated since its answer was lost.
            source, place = self._located()
            if source != wanted:
                return False
        self._place = place
        return True

    def _write(self, source: Mapping[str, Any], place: _Place | None) -> _Place | None:
        """Where the document is now; None where it is not the one that ``place`` was."""
        how: dict[str, Any] = {"op_type": "create"}
        if place is not None:
            how = {"if_seq_no": place[0], "if_primary_term": place[1]}
        answer = self._indices.server.write(
            lambda client: client.options(ignore_status=_CONFLICT).index(
                index=self._indices.truth, id=ID, document=dict(source), **how
            )
        )
        if answer.meta.status == _CONFLICT:
            return None
        return answer["_seq_no"], answer["_primary_term"]

    def _located(self) -> tuple[Mapping[str, Any], _Place | None]:
        """The document, and its place; empty and None while there is none."""
        answer = self._indices.server.search(
            lambda client: client.options(ignore_status=404).get(index=self._indices.truth, id=ID)
        )
        if not answer.get("found"):
            return {}, None
        return answer["_source"], (answer["_seq_no"], answer["_primary_term"])

    def _read(self) -> Mapping[str, Any] | None:
        return self._indices.get(self._indices.truth, [ID], FIELDS).get(ID)

    def _busy(self, why: str) -> StoreBusy:
        return StoreBusy(f"the passages of {self._indices.location} {why}")
