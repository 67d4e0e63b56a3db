"""The settings of a recipe as plain values, for its fingerprint."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

ADDED = {"added": True}
"""Metadata of settings that were added later: at their default they are left out, so that recipes
from before keep their fingerprints and interrupted runs go on."""


def settings_tree(value: Any) -> Any:
    """Dataclasses as dicts, tuples as lists."""
    if is_dataclass(value):
        return {
            one.name: settings_tree(getattr(value, one.name))
            for one in fields(value)
            if not (one.metadata.get("added") and getattr(value, one.name) == _default(one))
        }
    if isinstance(value, list | tuple):
        return [settings_tree(one) for one in value]
    return value


def _default(setting: Field[Any]) -> Any:
    factory = setting.default_factory
    return setting.default if factory is MISSING else factory()
