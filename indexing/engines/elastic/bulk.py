"""Bulk writing: bounded requests, repeated where the server was busy, faults told one by one."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from indexing.engines.elastic.faults import PASSING, is_blocked
from indexing.engines.elastic.server import Server
from indexing.errors import StoreReadOnly, StoreUnavailable

_MOST_ACTIONS = 2000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0


@dataclass(frozen=True, slots=True)
class Action:
    """One line of a bulk request: ``verb`` is index, create, update or delete."""

    verb: str
    index: str
    id: str
    body: Mapping[str, Any] | None = None

    def lines(self) -> bytes:
        head = json.dumps({self.verb: {"_index": self.index, "_id": self.id}})
        if self.body is None:
            return f"{head}\n".encode()
        return f"{head}\n{json.dumps(self.body, ensure_ascii=False)}\n".encode()


@dataclass(slots=True)
class BulkReport:
    """``refused`` says why, by document id; ``missing`` are ids that were to be changed."""

    done: int = 0
    missing: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)


def run(server: Server, actions: Iterable[Action]) -> BulkReport:
    """Send all actions, one request at a time; durable when it returns.

    Raises :class:`StoreUnavailable` when the server stays busy or away beyond the patience for
    writes, :class:`StoreReadOnly` when it takes no writes. What was sent before stays.
    """
    report = BulkReport()
    for chunk in _chunks(actions, server.settings.bulk_bytes):
        _send(server, chunk, report)
    return report


def _send(server: Server, chunk: list[tuple[Action, bytes]], report: BulkReport) -> None:
    deadline = time.monotonic() + server.settings.write_patience
    pause = _FIRST_PAUSE
    while chunk:
        body = b"".join(line for _, line in chunk)
        answer = server.write(lambda client, body=body: client.bulk(operations=body).body)  # type: ignore[misc]
        chunk = _settle(server, chunk, answer["items"], report)
        wait = random.uniform(0, pause)  # noqa: S311
        if chunk and time.monotonic() + wait >= deadline:
            raise StoreUnavailable(
                f"{server.location}: the server is too busy to take {len(chunk)} documents; "
                "run the command again later, it goes on where it stopped"
            )
        if chunk:
            time.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _settle(
    server: Server,
    chunk: list[tuple[Action, bytes]],
    items: list[dict[str, Any]],
    report: BulkReport,
) -> list[tuple[Action, bytes]]:
    """Count each outcome; returns what is worth another try."""
    again = []
    for sent, item in zip(chunk, items, strict=True):
        (outcome,) = item.values()
        error = outcome.get("error") or {}
        if outcome["status"] < 300:
            report.done += 1
        elif outcome["status"] == 404 and sent[0].verb in ("update", "delete"):
            report.missing.add(sent[0].id)
        elif is_blocked(outcome["status"], str(error.get("type"))):
            raise StoreReadOnly(
                f"{server.location} takes no writes ({error.get('reason')}); free disk space or "
                "lift the index's block, then run the command again"
            )
        elif outcome["status"] in PASSING:
            again.append(sent)
        else:
            report.refused[sent[0].id] = _reason(error)
    return again


def _reason(error: Mapping[str, Any]) -> str:
    cause = error.get("caused_by") or {}
    parts = (error.get("reason"), cause.get("reason"))
    return ": ".join(str(part)[:200] for part in parts if part) or "no reason given"


def _chunks(actions: Iterable[Action], most_bytes: int) -> Iterator[list[tuple[Action, bytes]]]:
    chunk: list[tuple[Action, bytes]] = []
    size = 0
    for action in actions:
        lines = action.lines()
        if chunk and (size + len(lines) > most_bytes or len(chunk) >= _MOST_ACTIONS):
            yield chunk
            chunk, size = [], 0
        chunk.append((action, lines))
        size += len(lines)
    if chunk:
        yield chunk
