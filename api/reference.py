"""The OpenAPI document in the shape that the reference page's template shows."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

_BOUNDS = {
    "minimum": "at least {:g}",
    "maximum": "at most {:g}",
    "minLength": "{} characters or more",
    "maxLength": "up to {} characters",
    "default": "{} if absent",
}


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Each operation with its path, its method and its fields."""
    return [
        {"path": path, "method": method.upper(), "fields": _fields(document, spec), **spec}
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]


def values(schema: dict[str, Any]) -> str:
    """A schema's type and bounds in words."""
    kinds = [schema, *schema.get("anyOf", ())]
    types = [kind["type"] for kind in kinds if "type" in kind and kind["type"] != "null"]
    bounds = [
        words.format(kind[name])
        for kind in kinds
        for name, words in _BOUNDS.items()
        if kind.get(name) is not None
    ]
    return ", ".join([*types, *bounds])


def prose(text: str) -> Markup:
    """Plain text as HTML, what stands in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def _fields(document: dict[str, Any], spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*map(_parameter, spec.get("parameters", ())), *_body_fields(document, spec)]


def _parameter(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": item["name"],
        "where": item["in"],
        "required": item.get("required", False),
        "schema": item["schema"],
        "description": item.get("description", ""),
    }


def _body_fields(document: dict[str, Any], spec: dict[str, Any]) -> list[dict[str, Any]]:
    if "requestBody" not in spec:
        return []
    reference = spec["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    body = document["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    return [
        {
            "name": name,
            "where": "body",
            "required": name in body.get("required", ()),
            "schema": schema,
            "description": schema.get("description", ""),
        }
        for name, schema in body["properties"].items()
    ]
