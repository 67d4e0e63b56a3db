"""Runs the application under uvicorn: the socket, the connections' bounds, the signals."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import logs
from api.app import create_app
from api.settings import Settings, bracketed


class CannotListen(Exception):
    """The address cannot be listened on; the message names it and the remedy."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises :class:`CannotListen`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError, UnicodeError) as error:
        raise CannotListen(_why(host, port, error)) from None


def _why(host: str, port: int, error: Exception) -> str:
    where = f"{bracketed(host)}:{port}"
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return f"port {port} is taken on {host}; choose another with --port, or 0 for a free one"
    if code == errno.EACCES:
        return f"no permission to listen on {where}; ports below 1024 need it, try --port 8000"
    reason = getattr(error, "strerror", None) or str(error)
    return f"cannot listen on {where}: {reason}; check --host"


def url_of(sock: socket.socket) -> str:
    """Where a browser on this machine finds the service that listens on ``sock``."""
    host, port = sock.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://{bracketed(shown)}:{port}"


def serve(settings: Settings, sock: socket.socket) -> None:
    """Serve on ``sock`` until SIGTERM or SIGINT; requests under way are finished first."""
    logs.configure()
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=_protocol(settings.header_timeout_seconds),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=settings.max_connections,
        timeout_graceful_shutdown=settings.grace_seconds,
    )
    # uvicorn raises the signal again once it has shut down; being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.Server(config).run(sockets=[sock])


def _protocol(seconds: float) -> type[asyncio.Protocol]:
    """uvicorn's HTTP/1.1, which by itself waits for a request's headers for ever."""

    class HeadersInTime(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._unwatch()
            super().connection_lost(exc)

        def _watch(self) -> None:
            waiting = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
            if waiting and self._deadline is None:
                self._deadline = self.loop.call_later(seconds, self.transport.close)
            elif not waiting:
                self._unwatch()

        def _unwatch(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return HeadersInTime
