"""Problems as responses, and FastAPI's own refusals as problems."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.errors import PROBLEM_JSON, RULES, Problem, plain_problem, problem_of
from api.logs import event
from api.work import ClientGone

_DETAILS = {
    404: "There is nothing at this path.",
    405: "This path does not take that method.",
}
_WORDS = {
    "string_pattern_mismatch": "There must be something to read in it, and no NUL character",
    "extra_forbidden": "There is no such field",
}


def problem_response(problem: Problem, request_id: str | None) -> Response:
    """The ``application/problem+json`` response for ``problem``; pure ASCII on the wire."""
    return Response(
        json.dumps(problem.document(request_id)),
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type=PROBLEM_JSON,
    )


def install_handlers(app: FastAPI) -> None:
    """Make ``app`` report every expected error as a problem."""
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Problem, _known)
    app.add_exception_handler(ClientGone, _gone)
    for rule in RULES:
        app.add_exception_handler(rule.error, _known)


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = _DETAILS.get(error.status_code, str(error.detail))
    return _respond(request, plain_problem(error.status_code, detail, error.headers))


async def _known(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status >= 500 and error is not problem:
        # The client is told the kind of trouble only; the particulars are for the operator.
        event("refused", level=30, problem=problem.slug, error=repr(error), request_id=_id(request))
    return _respond(request, problem)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [_fault(item) for item in error.errors()]
    detail = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults[:3])
    return _respond(
        request,
        Problem(
            422, "invalid-request", "The request is not valid", detail, more={"errors": faults}
        ),
    )


async def _gone(request: Request, error: Exception) -> Response:
    return _respond(request, plain_problem(503, "The client hung up before its turn came."))


def _fault(item: Any) -> dict[str, str]:
    where, *names = (str(part) for part in item["loc"])
    message = _WORDS.get(item["type"], item["msg"])
    return {"in": where, "field": ".".join(names) or where, "message": message}


def _id(request: Request) -> str | None:
    made: str | None = getattr(request.state, "request_id", None)
    return made


def _respond(request: Request, problem: Problem) -> Response:
    return problem_response(problem, _id(request))
