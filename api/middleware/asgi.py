"""ASGI's types, and a problem sent as a response from outside the framework."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem
from api.responses import problem_response

__all__ = ["ASGIApp", "Message", "Receive", "Scope", "Send", "refuse", "request_id_of"]


def request_id_of(scope: Scope) -> str | None:
    """The id that :class:`api.middleware.context.RequestContext` gave to this request."""
    made: str | None = scope.get("state", {}).get("request_id")
    return made


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the request with a problem."""
    await problem_response(problem, request_id_of(scope))(scope, receive, send)
