"""Keeps writers and the making of a new index of passages from missing each other.

A document of the truth says who makes the passages anew, until when, and counts how often that
was begun. Writers wait while it is held. One whose batch was under way when it was taken sees
that the count has moved, and writes its passages once more, to the index that came of it.
"""

from __future__ import annotations

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
FIELDS = ("owner", "until", "count")
ID = documents.document_id(LOCK, "rebuild")
_POLL_SECONDS = 0.5


class RebuildLock:
    """Runs out by itself; the clocks of machines that write one store agree within seconds."""

    def __init__(self, indices: Indices) -> None:
        self._indices = indices
        self._owner = uuid.uuid4().hex
        self._count = 0

    def wait(self) -> int:
        """Wait until nobody else holds it; returns the count.

        Raises :class:`StoreBusy` where that takes longer than the patience for writes.
        """
        return self.wait_after(self._read())

    def wait_after(self, found: Mapping[str, Any] | None) -> int:
        """:meth:`wait`, for who has just fetched :data:`FIELDS` of :data:`ID`."""
        deadline = time.monotonic() + self._indices.server.settings.write_patience
        while found and found["owner"] != self._owner and found["until"] > time.time():
            if time.monotonic() > deadline:
                where = self._indices.location
                raise StoreBusy(
                    f"the passages of {where} are being made anew; run the command again when "
                    "that has ended"
                )
            time.sleep(_POLL_SECONDS)
            found = self._read()
        return int(found["count"]) if found else 0

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Waits for who else does; raises :class:`StoreBusy`."""
        self._count = self.wait() + 1
        self.renew()
        try:
            yield
        finally:
            self._save(0.0)

    def renew(self) -> None:
        """Hold it for another while."""
        self._save(time.time() + LEASE_SECONDS)

    def _read(self) -> Mapping[str, Any] | None:
        return self._indices.get(self._indices.truth, [ID], FIELDS).get(ID)

    def _save(self, until: float) -> None:
        source = {"kind": LOCK, "owner": self._owner, "until": until, "count": self._count}
        self._indices.server.write(
            lambda client: client.index(index=self._indices.truth, id=ID, document=source)
        )
