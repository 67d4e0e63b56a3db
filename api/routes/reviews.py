"""``/v1/reviews/{id}``: one review as its author wrote it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.convert import review_out
from api.errors import not_found
from api.models import ReviewOut
from api.openapi import problems
from api.routes.common import ServiceDep, look_up

router = APIRouter(prefix="/v1", tags=["reviews"])


@router.get("/reviews/{review_id:path}", operation_id="review", responses=problems(404, 422, 503))
async def review(
    review_id: Annotated[str, Path(description="May hold slashes.")],
    request: Request,
    service: ServiceDep,
) -> ReviewOut:
    """One whole review."""
    found = await look_up(
        request, service, ("review", review_id), lambda engine: engine.review(review_id)
    )
    if found is None:
        raise not_found("review", "The store has no review with that id.")
    return review_out(found)
