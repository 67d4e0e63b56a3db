"""Which request the work under way belongs to, for logs of servers further back."""

from __future__ import annotations

from contextvars import ContextVar

current_request: ContextVar[str | None] = ContextVar("current_request", default=None)
"""The request's id; goes to Elasticsearch as ``X-Opaque-Id``."""
