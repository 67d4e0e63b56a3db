"""What the OpenAPI document says beyond what FastAPI finds out by itself."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.errors import PROBLEM_JSON

DESCRIPTION = """\
Answers questions about products from their reviews: finds passages, marks the answer in them,
and says how sure it is, or that no review read answers.

Offsets count Unicode code points of a review's text. Errors are RFC 9457 problem details.
Ids may hold any character: percent-encode those that a path cannot hold.
"""

_WHEN = {
    400: "The request is malformed: not JSON, not UTF-8, or no valid Host.",
    404: "There is no such product or review.",
    405: "The path does not take that method.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not said to be uncompressed JSON in UTF-8.",
    421: "The server does not answer for that host name.",
    422: "A value is missing, of the wrong type or out of range.",
    500: "Something went wrong inside; quote the request id.",
    503: "Not ready, or too busy: see Retry-After.",
}
_EVERYWHERE = (400, 405, 408, 413, 421, 500)
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """The documented failures of an operation: ``statuses`` and those any request can meet."""
    return {status: _response(status) for status in sorted({*_EVERYWHERE, *statuses})}


def _response(status: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": _WHEN[status],
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
    }
    return made | {"headers": _RETRY_AFTER} if status == 503 else made


def install(app: FastAPI) -> None:
    """Let ``app.openapi()`` know the shape of problems and forget FastAPI's own error shape."""
    original = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _amended(original())
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _amended(document: dict[str, Any]) -> dict[str, Any]:
    from api.models import ProblemOut

    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemOut"] = problem
    return document
