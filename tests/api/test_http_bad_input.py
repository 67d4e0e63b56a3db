"""Scenarios 17 to 21: whatever is sent is answered with a documented 4xx, never a 5xx."""

from __future__ import annotations

import gzip
import json
import socket
from typing import Any

import httpx
import pytest

GOOD = {"question": "Does the strap hold a heavy camera?", "product_id": "camera-strap"}
JSON = {"Content-Type": "application/json"}


def refused(reply: httpx.Response, status: int) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = reply.json()
    assert problem["status"] == status
    assert problem["request_id"] == reply.headers["x-request-id"]
    return problem


@pytest.mark.parametrize(
    "change",
    [
        {"question": ""},
        {"question": " \t\n"},
        {"question": "is it\x00loud?"},
        {"question": "x" * 1001},
        {"question": None},
        {"question": ["is it loud?"]},
        {"product_id": ""},
        {"product_id": "x" * 513},
        {"product_id": 7},
        {"top_k": 0},
        {"top_k": -1},
        {"top_k": 51},
        {"top_k": 10**9},
        {"top_k": 1.5},
        {"top_k": "3"},
        {"top_k": True},
        {"passages": 0},
        {"passages": 101},
        {"threshold": -0.1},
        {"threshold": 1.1},
        {"threshold": "0.5"},
        {"unknown": 1},
        {"question": "is it loud?", "__proto__": {}},
    ],
)
def test_values_out_of_range_are_422(http: httpx.Client, change: dict[str, Any]) -> None:
    problem = refused(http.post("/v1/ask", json=GOOD | change), 422)
    assert problem["errors"][0]["field"] in {*change, "unknown"}


@pytest.mark.parametrize("missing", ["question", "product_id"])
def test_missing_fields_are_422(http: httpx.Client, missing: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != missing}
    assert refused(http.post("/v1/ask", json=body), 422)["errors"][0]["field"] == missing


@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"null", b"true"])
def test_json_that_is_no_object_is_422(http: httpx.Client, body: bytes) -> None:
    refused(http.post("/v1/ask", content=body, headers=JSON), 422)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"question": "a", "question": "b", "product_id": "c"}',
        b'{"question": "a\\ud800", "product_id": "c"}',
        b'{"\\udfff": 1}',
        b'{"question": "a", "product_id": "c", "threshold": NaN}',
        b'{"question": "a", "product_id": "c", "threshold": 1e999}',
        b"[" * 60_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
)
def test_what_is_not_json_is_a_client_error(http: httpx.Client, body: bytes) -> None:
    reply = http.post("/v1/ask", content=body, headers=JSON)
    refused(reply, 422 if b"1e999" in body else 400)


