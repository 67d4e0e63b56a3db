"""HEAD for everything that answers GET: the server leaves the body out."""

from __future__ import annotations

from api.middleware.asgi import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Runs the GET handler for HEAD and sends its status and headers only."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def bodiless(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, bodiless)
