"""Readiness, overload, stopping under load, and what the process never loads."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.service import Opened
from api.settings import Settings
from indexing.errors import StoreBusy, StoreCorrupt
from qa.errors import ModelError

BODY = {"question": "Does the strap hold a heavy camera?", "product_id": "camera-strap"}


def test_a_server_that_is_away_at_the_start_is_waited_for(serve: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    server = serve(f"http://127.0.0.1:{port}/reviews", REVIEWQA_RETRY_SECONDS="0.2")
    told = server.log_text().splitlines()[0]
    assert "waits" in told
    assert f"127.0.0.1:{port}/reviews" in told
    assert httpx.get(f"{server.url}/livez").status_code == 200
    reply = httpx.get(f"{server.url}/readyz")
    assert reply.status_code == 503
    assert int(reply.headers["retry-after"]) >= 1
    assert server.stop() == 0


def test_a_store_that_goes_away_and_comes_back_needs_no_restart(
    serve: Callable[..., Any], make_store: Callable[..., Path]
) -> None:
    from indexing.records import Review

    store = make_store(Review(id="r", product_id="p", text="It is loud."))
    server = serve(store, REVIEWQA_MODEL="/nowhere", REVIEWQA_RETRY_SECONDS="0.2")
    reply = httpx.get(f"{server.url}/readyz")
    assert reply.status_code == 503
    assert int(reply.headers["retry-after"]) >= 1
    assert httpx.get(f"{server.url}/livez").status_code == 200
    while (problem := httpx.get(f"{server.url}/readyz").json())["title"] == "Starting":
        pass
    assert problem["title"] == "The reader is not available"
    assert "/nowhere" not in json.dumps(problem)
    assert "/nowhere" in server.log_text(), "the operator is told where"
    for path in ("/v1/products", "/v1/products/p", "/v1/reviews/r"):
        assert httpx.get(f"{server.url}{path}").status_code == 503
    assert httpx.get(server.url).status_code == 200, "the page itself needs no store"
    assert server.stop() == 0


def test_a_model_that_appears_later_is_picked_up(
    serve: Callable[..., Any], sample_store: Path, tmp_path: Path
) -> None:
    from qa.reader.package import SHIPPED

    model = tmp_path / "reader"
    server = serve(sample_store, REVIEWQA_MODEL=str(model), REVIEWQA_RETRY_SECONDS="0.2")
    assert httpx.get(f"{server.url}/readyz").status_code == 503
    model.symlink_to(SHIPPED)
    server.wait_ready()
    assert httpx.post(f"{server.url}/v1/ask", json=BODY).status_code == 200


def test_sigterm_under_load_finishes_what_was_accepted(
    serve: Callable[..., Any], sample_store: Path
) -> None:
    server = serve(sample_store, REVIEWQA_QUEUE="64")
    server.wait_ready()
    statuses: list[int] = []
    broken: list[Exception] = []

    def ask(number: int) -> None:
        question = f"{BODY['question']} {number}"
        try:
            reply = httpx.post(
                f"{server.url}/v1/ask", json=BODY | {"question": question}, timeout=120
            )
            statuses.append(reply.status_code)
            assert reply.json()["question"] == question
        except httpx.ConnectError:
            pass  # came after the listening socket was closed
        except Exception as error:
            broken.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    while not statuses:
        pass
    assert server.stop() == 0
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert not broken
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/livez")
    assert "Traceback" not in server.log_text()


class SlowAnswerer:
    """Stands in for a reader that is busy for as long as the test wants it to be."""

    model_fingerprint = "slow"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.gate = threading.Event()
        self.asked = 0

    def ask(self, question: str, **_: Any) -> Any:
        self.asked += 1
        assert self.gate.wait(60)
        raise self.error or StoreBusy("still busy")

    def close(self) -> None:
        self.gate.set()


class NoEngine:
    """Stands in for an engine whose store fails in a way that cannot be brought about here."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def product(self, product_id: str) -> None:
        raise self.error or StoreBusy("busy")

    def close(self) -> None:
        pass


@asynccontextmanager
async def client_of(app: FastAPI, engine: Any, answerer: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with app.router.lifespan_context(app):
        service = app.state.service
        await service.stop()
        service._opened = Opened(engine, answerer)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


def test_a_full_queue_refuses_at_once_and_browsing_goes_on() -> None:
    answerer = SlowAnswerer()

    async def run() -> None:
        app = create_app(Settings(workers=1, queue=1))
        async with client_of(app, NoEngine(), answerer) as client:
            accepted = [
                asyncio.create_task(client.post("/v1/ask", json=BODY | {"question": f"Q {n}?"}))
                for n in range(2)
            ]
            while app.state.service.questions.pending < 2:
                await asyncio.sleep(0.001)
            refused = await client.post("/v1/ask", json=BODY)
            assert refused.status_code == 503
            assert refused.json()["type"].endswith(":overloaded")
            assert int(refused.headers["retry-after"]) > 0
            assert (await client.get("/livez")).status_code == 200
            assert (await client.get("/v1/products/x")).status_code == 503, "lookups have own room"
            answerer.gate.set()
            assert [reply.status_code for reply in await asyncio.gather(*accepted)] == [503, 503]

    asyncio.run(run())


def test_a_crowd_with_one_question_costs_one_answer() -> None:
    answerer = SlowAnswerer()

    async def run() -> None:
        app = create_app(Settings(workers=2, queue=0))
        async with client_of(app, NoEngine(), answerer) as client:
            crowd = [asyncio.create_task(client.post("/v1/ask", json=BODY)) for _ in range(50)]
            while not answerer.asked:
                await asyncio.sleep(0.001)
            answerer.gate.set()
            await asyncio.gather(*crowd)
        assert answerer.asked < 50

    asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (StoreBusy("x is busy in /srv"), 503, "store-busy"),
        (StoreCorrupt("/srv/corpus.sqlite"), 503, "store-damaged"),
        (ModelError("/srv/model"), 503, "model-unavailable"),
        (RuntimeError("secret of /srv"), 500, "internal"),
    ],
)
def test_failures_below_are_problems_without_particulars(
    error: Exception, status: int, slug: str
) -> None:
    answerer = SlowAnswerer(error)
    answerer.gate.set()

    async def run() -> list[httpx.Response]:
        async with client_of(create_app(Settings()), NoEngine(error), answerer) as client:
            return [
                await client.post("/v1/ask", json=BODY),
                await client.get("/v1/products/p"),
            ]

    for reply in asyncio.run(run()):
        assert reply.status_code == status
        assert reply.json()["type"] == f"urn:reviewqa:problem:{slug}"
        assert reply.json()["request_id"]
        assert "/srv" not in reply.text
        assert ("retry-after" in reply.headers) == (status == 503)


def test_serving_never_loads_the_training_stack(sample_store: Path) -> None:
    code = f"""
import asyncio, sys, httpx
from api.app import create_app
from api.settings import Settings
async def run():
    app = create_app(Settings(store={str(sample_store)!r}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.05)
            (await client.post("/v1/ask", json={BODY!r})).raise_for_status()
asyncio.run(run())
banned = ("torch", "transformers", "sentence_transformers", "pyarrow", "datasets")
sys.exit(", ".join(name for name in banned if name in sys.modules) or 0)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