@pytest.mark.parametrize(
    "question",
    [
        "*",
        "~",
        '"unbalanced',
        "AND OR NOT ( [ { \\",
        "a" * 1000,
        "field:value product_id:*",
        "(a+)+$",
        "\u202eright to left\u200b\N{CAMERA}\N{ZERO WIDTH JOINER}",
        " OR ".join(["a"] * 200),
        "<script>alert(1)</script>",
        "é" * 500,
    ],
)
def test_questions_are_text_whatever_they_look_like(http: httpx.Client, question: str) -> None:
    reply = http.post("/v1/ask", json=GOOD | {"question": question})
    assert reply.status_code == 200, reply.text
    assert all(
        answer["support"][0]["review"]["product_id"] == GOOD["product_id"]
        for answer in reply.json()["answers"]
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_other_content_is_415(http: httpx.Client, headers: dict[str, str]) -> None:
    body = gzip.compress(b"0" * 10_000_000) if "Content-Encoding" in headers else b"{}"
    refused(http.post("/v1/ask", content=body, headers=headers), 415)


@pytest.mark.parametrize("size", [64 * 1024 + 1, 10_000_000])
def test_large_bodies_are_413(http: httpx.Client, size: int) -> None:
    def chunks() -> Any:
        for _ in range(-(-size // 65536)):
            yield b" " * 65536

    for body in (b" " * size, chunks()):
        refused(httpx.post(f"{http.base_url}/v1/ask", content=body, headers=JSON), 413)


def test_the_largest_body_is_read(http: httpx.Client) -> None:
    body = json.dumps(GOOD).encode()
    padded = body + b" " * (64 * 1024 - len(body))
    assert http.post("/v1/ask", content=padded, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/ask", "POST"),
        ("DELETE", "/v1/products", "GET"),
        ("PUT", "/v1/reviews/x", "GET"),
        ("OPTIONS", "/v1/ask", "POST"),
        ("POST", "/readyz", "GET"),
        ("HEAD", "/v1/ask", "POST"),
        ("TRACE", "/v1/ask", "POST"),
    ],
)
def test_wrong_methods_are_405(http: httpx.Client, method: str, path: str, allow: str) -> None:
    reply = http.request(method, path)
    assert reply.status_code == 405
    assert reply.headers["allow"] == allow
    if method != "HEAD":
        refused(reply, 405)


@pytest.mark.parametrize(
    "path",
    ["/nope", "/v1", "/v1/", "/v1/ask/", "/static/", "/static/none.js", "/static/%2e%2e/app.py"],
)
def test_unknown_paths_are_404(http: httpx.Client, path: str) -> None:
    method = "POST" if "ask" in path else "GET"
    refused(http.request(method, path), 404)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "offset=-1", "offset=99999999999", "nope=1", "limit="],
)
def test_bad_queries_are_422(http: httpx.Client, query: str) -> None:
    refused(http.get(f"/v1/products?{query}"), 422)


@pytest.mark.parametrize("query", ["query=%00", "query=%ff%fe", "query=%25", "query=a%0d%0ab"])
def test_strange_queries_find_nothing(http: httpx.Client, query: str) -> None:
    reply = http.get(f"/v1/products?{query}")
    assert reply.status_code == 200
    assert reply.json()["products"] == []


@pytest.mark.parametrize("name", ["%00", "%ff", "a%0d%0ab", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"])
def test_strange_ids_are_404(http: httpx.Client, name: str) -> None:
    refused(http.get(f"/v1/products/{name}"), 404)
    refused(http.get(f"/v1/reviews/{name}"), 404)


def talk(address: tuple[str, int], *pieces: bytes) -> bytes:
    """Send bytes as they are; returns all that comes back until the server closes."""
    with socket.create_connection(address, timeout=60) as connection:
        for piece in pieces:
            connection.sendall(piece)
        received = b""
        while block := connection.recv(65536):
            received += block
        return received


HEAD = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_slow_clients_are_cut_off(serve_session: Any, sample_store: Any) -> None:
    """Slowloris in headers, in a declared body, and in a chunked one."""
    limits = {"REVIEWQA_BODY_TIMEOUT_SECONDS": "0.5", "REVIEWQA_HEADER_TIMEOUT_SECONDS": "0.5"}
    server = serve_session(sample_store, **limits)
    server.wait_ready()
    assert talk(server.address, b"GET / HTTP/1.1\r\nHost: loc") == b""
    short = talk(server.address, HEAD + b"Content-Length: 100\r\n\r\n{")
    assert short.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in short
    endless = talk(server.address, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n")
    assert endless.startswith(b"HTTP/1.1 408 ")
    assert httpx.get(f"{server.url}/readyz").status_code == 200


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: x\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Bad Header: x\r\n",
        b"X: " + b"y" * 200_000 + b"\r\n",
    ],
)
def test_broken_http_is_400_or_closed(served: Any, head: bytes) -> None:
    try:
        reply = talk(served.address, HEAD + head + b"\r\n{}")
    except ConnectionResetError:
        reply = b""
    assert reply == b"" or reply[9:10] in (b"4", b"5")
    assert b" 500 " not in reply.split(b"\r\n")[0]
    assert httpx.get(f"{served.url}/readyz").status_code == 200


def test_a_body_shorter_than_declared_leaves_the_server_well(served: Any) -> None:
    with socket.create_connection(served.address) as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
    assert httpx.get(f"{served.url}/readyz").status_code == 200
    assert '"crash"' not in served.log_text()
