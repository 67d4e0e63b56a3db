"""A real store of the bundled sample, and real servers on free ports of this machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from indexing.engines.registry import open_engine
from indexing.ingest import ingest
from indexing.records import Review
from indexing.sample import reviews_path

READY_WITHIN = 300.0  # generous: a loaded machine is slow, and nothing here measures speed


@dataclass
class Served:
    """A running ``reviewqa serve``."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path
    store: Path

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.url.removeprefix("http://").rsplit(":", 1)
        return host, int(port)

    def wait_ready(self) -> None:
        wait_for(lambda: httpx.get(f"{self.url}/readyz").status_code == 200)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(READY_WITHIN)

    def log_text(self) -> str:
        return self.log.read_text()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def environment(**settings: str) -> dict[str, str]:
    """Ours without the settings of whoever runs the tests, and with ``settings``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REVIEWQA_")}
    return kept | {"COLUMNS": "120", "NO_COLOR": "1"} | settings


@contextmanager
def running(store: Path, folder: Path, settings: dict[str, str]) -> Iterator[Served]:
    log = folder / f"serve-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "api.cli.main", "serve", "--port", "0", "--store", str(store)]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, env=environment(**settings)
        )
    try:
        wait_for(lambda: process.poll() is not None or " at http://" in log.read_text())
        found = re.search(r"http://\S+:\d+", log.read_text())
        assert found, log.read_text()
        yield Served(process, found[0], log, store)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(READY_WITHIN)


@pytest.fixture(scope="session")
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled sample, indexed."""
    folder = tmp_path_factory.mktemp("sample") / "store"
    engine = open_engine(str(folder), create=True)
    try:
        ingest(engine, [str(reviews_path())])
    finally:
        engine.close()
    return folder


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., Path]:
    """Makes a store of the reviews it is given."""

    def make(*reviews: Review, name: str = "store") -> Path:
        engine = open_engine(str(tmp_path / name), create=True)
        try:
            engine.write(reviews)
        finally:
            engine.close()
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def serve_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """Starts servers that live until the end of the session."""
    with ExitStack() as stack:

        def start(store: Path, **settings: str) -> Served:
            folder = tmp_path_factory.mktemp("serve")
            return stack.enter_context(running(store, folder, settings))

        yield start


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts servers that live until the end of the test."""
    with ExitStack() as stack:

        def start(store: Path, **settings: str) -> Served:
            return stack.enter_context(running(store, tmp_path, settings))

        yield start


@pytest.fixture(scope="session")
def served(serve_session: Callable[..., Served], sample_store: Path) -> Served:
    """One server over the sample, shared by every test that leaves it as it was."""
    server = serve_session(sample_store)
    server.wait_ready()
    return server


@pytest.fixture(scope="session")
def http(served: Served) -> Iterator[httpx.Client]:
    """A client of the shared server."""
    with httpx.Client(base_url=served.url, timeout=READY_WITHIN) as client:
        yield client


@pytest.fixture
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``reviewqa`` in a process of its own."""

    def run(
        *arguments: str, text: str | None = None, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "api.cli.main", *arguments],
            input=text,
            capture_output=True,
            text=True,
            env=environment(**settings),
            timeout=READY_WITHIN,
        )

    return run
