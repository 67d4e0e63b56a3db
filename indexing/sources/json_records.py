"""Turns the bytes of one JSON value into a raw record, whatever they hold."""

from __future__ import annotations

import json

from indexing.sources.base import RawRecord

RAW_LIMIT = 2000
"""Characters of a rejected record that are kept."""

# NaN and Infinity are not JSON and mean "not given" in dumps.
_decoder = json.JSONDecoder(parse_constant=lambda _: None)


def parse(data: bytes, place: str) -> RawRecord:
    """Never raises: what is not an object in UTF-8 comes back with a reason."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return rejected(data, place, f"not UTF-8: byte {error.start} is 0x{data[error.start]:02x}")
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        return rejected(data, place, f"not JSON: {error.msg} at character {error.pos}")
    except RecursionError:
        return rejected(data, place, "JSON nested too deeply")
    except ValueError as error:
        return rejected(data, place, f"not JSON: {error}")
    if not isinstance(value, dict):
        return rejected(data, place, f"not a JSON object but {_kind(value)}")
    return RawRecord(place, value, text)


def rejected(data: bytes, place: str, reason: str) -> RawRecord:
    """The raw text is cut at :data:`RAW_LIMIT`; bad bytes are shown as ``\\xNN``."""
    head = data[: RAW_LIMIT * 4].decode("utf-8", "backslashreplace")
    return RawRecord(place, None, head, reason)


def _kind(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
