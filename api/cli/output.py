"""What the commands print: text that cannot steer a terminal, JSON, tables."""

from __future__ import annotations

import dataclasses
import json
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Marks that reorder the text around them: they could make a review look like our own words.
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


_WIDEST = 1000


def printable(text: str) -> str:
    """``text`` with each character that could steer the terminal replaced, at equal length."""
    return "".join("\ufffd" if _steers(char) else char for char in text)


def _steers(char: str) -> bool:
    if char in "\n\t":
        return False
    return char in _REORDERING or unicodedata.category(char) in ("Cc", "Cs")


def flat(text: str) -> str:
    """``text`` on one line, printable."""
    return printable(" ".join(text.split()))


def console(*, stderr: bool = False) -> Console:
    """A console that leaves a closed pipe to the caller and never interprets markup."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> NoReturn:
            raise BrokenPipeError

    return Plain(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=False)


def print_json(value: Any) -> None:
    """Print ``value`` (records included) as indented JSON."""
    sys.stdout.write(json.dumps(value, default=_plain, indent=2, ensure_ascii=True) + "\n")


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A table without lines, the ``right`` columns aligned to the right."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left")
    return made


def print_whole(table: Table) -> None:
    """Print a table at its own width: figures that are cut off tell nothing."""
    from rich.measure import Measurement

    screen = console()
    needed = Measurement.get(screen, screen.options.update(width=_WIDEST), table).maximum
    screen.width = max(screen.width, needed)
    screen.print(table)


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
