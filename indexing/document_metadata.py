"""What metadata a set of documents has: the questions that Haystack's stores may be asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from haystack import Document

_TYPES = ((bool, "boolean"), (int, "int"), (float, "float"), (str, "keyword"))


def count_unique(documents: Iterable[Document], fields: Sequence[str]) -> dict[str, int]:
    """How many different values each field has."""
    seen: dict[str, set[tuple[str, str]]] = {_bare(field): set() for field in fields}
    for document in documents:
        for field, values in seen.items():
            values.update(_identity(value) for value in _values([document], field))
    return {field: len(values) for field, values in seen.items()}


def fields_info(documents: Iterable[Document]) -> dict[str, dict[str, str]]:
    """The type of every field, by the first value met: boolean, int, float, keyword or object."""
    found: dict[str, dict[str, str]] = {}
    for document in documents:
        for field, value in document.meta.items():
            if value is not None and field not in found:
                found[field] = {"type": _type_name(value)}
    return found


def min_max(documents: Iterable[Document], field: str) -> dict[str, Any]:
    """``None`` for both where no document has a number in the field."""
    values = [
        value for value in _values(documents, _bare(field)) if isinstance(value, (int, float))
    ]
    return {"min": min(values, default=None), "max": max(values, default=None)}


def unique_values(
    documents: Iterable[Document], field: str, search_term: str | None, from_: int, size: int
) -> tuple[list[Any], int]:
    """One page of the different values, sorted as text, and how many there are in all."""
    values = {_identity(value): value for value in _values(documents, _bare(field))}
    wanted = (search_term or "").casefold()
    kept = [key for key in values if wanted in str(values[key]).casefold()]
    kept.sort(key=lambda key: (str(values[key]), key[0]))
    return [values[key] for key in kept[from_ : from_ + size]], len(kept)


def _values(documents: Iterable[Document], field: str) -> Iterator[Any]:
    for document in documents:
        value = document.meta.get(field)
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value


def _identity(value: Any) -> tuple[str, str]:
    """``1``, ``1.0``, ``True`` and ``"1"`` are four values."""
    return type(value).__name__, json.dumps(value, sort_keys=True)


def _bare(field: str) -> str:
    return field.removeprefix("meta.")


def _type_name(value: Any) -> str:
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "object")
