"""Refuses requests that name a host which is not ours: DNS rebinding stops here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from api.errors import Problem, plain_problem
from api.middleware.asgi import ASGIApp, Receive, Scope, Send, refuse

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?")


class AllowedHosts:
    """Passes requests with exactly one well-formed Host header that is in ``allowed``.

    ``*`` allows every host; ``*.example.org`` every name below that domain.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self.app = app
        self.allowed = tuple(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self.judge(scope) if scope["type"] == "http" else None
        if problem is None:
            await self.app(scope, receive, send)
        else:
            await refuse(problem, scope, receive, send)

    def judge(self, scope: Scope) -> Problem | None:
        """Why the request is refused, or None."""
        given = [value for name, value in scope["headers"] if name == b"host"]
        match = _HOST.fullmatch(given[0].decode("latin-1").lower()) if len(given) == 1 else None
        if match is None:
            return plain_problem(400, "The request needs exactly one valid Host header.")
        if not self._allows(match[1]):
            return plain_problem(421, "This server does not answer for that host name.")
        return None

    def _allows(self, host: str) -> bool:
        return any(
            rule in ("*", host) or (rule.startswith("*.") and host.endswith(rule[1:]))
            for rule in self.allowed
        )
