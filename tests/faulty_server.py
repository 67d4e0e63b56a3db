"""A proxy before a real Elasticsearch server that breaks what it is told to break."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.elasticsearch_server import server

_TAKEN = {"transfer-encoding", "content-length", "connection", "content-encoding"}


class FaultyServer(ThreadingHTTPServer):
    """``fault`` is asked before each request; what it returns is answered in its place.

    None passes the request on; ``(status, body)`` is an answer of the server's kind; raising
    ``ConnectionResetError`` hangs up.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fault: Callable[[str, str], tuple[int, Any] | None] = lambda method, path: None
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Hung-up connections are what this server is for."""

    def heal(self) -> None:
        self.fault = lambda method, path: None

    def hang_up(self) -> None:
        def fault(method: str, path: str) -> None:
            raise ConnectionResetError

        self.fault = fault

    def answer(self, status: int, kind: str, times: int = 1 << 30) -> None:
        """Answer so many requests with an error of that kind, then work again."""
        left = iter(range(times))

        def fault(method: str, path: str) -> tuple[int, Any] | None:
            if next(left, None) is None:
                return None
            return status, {"error": {"type": kind, "reason": "as told"}, "status": status}

        self.fault = fault

    def delay(self, seconds: float) -> None:
        def fault(method: str, path: str) -> None:
            time.sleep(seconds)

        self.fault = fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyServer

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        self.server.bodies.append(body)
        try:
            told = self.server.fault(self.command, self.path)
        except ConnectionResetError:
            self.close_connection = True
            return
        if told is not None:
            kind = "application/vnd.elasticsearch+json;compatible-with=8"
            headers = {"Content-Type": kind, "X-Elastic-Product": "Elasticsearch"}
            self._reply(told[0], headers, json.dumps(told[1]).encode())
            return
        address = server().removeprefix("http://")
        headers = {k: v for k, v in self.headers.items() if k.lower() not in {"host", "connection"}}
        with closing(http.client.HTTPConnection(address, timeout=60)) as upstream:
            upstream.request(self.command, self.path, body, headers)
            with upstream.getresponse() as reply:
                kept = {k: v for k, v in reply.getheaders() if k.lower() not in _TAKEN}
                answer = reply.read()
        self._reply(reply.status, kept, answer)

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815

    def log_message(self, *values: object) -> None:
        """Not on stderr."""


@contextmanager
def faulty_server() -> Iterator[FaultyServer]:
    """Runs until the block ends."""
    made = FaultyServer()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()
