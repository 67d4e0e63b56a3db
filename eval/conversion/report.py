"""What a conversion read, wrote, and could not carry over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Ledger:
    """Counts while a conversion runs.

    Attributes:
        read: what the source holds, by kind.
        written: what the destination holds, by kind.
        dropped: whole questions that the destination does not have, by reason.
        lost: parts of written questions that the destination cannot hold, by what they are.
    """

    read: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """A finished conversion; the counts are those of :class:`Ledger`."""

    source: str
    source_format: str
    destination: str
    destination_format: str
    read: Mapping[str, int]
    written: Mapping[str, int]
    dropped: Mapping[str, int]
    lost: Mapping[str, int]
