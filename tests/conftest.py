"""What holds for every test: no telemetry, no network but loopback, one seed for hypothesis."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
KEPT = {"REVIEWQA_DATA", "REVIEWQA_KILLS", "REVIEWQA_REVIEWS", "REVIEWQA_EXAMPLES"}
if os.environ.get("ELASTICSEARCH_URL"):
    # A server that compose.yaml starts lets nobody in without a password.
    KEPT |= {f"REVIEWQA_ES_{name}" for name in ("API_KEY", "USER", "PASSWORD", "CA")}
for name in [name for name in os.environ if name.startswith("REVIEWQA_") and name not in KEPT]:
    del os.environ[name]

settings.register_profile(
    "reviewqa", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("reviewqa")


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return address[0] == "localhost"


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if not _is_local(address):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    return


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("ELASTICSEARCH_URL"):
        return
    start = "docker compose -f docker/compose.yaml up elasticsearch"
    skip = pytest.mark.skip(reason=f"ELASTICSEARCH_URL names no server; start one with `{start}`")
    for item in items:
        if item.get_closest_marker("elasticsearch"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The public data sets, for tests that want real text."""
    root = os.environ.get("REVIEWQA_DATA")
    if not root:
        pytest.skip("REVIEWQA_DATA does not name a folder with the public data sets")
    return Path(root)
