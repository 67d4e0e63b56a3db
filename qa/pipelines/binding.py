"""Giving the components of a loaded pipeline the engine that is already open."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from haystack import Pipeline

from indexing.engines.base import Engine


@runtime_checkable
class EngineBound(Protocol):
    """A component that can search an engine somebody else opened and closes."""

    def bind(self, engine: Engine) -> None: ...


@runtime_checkable
class Closeable(Protocol):
    """A component that holds something to let go of."""

    def close(self) -> None: ...


@runtime_checkable
class Fingerprinted(Protocol):
    """A component whose model decides what is found."""

    @property
    def fingerprint(self) -> str: ...


def bind_engine(pipeline: Pipeline, engine: Engine) -> None:
    """Let every component that searches search ``engine``, so that a process opens one."""
    for _, component in pipeline.walk():
        if isinstance(component, EngineBound):
            component.bind(engine)
