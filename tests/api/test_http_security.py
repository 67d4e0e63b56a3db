"""Scenarios 25, 29 and 32: headers, hosts, ids, logs and what errors give away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

PATHS = ["/", "/docs", "/openapi.json", "/static/app.js", "/livez", "/v1/products", "/nope"]


@pytest.mark.parametrize("path", PATHS)
def test_every_response_carries_the_headers(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers
    assert not [name for name in headers if name.startswith("access-control")]


def test_pages_hold_no_inline_script_or_style(http: httpx.Client) -> None:
    for path in ("/", "/docs"):
        page = http.get(path).text
        assert page.count("<script") == page.count('<script type="module" src="/static/')
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page


def test_scripts_never_parse_html(http: httpx.Client) -> None:
    for name in ("app", "api", "combobox", "dom", "examples", "results"):
        script = http.get(f"/static/{name}.js").raise_for_status().text
        for forbidden in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ):
            assert forbidden not in script


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:123", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil.example:80@localhost", 400),
        ("localhost/../x", 400),
        ("", 400),
        ("localhost:port", 400),
    ],
)
def test_only_our_hosts_are_answered(http: httpx.Client, host: str, status: int) -> None:
    reply = http.get("/livez", headers={"Host": host})
    assert reply.status_code == status
    if status != 200:
        assert reply.headers["content-type"] == "application/problem+json"


def test_allowed_hosts_are_a_setting(serve: Callable[..., Any], sample_store: Path) -> None:
    server = serve(sample_store, REVIEWQA_ALLOWED_HOSTS="shop.example,*.shop.example")
    for host, status in {
        "shop.example": 200,
        "www.shop.example:443": 200,
        "shop.example.evil": 421,
        "xshop.example": 421,
    }.items():
        reply = httpx.get(f"{server.url}/livez", headers={"Host": host})
        assert reply.status_code == status, host


@pytest.mark.parametrize("given", ["abc-123", "A.b_c", "x" * 64])
def test_sane_request_ids_are_kept(http: httpx.Client, given: str) -> None:
    assert http.get("/livez", headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a;b", '{"x":1}', "<b>", "é".encode()])
def test_other_request_ids_are_replaced(http: httpx.Client, given: str | bytes) -> None:
    value = given if isinstance(given, bytes) else given.encode()
    made = http.get("/livez", headers={b"X-Request-ID": value}).headers["x-request-id"]
    assert len(made) == 32
    assert made.isalnum()


def test_other_origins_are_told_nothing(http: httpx.Client) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    reply = http.options("/v1/ask", headers=asked)
    assert reply.status_code == 405
    assert not [name for name in reply.headers if name.startswith("access-control")]


def test_the_log_is_one_json_object_a_line(serve: Callable[..., Any], sample_store: Path) -> None:
    server = serve(sample_store)
    server.wait_ready()
    path = "/x%0d%0a%7b%22event%22:%22forged%22%7d%1b[2J"
    httpx.get(f"{server.url}{path}", headers={"X-Request-ID": "known"})
    secret = {"question": "the secret question", "product_id": "nope"}
    httpx.post(f"{server.url}/v1/ask", json=secret)
    assert server.stop() == 0
    _, *lines = server.log_text().splitlines()
    entries = [json.loads(line) for line in lines]
    requests = [e for e in entries if e["event"] == "request" and e["path"] != "/readyz"]
    assert [(entry["path"][:4], entry["status"]) for entry in requests] == [
        ("/x\r\n", 404),
        ("/v1/", 404),
    ]
    assert requests[0]["request_id"] == "known"
    assert not [entry for entry in entries if entry["event"] == "forged"]
    assert "\x1b" not in server.log_text()
    assert "secret question" not in server.log_text()


def test_docs_can_be_switched_off(serve: Callable[..., Any], sample_store: Path) -> None:
    server = serve(sample_store, REVIEWQA_DOCS="false")
    assert httpx.get(f"{server.url}/docs").status_code == 404
    assert "/docs" not in httpx.get(server.url).text


def test_the_question_bound_is_a_setting(serve: Callable[..., Any], sample_store: Path) -> None:
    server = serve(sample_store, REVIEWQA_MAX_QUESTION_CHARS="20", REVIEWQA_MAX_BODY_BYTES="1024")
    server.wait_ready()
    body = {"question": "x" * 21, "product_id": "camera-strap"}
    assert httpx.post(f"{server.url}/v1/ask", json=body).status_code == 422
    document = httpx.get(f"{server.url}/openapi.json").json()
    question = document["components"]["schemas"]["AskRequest"]["properties"]["question"]
    assert question["maxLength"] == 20
    assert httpx.post(f"{server.url}/v1/ask", json=body | {"x": "y" * 1024}).status_code == 413
