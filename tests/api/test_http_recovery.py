"""Elasticsearch killed, stopped or frozen under 16 clients of the service, and back again.

``--log-cli-level=INFO`` shows how long recovery took. Needs the script that
``ELASTICSEARCH_SERVE`` names.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from indexing.engines.elastic.engine import ElasticEngine
from indexing.ingest import IngestOptions, ingest
from indexing.sample import reviews_path
from tests.api.closed_loop import Outcomes, answer_of, asking
from tests.api.conftest import Served, wait_for
from tests.elasticsearch_server import OwnServer

pytestmark = pytest.mark.elasticsearch
log = logging.getLogger(__name__)
CLIENTS, IN_A_ROW = 16, 32
RECOVERED_WITHIN = 10.0
"""Seconds. Five are asked for and, by the log, kept; a loaded machine is given twice as many."""

BODIES = [
    {"question": question, "product_id": product, "passages": 2}
    for product in ("wireless-earbuds", "office-chair", "two-person-tent", "e-reader")
    for question in ("Is it comfortable?", "How long does the battery last?", "Does it break?")
]


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    with OwnServer.started() as made:
        yield made


@pytest.fixture(scope="module")
def location(own_server: OwnServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The bundled sample on the server of this module."""
    address = f"{own_server.url}/recovery"
    rejects = tmp_path_factory.mktemp("recovery") / "rejects.jsonl"
    with closing(ElasticEngine(address, create=True)) as engine:
        ingest(engine, [str(reviews_path())], IngestOptions(rejects=rejects))
    return address


@contextmanager
def killed(server: OwnServer) -> Iterator[None]:
    server.run("kill", "1")
    yield
    server.run("resume", "1")


@contextmanager
def stopped(server: OwnServer) -> Iterator[None]:
    node = int(server.run("pid", "1"))
    os.kill(node, signal.SIGTERM)
    wait_for(lambda: not Path(f"/proc/{node}").exists())
    yield
    server.run("resume", "1")


@contextmanager
def frozen(server: OwnServer) -> Iterator[None]:
    node = int(server.run("pid", "1"))
    os.kill(node, signal.SIGSTOP)
    yield
    os.kill(node, signal.SIGCONT)


class Return:
    """Notices when a server answers again and has found its shards."""

    def __init__(self, server: OwnServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=self._watch)
        self._at = 0.0
        self._thread.start()

    def moment(self) -> float:
        """By ``time.monotonic``."""
        self._thread.join()
        return self._at

    def _watch(self) -> None:
        self._server.wait_ready()
        self._at = time.monotonic()


@pytest.mark.parametrize("away", [killed, stopped, frozen])
def test_the_service_outlives_its_server(
    serve: Callable[..., Served], own_server: OwnServer, location: str, away: Any
) -> None:
    service = serve(location)
    service.wait_ready()
    questions = [(body, right_answer(service.url, body)) for body in BODIES]
    assert any(answer["answers"] for _, answer in questions)
    with asking(service.url, questions, CLIENTS) as outcomes:
        wait_for(lambda: len(outcomes.answered) > 2 * CLIENTS)
        with away(own_server):
            wait_for(lambda: httpx.get(f"{service.url}/readyz", timeout=60).status_code == 503)
            wait_for(lambda: len(outcomes.refused) > 2 * CLIENTS)
            assert httpx.get(f"{service.url}/livez").status_code == 200
            back = Return(own_server)
        returned = back.moment()
        wait_for(lambda: run_of_answers(outcomes, returned) is not None)
        wait_for(lambda: httpx.get(f"{service.url}/readyz").status_code == 200)
    assert outcomes.wrong == []
    assert recovery(outcomes, returned, away.__name__) < RECOVERED_WITHIN
    assert service.stop() == 0
    assert "Traceback" not in service.log_text()


def right_answer(url: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = httpx.post(f"{url}/v1/ask", json=body, timeout=60)
    assert reply.status_code == 200
    return answer_of(reply)


def run_of_answers(outcomes: Outcomes, returned: float) -> float | None:
    """Seconds after the return at which the last of 32 answers in a row began the run."""
    run: list[float] = []
    for at, good in outcomes.since(returned):
        run = [*run, at] if good else []
        if len(run) == IN_A_ROW:
            return run[0]
    return None


def recovery(outcomes: Outcomes, returned: float, kind: str) -> float:
    """Seconds from the server's return until only answers came."""
    seen = outcomes.since(returned)
    first = next(at for at, good in seen if good)
    last = max((at for at, good in seen if not good), default=0.0)
    log.info(
        "%s: %d answers, %d refusals; after the server's return first answer %.2f s, "
        "last refusal %.2f s, %d answers in a row from %.2f s on",
        kind, len(outcomes.answered), len(outcomes.refused), first, last,
        IN_A_ROW, run_of_answers(outcomes, returned),
    )  # fmt: skip
    return max(first, last)
