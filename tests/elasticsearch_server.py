"""Stores on the real server that tests are pointed at by ``ELASTICSEARCH_URL``."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.engines.elastic.engine import ElasticEngine

EXAMPLES = int(os.environ.get("REVIEWQA_EXAMPLES", "4"))
# Tests start servers often and ask them little: compile fast rather than well.
_SMALL = {"ES_HEAP": "384m", "ES_JAVA_OPTS": "-XX:TieredStopAtLevel=1"}
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
    def started(cls, nodes: int = 1, **options: str) -> Iterator[OwnServer]:
        """Stopped in the end. ``options`` are variables of the script."""
        if not os.environ.get(SCRIPT):
            pytest.skip(f"{SCRIPT} names no script that starts, kills and resumes a server")
        # Below those that the kernel gives to connections, which would take one by chance.
        port = str(10_000 + secrets.randbelow(10_000))
        new = cls("", port)
        try:
            yield cls(new.run("start", str(nodes), **options).split()[-1], port)
        finally:
            new.run("stop")

    def wait_ready(self, *statuses: str, node: int = 1) -> None:
        """Wait until a node says that every index can be read, or what else is asked for."""
        deadline = time.monotonic() + 300
        while self.health(node) not in (statuses or ("yellow", "green")):
            assert time.monotonic() < deadline, "the server did not come back"
            time.sleep(0.05)

    def health(self, node: int = 1) -> str:
        """What a node says of its cluster; empty while it does not answer."""
        url = self.url.split(",")[node - 1]
        try:
            return str(httpx.get(f"{url}/_cluster/health", timeout=1).json().get("status", ""))
        except (httpx.HTTPError, ValueError):
            return ""

    def run(self, *arguments: str, **options: str) -> str:
        """What a command of the script prints."""
        done = subprocess.run(
            [os.environ[SCRIPT], *arguments],
            env={**os.environ, **_SMALL, "ES_PORT": self.port, **options},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
