"""``POST /v1/ask``: one question about one product.

No ``from __future__ import annotations`` here: the body's model depends on the settings, and
FastAPI reads the annotation itself.
"""

from functools import partial

from fastapi import APIRouter, Request

from api.convert import ask_response
from api.errors import Problem, problem_of
from api.models import AskRequest, AskResponse, ask_request
from api.openapi import problems
from api.routes.common import ServiceDep, look_up
from api.service import Service
from api.settings import Settings
from api.strict_json import StrictRoute
from api.suggestions import near_products
from qa.errors import ProductNotFound
from qa.records import AskResult


def ask_router(settings: Settings) -> APIRouter:
    """The route, its bound on the question's length taken from the settings."""
    router = APIRouter(prefix="/v1", tags=["questions"], route_class=StrictRoute)
    body_model = ask_request(settings.max_question_chars)

    @router.post("/ask", operation_id="ask", responses=problems(404, 415, 422, 503))
    async def ask(body: body_model, request: Request, service: ServiceDep) -> AskResponse:  # type: ignore[valid-type]
        """Answer a question from the reviews of one product.

        `answers` is empty, and `answered` false, when no review that was read answers the
        question; `below_threshold` then holds the nearest misses.
        """
        return ask_response(await _answer(body, request, service))

    return router


async def _answer(body: AskRequest, request: Request, service: Service) -> AskResult:
    key = tuple(body.model_dump().values())
    call = partial(
        service.ready().answerer.ask,
        body.question,
        product_id=body.product_id,
        top_k=body.top_k,
        passages=body.passages,
        threshold=body.threshold,
    )
    try:
        return await service.questions.run(key, call, request.is_disconnected)
    except ProductNotFound as error:
        raise await _with_suggestions(error, body.product_id, request, service) from None


async def _with_suggestions(
    error: ProductNotFound, product_id: str, request: Request, service: Service
) -> Problem:
    """The 404, naming the products that were perhaps meant."""
    problem = problem_of(error)
    near = await look_up(
        request, service, ("near", product_id), lambda engine: near_products(engine, product_id)
    )
    problem.more = {"suggestions": near}
    return problem
