"""YAML and JSON that people write, read against a declared shape; errors name file and field."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")
MakeError = Callable[[str], Exception]
"""Makes the error to raise from its message."""

_WORDED = {
    "extra_forbidden": "no such setting",
    "missing": "is missing",
    "model_type": "is no mapping of settings",
    "dataclass_type": "is no mapping of settings",
    "union_tag_not_found": "{discriminator} is missing: one of {tags}",
    "union_tag_invalid": "{discriminator} is {tag!r}, not one of {tags}",
}
_PREFIX = "Value error, "


def read_yaml(path: Path, what: str, error: MakeError) -> Any:
    """The values in a YAML file; raises ``error`` for what is missing or is not YAML."""
    try:
        return yaml.load(path.read_text("utf-8"), _UniqueKeys)  # noqa: S506
    except OSError as fault:
        raise error(f"no {what} at {path}: {fault.strerror}") from fault
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as fault:
        raise error(f"{path}: not YAML: {fault}") from fault


def checked(shape: TypeAdapter[T], tree: Any, where: object, error: MakeError) -> T:
    """``tree`` as ``shape``; raises ``error`` that names ``where`` and the first field at fault."""
    try:
        return shape.validate_python(tree)
    except ValidationError as fault:
        raise error(f"{where}: {first_fault(fault)}") from fault


def first_fault(error: ValidationError, unnamed: frozenset[str] = frozenset()) -> str:
    """The first field at fault, dots between its names, and what is wrong with it.

    Args:
        unnamed: parts of a place that are nobody's names, such as a union's tags.
    """
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in unnamed)
    worded = _WORDED.get(first["type"])
    said = first["msg"].removeprefix(_PREFIX)
    if worded:
        said = worded.format(tags=", ".join(sorted(unnamed)), **first.get("ctx", {}))
    value = first["input"]
    shown = isinstance(value, str | int | float | None) and worded is None
    where = f"{place}: " if place else ""
    return where + said + (f", got {value!r:.60}" if shown else "")


class _UniqueKeys(yaml.SafeLoader):
    """PyYAML lets the last of two equal keys win; that hides a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} occurs twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)
