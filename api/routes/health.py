"""``/livez`` and ``/readyz``: what a supervisor asks."""

from __future__ import annotations

from fastapi import APIRouter

from api.models import Status
from api.openapi import problems
from api.routes.common import ServiceDep

router = APIRouter(tags=["health"])


@router.get("/livez", operation_id="livez", responses=problems())
async def livez() -> Status:
    """The process runs; says nothing about the store."""
    return Status(status="alive")


@router.get("/readyz", operation_id="readyz", responses=problems(503))
async def readyz(service: ServiceDep) -> Status:
    """Questions can be answered; a 503 says why not."""
    await service.probe()
    return Status(status="ready")
