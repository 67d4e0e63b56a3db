"""Haystack's filters: checked before use, and the part of them that an engine can answer itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from indexing.errors import InvalidFilter

COMPARISONS = ("==", "!=", ">", ">=", "<", "<=", "in", "not in")
LOGIC = ("AND", "OR", "NOT")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def validate(filters: Mapping[str, Any]) -> None:
    """Raises :class:`InvalidFilter` naming the faulty part, whether or not it would be reached."""
    if not isinstance(filters, Mapping):
        raise InvalidFilter(f"a filter is an object, got {type(filters).__name__}")
    if "field" in filters:
        _validate_comparison(filters)
    else:
        _validate_logic(filters)


def pinned(filters: Mapping[str, Any] | None, field: str) -> str | None:
    """The only text ``meta.<field>`` can have in documents that pass, if the filter says one.

    Text that looks like a date is left to the full filter: dates are equal in several spellings.
    """
    if not filters:
        return None
    if filters.get("field") in (field, f"meta.{field}"):
        return _pinned_value(filters)
    if filters.get("operator") == "AND":
        found = (pinned(condition, field) for condition in filters["conditions"])
        return next((value for value in found if value is not None), None)
    return None


def _pinned_value(comparison: Mapping[str, Any]) -> str | None:
    operator, value = comparison["operator"], comparison["value"]
    if operator == "in" and isinstance(value, list) and len(value) == 1:
        operator, value = "==", value[0]
    if operator == "==" and isinstance(value, str) and value and not _DATE.match(value):
        return value
    return None


def _validate_comparison(filters: Mapping[str, Any]) -> None:
    _need(filters, "operator", "value")
    operator, value = filters["operator"], filters["value"]
    if operator not in COMPARISONS:
        raise InvalidFilter(_choices("operator", operator, COMPARISONS))
    if operator in ("in", "not in") and not isinstance(value, list):
        raise InvalidFilter(f"{operator!r} needs a list of values, got {type(value).__name__}")


def _validate_logic(filters: Mapping[str, Any]) -> None:
    _need(filters, "operator", "conditions")
    if filters["operator"] not in LOGIC:
        raise InvalidFilter(_choices("operator", filters["operator"], LOGIC))
    if not isinstance(filters["conditions"], list):
        raise InvalidFilter("'conditions' is a list of filters")
    for condition in filters["conditions"]:
        validate(condition)


def _need(filters: Mapping[str, Any], *keys: str) -> None:
    for key in keys:
        if key not in filters:
            raise InvalidFilter(f"{key!r} is missing in the filter {dict(filters)!r}")


def _choices(what: str, given: object, choices: tuple[str, ...]) -> str:
    return f"no {what} {given!r} in filters; there are {', '.join(choices)}"
