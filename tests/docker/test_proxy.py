"""The proxy's configuration: it fits the image, and a real nginx does with it what it should."""

from __future__ import annotations

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from api.settings import Settings
from indexing.engines.embedded.engine import EmbeddedEngine
from indexing.records import Review
from tests.docker.deployment import COMPOSE, DOCKER, ROOT, compose, image_environment

CONFIGURATION = (DOCKER / "nginx.conf").read_text("utf-8")
WITHIN = 300.0
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SLASHED = "cup/large size"


def directive(name: str) -> str:
    found = re.search(rf"^\s*{name}\s+([^;]+);", CONFIGURATION, re.MULTILINE)
    assert found, name
    return found[1]


def test_it_points_at_the_port_that_is_served() -> None:
    services = compose(COMPOSE)["services"]
    name, service = directive(r"set \$api"), services["proxy"]
    assert set(services[name]["networks"]) & set(service["networks"])
    port = image_environment()["REVIEWQA_PORT"]
    assert directive("proxy_pass") == f"http://$api:{port}"
    assert service["ports"][0].rpartition(":")[2] == directive("listen")
    assert f":{directive('listen')}/livez" in service["healthcheck"]["test"][-1]


def test_it_lets_every_body_pass_that_the_api_may_be_set_to_read() -> None:
    most = next(
        one.le for one in Settings.model_fields["max_body_bytes"].metadata if hasattr(one, "le")
    )
    assert directive("client_max_body_size") == f"{most // 2**20}m"


def test_it_writes_under_tmp_only() -> None:
    places = [directive("pid"), *re.findall(r"\w+_temp_path (\S+);", CONFIGURATION)]
    assert len(places) == 6
    assert all(place.startswith("/tmp/") for place in places)


@dataclass
class Replica:
    process: subprocess.Popen[bytes]
    log: Path

    def answered(self) -> int:
        """How many questions it has been asked."""
        return self.log.read_text("utf-8").count('"/v1/ask"')


@dataclass
class Deployment:
    """Two replicas of the API, and a client that talks to the proxy before them."""

    client: httpx.Client
    replicas: list[Replica]


def free_port(*hosts: str) -> int:
    """A port that is free on every one of ``hosts``."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(closing(socket.create_server((hosts[0], 0))))
            port = int(first.getsockname()[1])
            try:
                for host in hosts[1:]:
                    stack.enter_context(closing(socket.create_server((host, port))))
            except OSError:
                continue
            return port


@contextmanager
def name_server(addresses: list[str]) -> Iterator[int]:
    """The port of a name server on loopback that knows every name at ``addresses``, as Docker's
    knows a service at those of its replicas (RFC 1035, section 4)."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind(("127.0.0.1", 0))

        def answer() -> None:
            while True:
                try:
                    asked, client = sock.recvfrom(512)
                except OSError:
                    return
                question = asked[12 : asked.index(b"\0", 12) + 5]
                header = asked[:2] + struct.pack("!5H", 0x8180, 1, len(addresses), 0, 0)
                records = [
                    struct.pack("!HHHIH", 0xC00C, 1, 1, 5, 4) + socket.inet_aton(address)
                    for address in addresses
                ]
                sock.sendto(header + question + b"".join(records), client)

        threading.Thread(target=answer, daemon=True).start()
        yield int(sock.getsockname()[1])


@contextmanager
def replica(store: Path, host: str, port: int, log: Path) -> Iterator[Replica]:
    command = [sys.executable, "-m", "api.cli.main", "serve", "--store", str(store)]
    command += ["--host", host, "--port", str(port)]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=stream)
    try:
        yield Replica(process, log)
    finally:
        process.kill()
        process.wait()


@contextmanager
def nginx(folder: Path, api_port: int, dns_port: int) -> Iterator[str]:
    """The address of an nginx with our configuration, but for the places of this machine."""
    assert NGINX
    port = free_port("127.0.0.1")
    text = CONFIGURATION.replace("127.0.0.11", f"127.0.0.1:{dns_port}")
    text = text.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("/tmp/", f"{folder}/")
    text = text.replace(f"$api:{image_environment()['REVIEWQA_PORT']}", f"$api:{api_port}")
    text = text.replace("worker_processes auto", "worker_processes 1")
    # Started by root it would give its worker an account that cannot come in here.
    owner = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(owner + text, "utf-8")
    command = [NGINX, "-e", "/dev/stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with (folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen([*command, "-g", "daemon off;"], stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(WITHIN)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    if NGINX is None:
        pytest.skip("there is no nginx")
    folder = tmp_path_factory.mktemp("proxy")
    with closing(EmbeddedEngine(folder / "store", create=True)) as engine:
        engine.write([Review(id="r/1", product_id=SLASHED, text="The lid does not leak at all.")])
    hosts = ["127.0.0.2", "127.0.0.3"]
    port = free_port(*hosts)
    with ExitStack() as stack:
        replicas = [
            stack.enter_context(replica(folder / "store", host, port, folder / f"{host}.log"))
            for host in hosts
        ]
        for host in hosts:
            wait_for(lambda host=host: _ready(f"http://{host}:{port}"))
        dns_port = stack.enter_context(name_server(hosts))
        url = stack.enter_context(nginx(folder, port, dns_port))
        client = stack.enter_context(httpx.Client(base_url=url, timeout=WITHIN))
        wait_for(lambda: _ready(url))
        yield Deployment(client, replicas)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def ask(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/ask", json={"question": "does it leak?", "product_id": SLASHED})


def test_both_replicas_are_asked(deployment: Deployment) -> None:
    assert {ask(deployment.client).status_code for _ in range(20)} == {200}
    answered = [one.answered() for one in deployment.replicas]
    assert min(answered) > 0, answered


def test_requests_arrive_as_they_were_sent(deployment: Deployment) -> None:
    client = deployment.client
    name = quote(SLASHED, safe="")
    reply = client.get(f"/v1/products/{name}", headers={"X-Request-ID": "mine"})
    assert reply.json()["id"] == SLASHED
    assert reply.headers["x-request-id"] == "mine"
    refused = client.get("/livez", headers={"Host": "elsewhere.example"})
    assert refused.status_code == 421


def test_a_replica_that_dies_is_not_noticed_and_none_left_is_a_503(deployment: Deployment) -> None:
    first, second = deployment.replicas
    first.process.kill()
    first.process.wait()
    assert {ask(deployment.client).status_code for _ in range(20)} == {200}
    second.process.kill()
    second.process.wait()
    reply = ask(deployment.client)
    assert reply.status_code == 503
    assert reply.headers["content-type"] == "application/problem+json"
    assert int(reply.headers["retry-after"]) >= 1
    assert reply.json()["status"] == 503
