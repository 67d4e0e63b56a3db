"""The splitter settings of a store, and what happens when the splitter's rules move on."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict

from indexing.engines.embedded import corpus, hashing
from indexing.engines.embedded.batch import passage_id
from indexing.engines.embedded.removal import Removal
from indexing.errors import StoreMismatch
from indexing.splitter import SplitterSettings, split


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
            f"run `reviewqa rebuild --store {location}` before adding to it"
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
    key, fingerprint = state.next_passage, state.fingerprint
    rows = connection.execute(
        "SELECT key, id, product_id, text FROM reviews WHERE document IS NULL"
    )
    for review, review_id, product_id, text in rows:
        removal.passages(
            [
                row[0]
                for row in connection.execute(
                    "SELECT key FROM passages WHERE review = ?", (review,)
                )
            ]
        )
        spans = split(text, settings)
        for ordinal, (start, end) in enumerate(spans):
            identifier = passage_id(review_id, ordinal)
            fingerprint += hashing.passage_contribution(identifier)
            connection.execute(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
                (key, identifier, review, ordinal, start, end),
            )
            key += 1
        connection.execute(
            "UPDATE products SET passages = passages + ? WHERE id = ?", (len(spans), product_id)
        )
    fingerprint = (fingerprint + removal.fingerprint) % hashing.FINGERPRINT_MODULUS
    corpus.save_state(
        connection, revision=state.revision + 1, next_passage=key, fingerprint=fingerprint
    )


def _parse(recorded: str) -> tuple[SplitterSettings, str]:
    values = json.loads(recorded)
    return SplitterSettings(values["target"], values["maximum"]), values["fingerprint"]


def _save(connection: sqlite3.Connection, settings: SplitterSettings) -> None:
    recorded = {**asdict(settings), "fingerprint": settings.fingerprint}
    corpus.save_state(connection, splitter=json.dumps(recorded))
