"""Problems: what a client is told when a request fails, and the table that decides it.

Every error leaves the service as RFC 9457 problem details. Errors of the packages below are
mapped by :data:`RULES`, the most specific rule first; whatever is not in it is a 500 without
details. What went wrong inside is for the log: a problem names no file, class or backend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from indexing.errors import (
    IndexingError,
    InvalidFilter,
    NoVectors,
    StoreBusy,
    StoreCorrupt,
    StoreForbidden,
    StoreMismatch,
    StoreNotFound,
    StoreReadOnly,
    StoreUnavailable,
)
from qa.errors import InvalidQuestion, ModelError, PipelineError, ProductNotFound, QAError

PROBLEM_JSON = "application/problem+json"


@dataclass
class Problem(Exception):
    """A refusal that knows how it is reported.

    ``more`` are extension members of the problem document, ``headers`` go on the response.
    """

    status: int
    slug: str
    title: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    def document(self, request_id: str | None) -> dict[str, Any]:
        """The members of the problem document."""
        return {
            "type": f"urn:reviewqa:problem:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **({"request_id": request_id} if request_id else {}),
            **self.more,
        }


@dataclass(frozen=True)
class Rule:
    """How one kind of error is reported. ``detail`` None: the error's own message is shown."""

    error: type[Exception]
    status: int
    slug: str
    title: str
    detail: str | None = None
    retry_after: int | None = None


RULES: tuple[Rule, ...] = (
    Rule(
        ProductNotFound, 404, "product-not-found", "No such product",
        "The store has no review of that product.",
    ),
    Rule(InvalidQuestion, 422, "invalid-question", "The question cannot be asked"),
    Rule(InvalidFilter, 422, "invalid-filter", "The filter cannot be applied"),
    Rule(
        StoreNotFound, 503, "no-store", "There is no store yet",
        "Nothing has been indexed at the place this server reads from.", 30,
    ),
    Rule(
        StoreBusy, 503, "store-busy", "The store is busy",
        "Reviews are being written; try again in a moment.", 2,
    ),
    Rule(
        StoreMismatch, 503, "store-mismatch", "The store does not fit this server",
        "The store was made with other settings or by a newer version.", 60,
    ),
    Rule(
        StoreReadOnly, 503, "store-read-only", "The store takes no writes",
        "Reviews can be read but not written at the moment; an operator has to look.", 30,
    ),
    Rule(
        StoreUnavailable, 503, "store-unavailable", "The store is not available",
        "The reviews cannot be read at the moment.", 2,
    ),
    Rule(
        StoreForbidden, 503, "store-forbidden", "The store refuses this server",
        "The key that this server reads reviews with is not accepted; an operator has to look.",
        60,
    ),
    Rule(
        NoVectors, 503, "no-vectors", "The store has no vectors",
        "The passages were not embedded yet, which the configured pipeline needs.", 60,
    ),
    Rule(
        StoreCorrupt, 503, "store-damaged", "The store cannot be read",
        "The reviews cannot be read; an operator has to look.", 60,
    ),
    Rule(
        IndexingError, 503, "store-unavailable", "The store is not available",
        "The reviews cannot be read at the moment.", 5,
    ),
    Rule(
        ModelError, 503, "model-unavailable", "The reader is not available",
        "The model that reads the reviews cannot be used; an operator has to look.", 60,
    ),
    Rule(
        PipelineError, 503, "pipeline-unavailable", "The pipeline is not available",
        "The configured pipeline cannot be loaded; an operator has to look.", 60,
    ),
    Rule(QAError, 500, "internal", "Internal error", "The question could not be answered."),
)  # fmt: skip


def problem_of(error: Exception) -> Problem:
    """The problem that reports ``error``."""
    if isinstance(error, Problem):
        return error
    for rule in RULES:
        if isinstance(error, rule.error):
            return _applied(rule, error)
    return Problem(500, "internal", "Internal error", "Something went wrong on our side.")


def _applied(rule: Rule, error: Exception) -> Problem:
    headers = {"Retry-After": str(rule.retry_after)} if rule.retry_after is not None else {}
    return Problem(rule.status, rule.slug, rule.title, rule.detail or str(error), headers)


def plain_problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Problem:
    """A problem that says no more than its HTTP status, for what the framework refuses."""
    title = HTTPStatus(status).phrase
    return Problem(status, title.lower().replace(" ", "-"), title, detail, dict(headers or {}))


def overloaded(retry_after: int) -> Problem:
    """All workers are busy and the queue is full."""
    return Problem(
        503, "overloaded", "Too many questions at once",
        "Every worker is busy and the queue is full; try again in a moment.",
        {"Retry-After": str(retry_after)},
    )  # fmt: skip


def not_ready(title: str, detail: str, retry_after: int) -> Problem:
    """The service has not warmed up yet, or could not."""
    return Problem(503, "not-ready", title, detail, {"Retry-After": str(retry_after)})


def not_found(what: str, detail: str, **more: Any) -> Problem:
    """``what`` (a review, a product) does not exist."""
    return Problem(404, f"{what}-not-found", f"No such {what}", detail, more=more)
