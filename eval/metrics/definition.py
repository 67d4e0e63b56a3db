"""What a metric says about itself; a figure without its definition is not a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["fraction", "percent"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric's name, what it measures in one line, its unit and where it comes from."""

    name: str
    meaning: str
    unit: Unit
    source: str
    higher_is_better: bool = True
