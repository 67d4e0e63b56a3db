"""Stores on the real server that tests are pointed at by ``ELASTICSEARCH_URL``."""

from __future__ import annotations

import os
import secrets
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.engines.elastic.engine import ElasticEngine

EXAMPLES = int(os.environ.get("REVIEWQA_EXAMPLES", "4"))
VARIABLE, SCRIPT = "ELASTICSEARCH_URL", "ELASTICSEARCH_SERVE"


def server() -> str:
    """The address of the (first) node."""
    return os.environ[VARIABLE].split(",")[0].rstrip("/")


def new_location() -> str:
    """An address at which there is no store yet."""
    return f"{server()}/test-{uuid.uuid4().hex[:12]}"


def with_examples(suite: type, number: int) -> Callable[[type], type]:
    """Gives a class the property tests of ``suite`` with another number of examples.

    Every example makes stores, which takes a server a good part of a second.
    """

    relaxed = settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck))

    def decorate(cls: type) -> type:
        for name in dir(suite):
            inner = getattr(getattr(suite, name), "hypothesis", None)
            if inner is not None:
                test = given(data=st.data())(_unsettled(inner.inner_test))
                setattr(cls, name, relaxed(test))
        return cls

    return decorate


def _unsettled(test: Callable[..., None]) -> Callable[..., None]:
    """The test without the settings that it was given."""

    @wraps(test, updated=())
    def call(*values: object, **more: object) -> None:
        test(*values, **more)

    return call


@contextmanager
def stores(folders: Path | None = None) -> Iterator[Callable[[], ElasticEngine]]:
    """Makes new stores, deleted in the end; with ``folders`` their vectors are there."""
    with ExitStack() as stack:

        def make() -> ElasticEngine:
            location = new_location()
            beside = f"?vectors={folders / location.rpartition('/')[2]}" if folders else ""
            engine = ElasticEngine(location + beside, create=True)
            stack.callback(engine.close)
            stack.callback(engine.drop)
            return engine

        yield make


@dataclass(frozen=True)
class OwnServer:
    """A server of a test's own, by the script that ``ELASTICSEARCH_SERVE`` names."""

    url: str
    port: str

    @classmethod
    @contextmanager
    def started(cls, **options: str) -> Iterator[OwnServer]:
        """Stopped in the end. ``options`` are variables of the script."""
        if not os.environ.get(SCRIPT):
            pytest.skip(f"{SCRIPT} names no script that starts, kills and resumes a server")
        port = str(30_000 + secrets.randbelow(20_000))
        new = cls("", port)
        try:
            yield cls(new.run("start", **options).split()[-1], port)
        finally:
            new.run("stop")

    def run(self, *arguments: str, **options: str) -> str:
        """What a command of the script prints."""
        done = subprocess.run(
            [os.environ[SCRIPT], *arguments],
            env={**os.environ, "ES_PORT": self.port, "ES_HEAP": "384m", **options},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
