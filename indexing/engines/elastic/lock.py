"""Keeps writers away while the passages are made anew: a document that runs out by itself."""

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

LEASE_SECONDS = 120.0
FIELDS = ("owner", "until")
ID = documents.document_id(LOCK, "rebuild")


class RebuildLock:
    """Clocks of the machines that write one store must agree within a minute."""

    def __init__(self, indices: Indices) -> None:
        self._indices = indices
        self._owner = uuid.uuid4().hex

    def refuse(self) -> None:
        """Raises :class:`StoreBusy` while somebody holds it."""
        self.refuse_if(self._indices.get(self._indices.truth, [ID], FIELDS).get(ID))

    def refuse_if(self, found: Mapping[str, Any] | None) -> None:
        """:meth:`refuse`, for who has fetched :data:`FIELDS` of :data:`ID` already."""
        if found and found["owner"] != self._owner and found["until"] > time.time():
            where = self._indices.location
            raise StoreBusy(
                f"the passages of {where} are being made anew; run the command again when that "
                f"has ended (at the latest {LEASE_SECONDS:.0f} seconds after its process has)"
            )

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Raises :class:`StoreBusy` if somebody else does."""
        self.refuse()
        self.renew()
        try:
            yield
        finally:
            self._indices.server.write(
                lambda client: client.options(ignore_status=404).delete(
                    index=self._indices.truth, id=ID
                )
            )

    def renew(self) -> None:
        """Hold it for another while."""
        source = {"kind": LOCK, "owner": self._owner, "until": time.time() + LEASE_SECONDS}
        self._indices.server.write(
            lambda client: client.index(index=self._indices.truth, id=ID, document=source)
        )
