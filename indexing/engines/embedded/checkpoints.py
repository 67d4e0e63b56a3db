"""How far an ingest has come, kept in the truth so that it moves together with the reviews."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any


def load(connection: sqlite3.Connection, name: str) -> dict[str, Any] | None:
    row = connection.execute("SELECT state FROM checkpoints WHERE name = ?", (name,)).fetchone()
    return json.loads(row[0]) if row else None


def save(connection: sqlite3.Connection, name: str, state: Mapping[str, Any]) -> None:
    connection.execute(
        "INSERT INTO checkpoints VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET state = excluded.state",
        (name, json.dumps(state)),
    )


def clear(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("DELETE FROM checkpoints WHERE name = ?", (name,))
