"""The splitter settings of a store, and what happens when the splitter's rules move on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from indexing.engines import hashing
from indexing.engines.embedded import corpus
from indexing.engines.embedded.removal import Removal
from indexing.engines.prepared import passage_id
from indexing.errors import StoreMismatch
from indexing.splitter import Span, SplitterSettings, split


def adopt(connection: sqlite3.Connection, wanted: SplitterSettings | None) -> None:
    """Give a new store its settings; one that has some keeps them."""
    if not corpus.state(connection).splitter:
        _save(connection, wanted or SplitterSettings())


def settings_for_writing(recorded: str, location: str) -> SplitterSettings:
    """Raises :class:`StoreMismatch` when the store was cut by other rules than this code's."""
    settings, fingerprint = _parse(recorded)
    if fingerprint != settings.fingerprint:
        raise StoreMismatch(
            f"the passages of {location} were cut by another version of the splitter; "
            f"run `reviewqa store rebuild --store {location}` before adding to it"
        )
    return settings


def resplit_if_outdated(connection: sqlite3.Connection) -> None:
    """Cut every review anew when the rules have changed; passage embeddings are lost then."""
    settings, fingerprint = _parse(corpus.state(connection).splitter)
    if fingerprint != settings.fingerprint:
        _resplit(connection, settings)
        _save(connection, settings)


def _resplit(connection: sqlite3.Connection, settings: SplitterSettings) -> None:
    state = corpus.state(connection)
    removal = Removal(connection, state.revision + 1)
    added = _NewPassages(connection, state.next_passage)
    for key, review_id, product_id, text in connection.execute(
        "SELECT key, id, product_id, text FROM reviews WHERE document IS NULL"
    ):
        old = connection.execute("SELECT key FROM passages WHERE review = ?", (key,))
        removal.passages([row[0] for row in old])
        added.add(key, review_id, product_id, split(text, settings))
    fingerprint = state.fingerprint + removal.fingerprint + added.fingerprint
    corpus.save_state(
        connection,
        revision=state.revision + 1,
        next_passage=added.next_key,
        fingerprint=fingerprint % hashing.FINGERPRINT_MODULUS,
    )


class _NewPassages:
    """Other passages for reviews that are stored already."""

    def __init__(self, connection: sqlite3.Connection, next_key: int) -> None:
        self._connection = connection
        self.next_key = next_key
        self.fingerprint = 0

    def add(self, review: int, review_id: str, product_id: str, spans: Sequence[Span]) -> None:
        rows = [
            (self.next_key + n, passage_id(review_id, n), review, n, start, end)
            for n, (start, end) in enumerate(spans)
        ]
        self._connection.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._connection.execute(
            "UPDATE products SET passages = passages + ? WHERE id = ?", (len(rows), product_id)
        )
        self.next_key += len(rows)
        self.fingerprint += sum(hashing.passage_contribution(row[1]) for row in rows)


def _parse(recorded: str) -> tuple[SplitterSettings, str]:
    values = json.loads(recorded)
    return SplitterSettings(values["target"], values["maximum"]), values["fingerprint"]


def _save(connection: sqlite3.Connection, settings: SplitterSettings) -> None:
    recorded = {**asdict(settings), "fingerprint": settings.fingerprint}
    corpus.save_state(connection, splitter=json.dumps(recorded))
