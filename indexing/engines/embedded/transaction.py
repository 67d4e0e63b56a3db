"""One transaction of a SQLite connection that commits by itself otherwise."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction, durable when the block ends, undone when it raises.

    An interrupt may come at any moment, before it has begun or once it is durable, too.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """End the transaction without its changes, if there is one."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
