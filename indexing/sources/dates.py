"""Any date that dumps are known to hold, as an ISO 8601 day."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})\Z")
_AMAZON_2014 = re.compile(r"(\d{1,2}) (\d{1,2}), (\d{4})\Z")
_SLASHES = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?!\d)")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
_NAMED = ("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%B %Y", "%b %Y")
_EPOCH_UNITS = ((100_000_000_000, 1), (100_000_000_000_000, 1_000), (10**17, 1_000_000))
"""Below each bound the number counts this many a second: seconds, milli- and microseconds."""


def iso_day(value: Any) -> str | None:
    """``YYYY-MM-DD``, or ``None`` for what is not a date; times are taken as UTC.

    ``3/4/2020`` is month first, as American dumps write it, unless that cannot be.
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _from_epoch(value)
    return _from_text(value.strip()) if isinstance(value, str) else None


@lru_cache(maxsize=8192)
def _from_text(text: str) -> str | None:
    if match := _ISO.match(text) or _SLASHES.match(text):
        return _day(match[1], match[2], match[3])
    if match := _AMAZON_2014.match(text):
        return _day(match[3], match[1], match[2])
    if match := _AMERICAN.match(text):
        return _day(match[3], match[1], match[2]) or _day(match[3], match[2], match[1])
    if (match := _COMPACT.match(text)) and (day := _day(match[1], match[2], match[3])):
        return day
    return _from_number(text) or _from_names(text)


def _from_number(text: str) -> str | None:
    try:
        return _from_epoch(float(text))
    except (ValueError, OverflowError):
        return None


def _from_epoch(number: float) -> str | None:
    for bound, unit in _EPOCH_UNITS:
        if 0 < number < bound:
            return datetime.fromtimestamp(number / unit, UTC).date().isoformat()
    return None


def _from_names(text: str) -> str | None:
    for pattern in _NAMED:
        try:
            return datetime.strptime(text, pattern).date().isoformat()
        except ValueError:
            continue
    return None


def _day(year: str, month: str, day: str) -> str | None:
    try:
        return datetime(int(year), int(month), int(day), tzinfo=UTC).date().isoformat()
    except ValueError:
        return None
