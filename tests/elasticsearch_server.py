"""Stores on the real server that tests are pointed at by ``ELASTICSEARCH_URL``."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.engines.elastic.engine import ElasticEngine

EXAMPLES = int(os.environ.get("REVIEWQA_EXAMPLES", "4"))
VARIABLE = "ELASTICSEARCH_URL"


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
def stores() -> Iterator[Callable[[], ElasticEngine]]:
    """Makes new stores, which are deleted in the end."""
    with ExitStack() as stack:

        def make() -> ElasticEngine:
            engine = ElasticEngine(new_location(), create=True)
            stack.callback(engine.close)
            stack.callback(engine.drop)
            return engine

        yield make
