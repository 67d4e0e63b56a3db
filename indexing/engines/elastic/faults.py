"""Turns what the client raises into errors that say what to do."""

from __future__ import annotations

from typing import Any

from elastic_transport import ConnectionTimeout, TlsError
from elasticsearch import ApiError, TransportError, UnsupportedProductError

from indexing.errors import (
    StoreError,
    StoreForbidden,
    StoreNotFound,
    StoreReadOnly,
    StoreUnavailable,
)

PASSING = frozenset({408, 429, 502, 503, 504})
"""Answers that a later try may not get."""

_BLOCKED = "cluster_block_exception"
_BREAKING = "circuit_breaking_exception"
_MOVED = frozenset(
    {"index_not_found_exception", "shard_not_found_exception", "index_closed_exception"}
)


def is_passing(error: Exception) -> bool:
    """Whether it makes sense to try the same again."""
    if isinstance(error, ApiError):
        return status_of(error) in PASSING and not is_blocked(status_of(error), kind_of(error))
    return isinstance(error, TransportError) and not isinstance(error, TlsError)


def is_moved(error: Exception) -> bool:
    """Whether an index went away under a search: its alias may name the next one already."""
    return isinstance(error, ApiError) and kind_of(error) in _MOVED


def is_silence(error: Exception) -> bool:
    """Whether the server gave no sign of life, or cannot work at all."""
    if isinstance(error, ApiError):
        return status_of(error) in PASSING - {429}
    return isinstance(error, TransportError)


def is_blocked(status: int, kind: str) -> bool:
    """Whether an index takes no writes; with 503 the server has only not yet found it again."""
    return kind == _BLOCKED and status != 503


def status_of(error: ApiError) -> int:
    return int(error.meta.status)


def kind_of(error: ApiError) -> str:
    """The server's name for what is wrong; empty if it did not say."""
    return _described(error.body)[0]


def ours(error: Exception, location: str) -> StoreError:
    """The error to raise in place of the client's."""
    if isinstance(error, UnsupportedProductError):
        return StoreError(f"{location}: what answers there is no Elasticsearch server")
    if isinstance(error, ApiError):
        return _of_answer(error, location)
    if isinstance(error, TlsError):
        return StoreError(
            f"{location}: no secure connection ({_short(error)}); name the file that certifies "
            "the server in REVIEWQA_ES_CA, or ask for http:// where the server has no certificate"
        )
    if isinstance(error, ConnectionTimeout):
        return StoreUnavailable(f"{location}: the server did not answer in time; try again later")
    return StoreUnavailable(
        f"{location}: the server cannot be reached ({_short(error)}); see that it runs and that "
        "the address is right, then try again"
    )


def _of_answer(error: ApiError, location: str) -> StoreError:
    status, (kind, reason) = status_of(error), _described(error.body)
    if is_blocked(status, kind):
        return StoreReadOnly(
            f"{location} takes no writes ({reason}); free disk space or lift the index's block, "
            "then run the command again"
        )
    if status in (401, 403):
        return StoreForbidden(
            f"{location}: the server refuses the key ({status}: {reason}); set "
            "REVIEWQA_ES_API_KEY, or REVIEWQA_ES_USER and REVIEWQA_ES_PASSWORD"
        )
    if status == 404 and kind == "index_not_found_exception":
        return missing(location)
    if status in PASSING or kind == _BREAKING:
        return StoreUnavailable(
            f"{location}: the server cannot take the request now ({status}: {kind or reason}); "
            "try again later"
        )
    return StoreError(f"{location}: the server refuses the request ({status}: {kind} {reason})")


def missing(location: str) -> StoreNotFound:
    return StoreNotFound(
        f"there is no store at {location}; make one with `reviewqa index SOURCE --store {location}`"
    )


def _described(body: Any) -> tuple[str, str]:
    """Type and reason of the deepest cause that an answer names."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", str(error or body or "no reason given")[:200]
    causes = error.get("root_cause") or [error]
    cause = causes[0] if isinstance(causes[0], dict) else error
    return str(cause.get("type", "")), str(cause.get("reason", ""))[:300]


def _short(error: Exception) -> str:
    return " ".join(str(getattr(error, "message", "") or error).split())[:200]


CLIENT_ERRORS = (ApiError, TransportError, UnsupportedProductError)
