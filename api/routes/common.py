"""What the routes share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from api.service import Service
from indexing.engines.base import Engine

T = TypeVar("T")


def service_of(request: Request) -> Service:
    """The service that the lifespan started."""
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(service_of)]


async def look_up(
    request: Request, service: Service, key: Hashable, call: Callable[[Engine], T]
) -> T:
    """``call`` on the engine, off the event loop; equal lookups at one time share a result."""
    engine = service.ready().engine
    return await service.lookups.run(key, lambda: call(engine), request.is_disconnected)
