"""Bounds on request bodies: how many bytes, and how long they may take to arrive."""

from __future__ import annotations

import asyncio
import contextlib

from api.errors import Problem, plain_problem
from api.middleware.asgi import ASGIApp, Message, Receive, Scope, Send, refuse

_CLOSE = {"Connection": "close"}  # what else the client sends is not another request


class BoundedBody:
    """Reads the whole body, up to ``max_bytes`` within ``seconds``, before the app runs.

    A declared length that is too large is refused before a byte is read; chunked bodies are
    counted. So the app never waits for a client, and never holds more than ``max_bytes``.

    What a client still sends after the refusal is thrown away until those seconds are over: closing
    a connection with unread bytes resets it, and the reset can overtake the answer (RFC 9112, 9.6).
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self.seconds
        try:
            body = await self._read(scope, receive, deadline)
        except Problem as problem:
            await refuse(problem, scope, receive, _lingering(receive, send, deadline))
            return
        if body is not None:
            await self.app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive, deadline: float) -> bytes | None:
        if _declared(scope) > self.max_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._collect(receive)
        except TimeoutError:
            raise plain_problem(
                408, f"The body did not arrive within {self.seconds:g} seconds.", _CLOSE
            ) from None

    async def _collect(self, receive: Receive) -> bytes | None:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None  # hung up: nobody is left to answer
            body += message.get("body", b"")
            if len(body) > self.max_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Problem:
        return plain_problem(413, f"The body may have at most {self.max_bytes} bytes.", _CLOSE)


def _declared(scope: Scope) -> int:
    """The Content-Length; the HTTP parser has already refused those that are no number."""
    return max(
        (int(value) for name, value in scope["headers"] if name == b"content-length"), default=0
    )


def _lingering(receive: Receive, send: Send, deadline: float) -> Send:
    """A ``send`` that ends an answer only after the rest of the body has been discarded."""

    async def sent(message: Message) -> None:
        if message["type"] != "http.response.body" or message.get("more_body", False):
            await send(message)
            return
        await send({**message, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await _discard(receive)
        await send({"type": "http.response.body"})

    return sent


async def _discard(receive: Receive) -> None:
    """Read until the body ends or the client hangs up."""
    more = True
    while more:
        message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that hands out ``body`` once and then waits for the client to hang up."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
