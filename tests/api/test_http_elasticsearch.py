"""Serving from Elasticsearch: what clients and supervisors are told when it goes and comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from indexing.ingest import IngestOptions, ingest
from indexing.sample import reviews_path
from tests.api.conftest import wait_for
from tests.elasticsearch_server import stores
from tests.faulty_server import FaultyServer, faulty_server

pytestmark = pytest.mark.elasticsearch
BODY = {"question": "How long does the battery last?", "product_id": "wireless-earbuds"}


@pytest.fixture
def proxy() -> Iterator[FaultyServer]:
    with faulty_server() as made:
        yield made


@pytest.fixture
def store(proxy: FaultyServer, tmp_path: Path) -> Iterator[str]:
    """The bundled sample on the server, reached through the proxy."""
    with stores() as make:
        engine = make()
        ingest(engine, [str(reviews_path())], IngestOptions(rejects=tmp_path / "rejects.jsonl"))
        yield f"{proxy.url}/{engine.location.rsplit('/', 1)[1]}"


def test_a_server_that_goes_away_and_comes_back_needs_no_restart(
    serve: Callable[..., Any], store: str, proxy: FaultyServer
) -> None:
    server = serve(store, REVIEWQA_ES_TIMEOUT="2")
    server.wait_ready()

    def ask() -> httpx.Response:
        headers = {"X-Request-ID": "question-17"}
        return httpx.post(f"{server.url}/v1/ask", json=BODY, headers=headers, timeout=60)

    right = ask()
    assert right.status_code == 200
    assert right.json()["answers"]
    named = [path for _, path, headers in proxy.seen if headers.get("x-opaque-id") == "question-17"]
    assert any("_search" in path for path in named)

    for broken in (
        proxy.hang_up,
        lambda: proxy.answer(503, "no_shard_available_action_exception"),
        lambda: proxy.answer(429, "es_rejected_execution_exception"),
        lambda: proxy.answer(401, "security_exception"),
        lambda: proxy.delay(5.0),
    ):
        broken()
        reply = ask()
        assert (reply.status_code, reply.headers["content-type"]) == (
            503,
            "application/problem+json",
        )
        assert int(reply.headers["retry-after"]) >= 1
        assert "elastic" not in reply.text.lower()
        assert httpx.get(f"{server.url}/readyz", timeout=30).status_code == 503
        assert httpx.get(f"{server.url}/livez").status_code == 200
        proxy.heal()
        wait_for(lambda: httpx.get(f"{server.url}/readyz", timeout=30).status_code == 200)
        healed = ask()
        assert healed.status_code == 200
        assert healed.json()["answers"] == right.json()["answers"]
    assert server.stop() == 0


def test_a_question_that_fails_half_way_is_a_problem_too(
    serve: Callable[..., Any], store: str, proxy: FaultyServer
) -> None:
    """The product is found, then the search fails; the search works, then its reviews fail."""
    server = serve(store, REVIEWQA_ES_TIMEOUT="2")
    server.wait_ready()
    error = {"error": {"type": "no_shard_available_action_exception", "reason": "as told"}}
    for part in ("-passages/_search", "_mget"):
        proxy.fault = lambda method, path, part=part: (503, error) if part in path else None
        reply = httpx.post(f"{server.url}/v1/ask", json=BODY, timeout=60)
        assert reply.status_code == 503
        assert int(reply.headers["retry-after"]) >= 1
        proxy.heal()
    assert server.stop() == 0
    assert "Traceback" not in server.log_text()


def test_sigterm_under_load_finishes_what_was_accepted(
    serve: Callable[..., Any], store: str, proxy: FaultyServer
) -> None:
    server = serve(store)
    server.wait_ready()
    proxy.delay(0.3)  # so that questions are under way for a while
    replies: list[httpx.Response] = []
    refused: list[httpx.ConnectError] = []

    def ask(number: int) -> None:
        body = BODY | {"question": f"{BODY['question']} {number}", "passages": 2}
        try:
            replies.append(httpx.post(f"{server.url}/v1/ask", json=body, timeout=120))
        except httpx.ConnectError as error:  # came after the listening socket was closed
            refused.append(error)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    wait_for(lambda: bool(replies))
    assert len(replies) < len(threads), "none was under way when the signal came"
    assert server.stop() == 0
    for thread in threads:
        thread.join()
    assert len(replies) + len(refused) == len(threads), "one was cut off"
    assert {reply.status_code for reply in replies} == {200}
    assert all(reply.json()["passages"] for reply in replies)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/livez")
    assert "Traceback" not in server.log_text()
