"""A JSON array read one element at a time: training files of DPR have gigabytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from eval.datasets.files import find, reading_text
from eval.errors import MalformedData

_BLOCK = 1 << 20
_LONGEST = 1 << 26  # characters of one element: broken JSON must not fill the memory
_SPACE = " \t\n\r"
_AFTER = frozenset(f"{_SPACE},]")


def iter_json_array(path: Path) -> Iterator[Any]:
    """The elements of the array that a file is.

    Raises:
        MalformedData: no array, or broken JSON; the message names the element, counted from 1.
    """
    with reading_text(find(path)) as stream:
        yield from _Elements(path, stream)


class _Elements:
    """Keeps one element and a block in memory."""

    def __init__(self, path: Path, stream: IO[str]) -> None:
        self._path, self._stream = path, stream
        self._text, self._at, self._ended = "", 0, False
        self._decoder = json.JSONDecoder()
        self._number = 0

    def __iter__(self) -> Iterator[Any]:
        if self._next() != "[":
            raise MalformedData(f"{self._path}: no JSON array of questions")
        closed = self._peek() == "]"
        while not closed:
            self._number += 1
            yield self._element()
            mark = self._next()
            closed = mark == "]"
            if mark not in ("]", ","):
                raise self._broken("',' or ']' is missing after it")
        if closed and self._text[self._at : self._at + 1] == "]":
            self._at += 1
        if self._peek():
            raise self._broken("something follows the array")

    def _element(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > _LONGEST or not self._more():
                    raise self._broken(f"no JSON: {error.msg}") from error
                continue
            except RecursionError as error:
                raise self._broken("nested too deeply to be data") from error
            # "1" may be the beginning of "1.5e3", whose rest is in the next block.
            if self._text[end : end + 1] in _AFTER or not self._more():
                self._at = end
                return value

    def _peek(self) -> str:
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _next(self) -> str:
        mark = self._peek()
        self._at += len(mark)
        return mark

    def _more(self) -> bool:
        """Read on; twice as much each time, so that a long element is not parsed too often."""
        rest = self._text[self._at :]
        block = self._stream.read(max(_BLOCK, len(rest)))
        self._text, self._at = rest + block, 0
        return bool(block)

    def _broken(self, fault: str) -> MalformedData:
        return MalformedData(f"{self._path}: element {self._number}: {fault}")
