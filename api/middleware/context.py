"""The outermost layer: request ids, security headers, one log line, no stray exception."""

from __future__ import annotations

import logging
import re
import time
import uuid

from api.errors import Problem, problem_of
from api.logs import event
from api.middleware.asgi import ASGIApp, Message, Receive, Scope, Send, refuse
from indexing.tracing import current_request

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAX_PATH = 200

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        # Makes innerHTML and its kin throw: review text can only become text.
        "require-trusted-types-for 'script'",
    )
)

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


def request_id(scope: Scope) -> str:
    """The client's ``X-Request-ID`` if it is a harmless token, else a new one."""
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    text = given[0].decode("latin-1") if len(given) == 1 else ""
    return text if _SANE_ID.fullmatch(text) else uuid.uuid4().hex


class RequestContext:
    """Gives each request its id, its headers and its log line, and catches what is left."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        made = request_id(scope)
        scope.setdefault("state", {})["request_id"] = made
        current_request.set(made)
        began, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                extra = (*SECURITY_HEADERS, (b"x-request-id", made.encode()))
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            event("crash", level=logging.ERROR, exc=error, request_id=made)
            if not status:
                await refuse(_crash(error), scope, receive, watched)
        finally:
            _log_request(scope, status, made, began)


def _crash(error: Exception) -> Problem:
    # Even an error that has a rule is unexpected here, but its rule is still the best answer.
    return problem_of(error)


def _log_request(scope: Scope, status: int, made: str, began: float) -> None:
    if scope["path"] in ("/livez", "/readyz") and status == 200:
        return  # probes every few seconds would bury everything else
    event(
        "request",
        method=scope["method"],
        path=scope["path"][:_MAX_PATH],
        status=status,
        ms=round((time.perf_counter() - began) * 1000, 1),
        client=(scope.get("client") or ("", 0))[0],
        request_id=made,
    )
