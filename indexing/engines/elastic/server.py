"""The one door to the server: deadlines, repetitions, the circuit breaker, the request's name."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from elasticsearch import Elasticsearch

from indexing.engines.elastic import faults
from indexing.engines.elastic.address import Address
from indexing.engines.elastic.breaker import CircuitBreaker
from indexing.engines.elastic.settings import ElasticSettings
from indexing.errors import StoreError, StoreMismatch, StoreUnavailable
from indexing.tracing import current_request

T = TypeVar("T")
OLDEST, TOO_NEW = (8, 17), (10,)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_SEARCH_TRIES = 3
_PROBE_SECONDS = 2.0


class Server:
    """Calls the client; safe for threads. Raises :class:`StoreError` and nothing else expected."""

    def __init__(self, address: Address, settings: ElasticSettings) -> None:
        self.location = address.location
        self.settings = settings
        self._breaker = CircuitBreaker()
        self._manner = threading.local()
        secure = address.hosts[0].startswith("https:")
        options: dict[str, Any] = {"ca_certs": settings.ca} if secure and settings.ca else {}
        if settings.api_key:
            options["api_key"] = settings.api_key
        elif settings.user:
            options["basic_auth"] = (settings.user, settings.password)
        try:
            self._client = Elasticsearch(
                list(address.hosts),
                # Repetitions are ours, so that they know of the deadline and of jitter.
                max_retries=0,
                retry_on_timeout=False,
                connections_per_node=32,
                http_compress=False,
                **options,
            )
        except (ValueError, OSError) as error:
            raise StoreError(f"{self.location}: {error}") from error

    def search(self, call: Callable[[Elasticsearch], T]) -> T:
        """Run a call that somebody waits for: few repetitions, one short deadline over all.

        Within :meth:`patiently` it is repeated like a write.
        """
        if getattr(self._manner, "is_patient", False):
            return self.write(call)
        deadline = time.monotonic() + self.settings.timeout
        return self._run(call, deadline, _SEARCH_TRIES, self.settings.timeout)

    @contextmanager
    def patiently(self) -> Iterator[None]:
        """What this thread looks up in the block belongs to a write, and waits like one."""
        before = getattr(self._manner, "is_patient", False)
        self._manner.is_patient = True
        try:
            yield
        finally:
            self._manner.is_patient = before

    def probe(self, call: Callable[[Elasticsearch], T]) -> T:
        """Run a call once, for who only wants to know whether it can be run."""
        timeout = min(_PROBE_SECONDS, self.settings.timeout)
        return self._run(call, time.monotonic() + timeout, 1, timeout)

    def write(self, call: Callable[[Elasticsearch], T], *, timeout: float | None = None) -> T:
        """Run a call that may be repeated, for as long as a load is ready to wait."""
        patience = self.settings.write_patience
        deadline = time.monotonic() + patience
        return self._run(call, deadline, 1 << 30, timeout or max(60.0, self.settings.timeout))

    def require_version(self) -> None:
        """Raises :class:`StoreMismatch` unless the server is of a version that has what we use."""
        about: Mapping[str, Any] = self.search(lambda client: client.info().body)
        number = str(about.get("version", {}).get("number", ""))
        parts = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
        if not OLDEST <= parts < TOO_NEW:
            raise StoreMismatch(
                f"{self.location} is Elasticsearch {number or '?'}; reviewqa needs "
                f"{OLDEST[0]}.{OLDEST[1]} or newer, and older than {TOO_NEW[0]}"
            )

    def close(self) -> None:
        self._client.close()

    def _run(
        self, call: Callable[[Elasticsearch], T], deadline: float, tries: int, timeout: float
    ) -> T:
        pause = _FIRST_PAUSE
        for left in range(tries - 1, -1, -1):
            try:
                return self._once(call, min(timeout, max(0.05, deadline - time.monotonic())))
            except Exception as error:
                # Full jitter keeps clients that failed together from coming back together.
                wait = random.uniform(0, pause)  # noqa: S311
                late = time.monotonic() + wait >= deadline
                moved = tries <= _SEARCH_TRIES and faults.is_moved(error)
                again = moved or isinstance(error, Passing) or faults.is_passing(error)
                if not left or late or not again:
                    raise self._translated(error) from error
                time.sleep(wait)
                pause = min(2 * pause, _LONGEST_PAUSE)
        raise AssertionError("a call is tried at least once")

    def _once(self, call: Callable[[Elasticsearch], T], timeout: float) -> T:
        if not self._breaker.admits():
            raise _BreakerOpen(
                f"{self.location}: the server has not answered for a while; try again later"
            )
        request = current_request.get()
        try:
            client = self._client.options(request_timeout=timeout)
            result = call(client.options(opaque_id=request) if request else client)
        except Exception as error:
            if faults.is_silence(error):
                self._breaker.failed()
            else:
                self._breaker.succeeded()
            raise
        self._breaker.succeeded()
        return result

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, StoreError):
            return error
        if isinstance(error, _EXPECTED):
            return faults.ours(error, self.location)
        return error


class Passing(StoreUnavailable):
    """Raised by a call that a later try may not fail."""


class _BreakerOpen(Passing):
    """Nothing was sent."""


_EXPECTED = faults.CLIENT_ERRORS
