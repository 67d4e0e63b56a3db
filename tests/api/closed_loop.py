"""Clients that ask one question after another, and remember what came of each."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

TIMEOUT = 300.0
_PAUSE = 0.02  # after a refusal, so that clients do not take the processor from what they wait for


def answer_of(reply: httpx.Response) -> dict[str, Any]:
    """All of an answer but how long it took."""
    found: dict[str, Any] = reply.json()
    found.pop("milliseconds")
    return found


@dataclass
class Outcomes:
    """When requests ended, by ``time.monotonic``; ``wrong`` says what must never be."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note(self, reply: httpx.Response, expected: Mapping[str, Any]) -> None:
        """A right answer, or a problem that says when to come again; the rest is wrong."""
        if reply.status_code == 200:
            self.answered.append(time.monotonic())
            if answer_of(reply) != expected:
                self.wrong.append(f"another answer: {reply.text[:300]}")
            return
        self.refused.append(time.monotonic())
        kind, later = reply.headers["content-type"], reply.headers.get("retry-after", "0")
        told = (reply.status_code, kind, int(later) >= 1)
        if told != (503, "application/problem+json", True):
            self.wrong.append(f"{told}: {reply.text[:300]}")

    def since(self, moment: float) -> list[tuple[float, bool]]:
        """Seconds after ``moment`` and whether it was an answer, in order."""
        both = [(at, True) for at in self.answered] + [(at, False) for at in self.refused]
        return sorted((at - moment, good) for at, good in both if at >= moment)


@contextmanager
def asking(
    url: str, questions: Sequence[tuple[dict[str, Any], dict[str, Any]]], clients: int
) -> Iterator[Outcomes]:
    """Ask ``url`` without a pause while the block lasts. ``questions`` come with their answers."""
    outcomes, stop = Outcomes(), threading.Event()

    def ask(seed: int) -> None:
        rng = random.Random(seed)
        with httpx.Client(timeout=TIMEOUT) as client:
            while not stop.is_set():
                body, expected = rng.choice(questions)
                try:
                    reply = client.post(f"{url}/v1/ask", json=body)
                    outcomes.note(reply, expected)
                    stop.wait(0 if reply.status_code == 200 else _PAUSE)
                except Exception as error:
                    outcomes.wrong.append(repr(error))

    threads = [threading.Thread(target=ask, args=[seed]) for seed in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        stop.set()
        for thread in threads:
            thread.join()
