"""The engine and the answerer behind the service, and whether they can be used yet."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.errors import not_ready, problem_of
from api.logs import event
from api.settings import Settings
from api.slim import without_training_stack
from api.work import WorkQueue

if TYPE_CHECKING:
    from indexing.engines.base import Engine
    from qa.pipelines.answer import Answerer


@dataclass(frozen=True)
class Opened:
    """What a service that is ready works with."""

    engine: Engine
    answerer: Answerer

    def close(self) -> None:
        """Release the model and the store."""
        self.answerer.close()
        self.engine.close()


def open_all(settings: Settings) -> Opened:
    """Open the store and warm the reader up; blocks while it does.

    The heavy libraries are imported here, so that a process which only wants the routes (their
    OpenAPI, say) does not pay for them.
    """
    from indexing.engines.registry import open_engine

    engine = open_engine(settings.store, read_only=True)
    try:
        answerer = open_answerer(engine, settings)
    except BaseException:
        engine.close()
        raise
    return Opened(engine, answerer)


def open_answerer(engine: Engine, settings: Settings) -> Answerer:
    """The answerer that ``settings`` name, warmed up; the caller closes it."""
    with without_training_stack():
        from qa.pipelines.answer import Answerer

        answerer = Answerer(engine, pipeline=settings.pipeline, model=settings.model)
    # An encoder of the hub needs what was hidden, and Haystack has been imported by now.
    answerer.warm_up()
    return answerer


class Service:
    """Opens in the background and keeps trying: a store that appears later is picked up."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.questions = WorkQueue(settings.workers, settings.queue)
        self.lookups = WorkQueue(settings.workers, settings.queue + settings.workers)
        self._opened: Opened | None = None
        self._problem = not_ready("Starting", "The store and the reader are being opened.", 2)
        self._opening: asyncio.Task[None] | None = None
        self._probing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to open; returns at once."""
        self._opening = asyncio.create_task(self._keep_opening())

    async def stop(self) -> None:
        """Stop opening, let the work that was accepted end, and close what is open."""
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        await self.questions.drain()
        await self.lookups.drain()
        if self._opened is not None:
            await asyncio.to_thread(self._opened.close)
            self._opened = None

    def ready(self) -> Opened:
        """What to work with; raises the problem that says why there is nothing yet."""
        if self._opened is None:
            raise self._problem
        return self._opened

    async def probe(self) -> None:
        """Return if questions can be answered now, else raise the problem that says why not.

        Probes that overlap share one call, which waits in no line: a busy service is ready.
        """
        engine = self.ready().engine
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(asyncio.to_thread(engine.probe))
        try:
            await asyncio.shield(self._probing)
        except Exception as error:
            cause = problem_of(error)
            raise not_ready(cause.title, cause.detail, 1) from error

    async def _keep_opening(self) -> None:
        while self._opened is None:
            try:
                # Shielded: a stop during the opening must not leave a store open behind it.
                await _finish(asyncio.create_task(asyncio.to_thread(self._open)))
            except Exception as error:
                self._report(error)
                await asyncio.sleep(self.settings.retry_seconds)

    def _open(self) -> None:
        opened = open_all(self.settings)
        self._opened = opened
        event("ready", store=self.settings.store, model=opened.answerer.model_fingerprint)

    def _report(self, error: Exception) -> None:
        cause = problem_of(error)
        if cause.status == 500:
            event("not ready", level=logging.ERROR, error=repr(error), exc=error)
        else:
            event("not ready", level=logging.WARNING, error=repr(error))
        wait = max(1, round(self.settings.retry_seconds))
        self._problem = not_ready(cause.title, cause.detail, wait)


async def _finish(task: asyncio.Task[None]) -> None:
    """Wait for ``task`` even when cancelled meanwhile; threads cannot be interrupted."""
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
